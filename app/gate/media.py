"""Which media the team sees: its role's, unless somebody in them said no.

| role | sees | the original file |
|---|---|---|
| animator, integration | those of its own organization | until they are moderated |
| editor | those of submitted testimonies | never: streams only |
| evaluator | those of accepted testimonies | never |
| custodian, on a case | those of testimonies that were not withdrawn | yes, with the token |

Somebody in them is who speaks in one of their testimonies, or who appears in them: in a clip, who
appears in that passage.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Sight
from app.appearances import service as appearances
from app.appearances.models import Appearance, AppearanceKind
from app.appearances.queries import falls_into
from app.appearances.schemas import AppearanceIn
from app.core.db import locked
from app.core.models import At, now
from app.core.problems import NotFound
from app.media.models import ORIGINAL, Kind, Media, Rendition
from app.media.service import find_rendition as find_file
from app.media.service import renditions_of
from app.media.urls import address
from app.testimonies.models import State, Testimony, TestimonyMedia, TestimonyWitness
from app.testimonies.queries import rights
from app.witnesses.decision import Medium
from app.witnesses.queries import refused_to_team

MODERATED = (State.ACCEPTED, State.REJECTED)
# What is seen or heard of people, by kind. As long as the kind is not known, it may be a video.
SHOWN: dict[Kind | None, tuple[Medium, ...]] = {
    None: (Medium.VOICE, Medium.IMAGE),
    Kind.VIDEO: (Medium.VOICE, Medium.IMAGE),
    Kind.AUDIO: (Medium.VOICE,),
    Kind.IMAGE: (Medium.IMAGE,),
}
# What is asked of somebody who appears: what that shows of them to the team.
ASKED: dict[AppearanceKind, tuple[Medium, ...]] = {
    AppearanceKind.FACE: (Medium.IMAGE,),
    AppearanceKind.VOICE: (Medium.VOICE, Medium.ANONYMOUS_TEXT),
    AppearanceKind.NAME: tuple(Medium),
}
CLIP = re.compile(r"clip-(\d{1,10})-(\d{1,10})\.\w+", re.ASCII)
Passage: TypeAlias = tuple[int, int]  # from, to before: in milliseconds


def visible_to(me: Caller, passage: Passage | None = None) -> Select[Media]:
    """Every media this account may see or hear now: the whole, or this passage of it."""
    moment = now()
    alive = Media.erased_at.is_(None)
    return select(Media).where(whose(me, moment), alive, ~_refused(moment, passage))


def whose(me: Caller, at: At) -> ColumnElement[bool]:
    """The media that are this account's to see, by its role alone."""
    in_words = (
        select(TestimonyMedia.id)
        .join(Testimony, Testimony.id == TestimonyMedia.testimony_id)
        .where(TestimonyMedia.media_id == Media.id)
    )
    seen = in_words.where(or_(*rights(me, at))).exists()
    if me.sight is Sight.OWN:
        return or_(Media.owner_organization_id == me.organization_id, seen)
    return seen


def find(db: Session, media_id: UUID, by: Caller, passage: Passage | None = None) -> Media:
    """The media, if `by` may see it, or this passage; locked if it may be changed.

    Raises NotFound.
    """
    media = db.scalar(locked(db, visible_to(by, passage).where(Media.id == media_id)))
    if not media:
        raise NotFound
    return media


def note_appearances(
    db: Session, media: Media, payload: Sequence[AppearanceIn], by: Caller
) -> None:
    """Say who appears in a media that `by` sees. See `appearances.service.note`."""
    schemes = (
        select(Testimony.scheme_id)
        .join(TestimonyMedia, TestimonyMedia.testimony_id == Testimony.id)
        .where(TestimonyMedia.media_id == media.id)
    )
    appearances.note(db, media, payload, set(db.scalars(schemes)), by)


def renditions(db: Session, media: Media, by: Caller) -> list[dict[str, Any]]:
    """Its files that `by` may have, with signed addresses."""
    keep_original = _may_have_original(db, media, by)
    return [
        {
            "name": file.name,
            "content_type": file.content_type,
            "size": file.size,
            "width": file.width,
            "height": file.height,
            "url": address(media.id, file.name),
        }
        for file in renditions_of(db, media)
        if file.name != ORIGINAL or keep_original
    ]


def find_rendition(db: Session, media_id: UUID, name: str, by: Caller) -> Rendition:
    """A file that `by` may have. Raises NotFound."""
    media = find(db, media_id, by, passage_of(name))
    if name == ORIGINAL and not _may_have_original(db, media, by):
        raise NotFound
    return find_file(db, media, name)


def rendition_at_address(db: Session, media_id: UUID, name: str) -> Rendition:
    """A file whose address was signed for somebody of the team, if it may still be seen now.

    Raises NotFound when one of the people in it said no meanwhile, or for an original that was
    moderated meanwhile.
    """
    media = db.scalar(select(Media).where(Media.id == media_id, ~_refused(now(), passage_of(name))))
    if not media or (name == ORIGINAL and is_moderated(db, media)):
        raise NotFound
    return find_file(db, media, name)


def passage_of(name: str) -> Passage | None:
    """What a file shows of its media, by its name; None is the whole."""
    found = CLIP.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def _may_have_original(db: Session, media: Media, by: Caller) -> bool:
    if by.sight is Sight.CASE:
        return True
    if by.sight is not Sight.OWN or media.owner_organization_id != by.organization_id:
        return False
    return not is_moderated(db, media)


def is_moderated(db: Session, media: Media) -> bool:
    """Whether one of its testimonies is accepted, or rejected."""
    moderated = select(TestimonyMedia.id).join(
        Testimony, Testimony.id == TestimonyMedia.testimony_id
    )
    of_it = TestimonyMedia.media_id == media.id, Testimony.state.in_(MODERATED)
    return db.scalar(moderated.where(*of_it)) is not None


def _refused(at: datetime, passage: Passage | None) -> ColumnElement[bool]:
    """Whether somebody in it said no to being seen or heard by the team."""
    return or_(_refused_by_speakers(at), _refused_by_others(at, passage))


def _refused_by_speakers(at: datetime) -> ColumnElement[bool]:
    """Whether one of those who speak in it did.

    Of a video both voice and image are asked, of a sound the voice, of a picture the image; of all
    of them the words too.
    """
    spoken = (
        select(TestimonyWitness.id)
        .join(TestimonyMedia, TestimonyMedia.testimony_id == TestimonyWitness.testimony_id)
        .where(TestimonyMedia.media_id == Media.id)
    )
    noes = [
        (Media.kind == kind) & refused_to_team(TestimonyWitness.witness_id, at, media)
        for kind, media in SHOWN.items()
    ]
    words = refused_to_team(TestimonyWitness.witness_id, at)
    return exists(spoken.where(or_(*noes, words)))


def _refused_by_others(at: datetime, passage: Passage | None) -> ColumnElement[bool]:
    """Whether somebody who appears in it, or in this passage, did."""
    there = select(Appearance.id).where(Appearance.media_id == Media.id)
    if passage:
        there = there.where(falls_into(*passage))
    noes = [
        (Appearance.kind == kind) & refused_to_team(Appearance.witness_id, at, media)
        for kind, media in ASKED.items()
    ]
    return exists(there.where(or_(*noes)))
