"""What is read for a project, a batch at a time: what may leave, and what may not and why."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, String, Text, cast, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.appearances.models import Appearance
from app.appearances.queries import Segment, unsaid_to_team
from app.codebook.models import Theme
from app.core.models import as_stored, now
from app.excerpts.models import Excerpt, ExcerptTheme
from app.exports.columns import month
from app.exports.datasets import TESTIMONIES
from app.exports.exclusions import NO_FILE, NOT_SHOWN, UNREADABLE
from app.exports.leaving import INSIDE
from app.exports.queries import (
    EXPORTED,
    children,
    exportable,
    permits,
    protocol,
    read_children,
    unopposed,
)
from app.gate import media as gated
from app.gate.service import Use, first_no, judge, media_shown
from app.media.models import Kind, Media, Rendition, Status
from app.media.transcode import AUDIO, WEB
from app.testimonies.models import (
    Testimony,
    TestimonyMedia,
    TestimonyTheme,
    TestimonyWitness,
)
from app.testimonies.queries import unsaid
from app.transcripts import service as transcripts
from app.witnesses.decision import Medium, Reason, Verb, is_minor
from app.witnesses.models import CurrentConsent, Notice, Witness
from app.witnesses.queries import holds

BATCH = 1000
PEOPLE_AT_ONCE = 50  # each may have said something of hundreds of cells
Thing = TypeVar("Thing")
C, E, T = CurrentConsent, Excerpt, Testimony
GIVEN = {Kind.VIDEO: WEB, Kind.AUDIO: AUDIO}  # the file of a recording that may leave

SOURCES = replace(
    TESTIMONIES,
    reads={
        **TESTIMONIES.reads,
        "people": children(
            T,
            select(TestimonyWitness)
            .join(Witness, Witness.id == TestimonyWitness.witness_id)
            .where(TestimonyWitness.testimony_id == T.id),
            TestimonyWitness.position,
            TestimonyWitness.witness_id,
            Witness.role,
            Witness.birth_year,
            cast(Witness.created_at, String),
        ),
        "theme_ids": children(
            T,
            select(TestimonyTheme).where(TestimonyTheme.testimony_id == T.id),
            TestimonyTheme.position,
            TestimonyTheme.theme_id,
        ),
        "recordings": children(
            T,
            select(TestimonyMedia).where(TestimonyMedia.testimony_id == T.id),
            TestimonyMedia.position,
            TestimonyMedia.media_id,
        ),
    },
)


@dataclass(frozen=True)
class Person:
    """Somebody who spoke, as a row of the dataset of witnesses has it."""

    id: UUID
    role: str
    birth_year: int | None
    registered_on: str

    @property
    def read(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "role": self.role,
            "birth_year": self.birth_year,
            "registered_on": self.registered_on,
        }


@dataclass(frozen=True)
class Consent:
    """What somebody allows: until when to study it, as it is stored, and all of it in one line."""

    until: str
    told: str


@dataclass(frozen=True)
class Recording:
    """A sound or a video, and what is said in it; or why that is not told."""

    id: UUID
    kind: Kind
    words: str | None
    transcript_id: UUID | None
    withheld: str | None


def people_of(read: Mapping[str, Any]) -> list[Person]:
    """Who spoke, of a row of `SOURCES`. Raises ValueError."""
    return [
        Person(UUID(id_), role, int(year) if year else None, day)
        for id_, role, year, day in read_children(read["people"])
    ]


def ids_of(text: str | None) -> list[UUID]:
    """The ids of the children of a row."""
    return [UUID(child[0]) for child in read_children(text)]


def themes_of(db: Session, scheme_id: UUID) -> list[Theme]:
    """The themes that something may be coded with: retired ones too, none that was merged."""
    rows = select(Theme).where(Theme.scheme_id == scheme_id, Theme.merged_into_id.is_(None))
    return list(db.scalars(rows))


def leaving_of(db: Session, ids: Sequence[UUID], at: datetime) -> set[UUID]:
    """Of these testimonies those that may leave at this moment. One that cannot be read may not."""
    limits = cast(T.restriction, Text), protocol()
    rows = select(T.id, *limits).where(T.id.in_(ids), *exportable(at))
    found = set()
    for id_, *said in db.connection().execute(rows):
        with suppress(ValueError, TypeError, LookupError):
            if all(limit is None or permits(limit) for limit in said):
                found.add(id_)
    return found


def excerpts_of(db: Session, ids: Sequence[UUID], at: datetime) -> dict[UUID, list[Row[Any]]]:
    """The excerpts of these testimonies in the order of the text, also those that may not leave."""
    themes = children(
        E,
        select(ExcerptTheme).where(ExcerptTheme.excerpt_id == E.id),
        ExcerptTheme.position,
        ExcerptTheme.theme_id,
    )
    read: list[Any] = [E.id, E.testimony_id, E.transcript_id, E.media_id]
    read += [as_stored(column) for column in (E.selector, E.nature, E.state)]
    read += [E.start, E.stop, E.exact, E.public_quote, E.names_employer]
    read += [cast(E.practice, Text).label("practice"), cast(E.restriction, Text).label("limits")]
    read += [themes.label("theme_ids"), unopposed(at).label("unopposed")]
    rows = select(*read).where(E.testimony_id.in_(ids), E.erased_at.is_(None))
    found = defaultdict(list)
    for row in db.connection().execute(rows.order_by(E.testimony_id, E.start, E.stop, E.id)):
        found[row.testimony_id].append(row)
    return found


def consents_of(db: Session, people: Collection[Person], at: datetime) -> dict[UUID, Consent]:
    """What these people allow at this moment; of minors, what they decide alone."""
    revoked = exists(select(Notice.id).where(Notice.id == C.notice_id, Notice.revoked_at <= at))
    given = (C.giver_id.is_(None), C.verb == Verb.GIVE, C.valid_until > at, holds(at), ~revoked)
    read: list[Any] = [C.witness_id, C.medium, C.audience, C.form, C.purpose]
    read += [cast(C.valid_until, String).label("until")]
    found = {}
    for some in pieces({person.id: person for person in people}.values(), PEOPLE_AT_ONCE):
        asked = select(*read).where(C.witness_id.in_([person.id for person in some]), *given)
        cells: dict[UUID, list[Row[Any]]] = defaultdict(list)
        for row in db.connection().execute(asked):
            cells[row.witness_id].append(row)
        for person in some:
            said = cells[person.id]
            if is_minor(person.birth_year, at.date()):
                alone = EXPORTED.audience, EXPORTED.medium
                said = [row for row in said if (row.audience, row.medium) == alone]
            if until := [row.until for row in said if tuple(row[1:5]) == EXPORTED]:
                found[person.id] = Consent(until[0], _told(said))
    return found


def _told(said: Iterable[Row[Any]]) -> str:
    media = defaultdict(list)
    for row in said:
        media["/".join((row.audience, row.form, row.purpose))].append(str(row.medium))
    return " | ".join(f"{use}: {', '.join(sorted(media[use]))}" for use in sorted(media))


def recordings_of(db: Session, ids: Collection[UUID], at: datetime) -> dict[UUID, Recording]:
    """The sounds and videos among these media, each with its words if they may leave."""
    found = {}
    for some in pieces(ids, BATCH):
        rows = select(Media.id, Media.kind).where(
            Media.id.in_(some),
            Media.kind.in_(GIVEN),
            Media.status == Status.READY,
            Media.erased_at.is_(None),
            Media.taken_back_at.is_(None),
        )
        kinds = {row.id: row.kind for row in db.execute(rows)}
        reasons = _why_not_heard(db, kinds.keys(), at)
        for id_, kind in kinds.items():
            found[id_] = Recording(id_, kind, *_words_of(db, id_, reasons.get(id_)))
    return found


def _words_of(
    db: Session, media_id: UUID, reason: str | None
) -> tuple[str | None, UUID | None, str | None]:
    """What is said in a recording, and in which transcript; or why it is not told."""
    if reason:
        return None, None, reason
    try:
        said = transcripts.current(db, media_id)
        words = said.text if said else None
    except (ValueError, TypeError, LookupError):
        return None, None, UNREADABLE
    return words, said.id if said else None, None


def _why_not_heard(db: Session, ids: Collection[UUID], at: datetime) -> dict[UUID, str]:
    """Of which recordings the words may not leave, for somebody who speaks or is named in them."""
    try:
        reasons = _noes(db, {id_: frozenset({EXPORTED.medium}) for id_ in ids}, at)
    except (ValueError, TypeError, LookupError):  # of one of them; the others leave
        if len(ids) == 1:
            return dict.fromkeys(ids, UNREADABLE)
        each = (_why_not_heard(db, [id_], at) for id_ in ids)
        return {id_: reason for reasons in each for id_, reason in reasons.items()}
    unsaid_there = select(Appearance.id).where(Appearance.media_id == Media.id, unsaid_to_team(at))
    kept = select(Media.id).where(
        Media.id.in_(ids), or_(unsaid(Media.id, at), exists(unsaid_there))
    )
    return reasons | dict.fromkeys(db.scalars(kept), Reason.REFUSED)


def _noes(db: Session, shown: Mapping[UUID, frozenset[Medium]], at: datetime) -> dict[UUID, str]:
    """Why these media of recordings may not leave, asked of all whose testimonies they are."""
    links = select(TestimonyMedia.media_id, TestimonyMedia.testimony_id).where(
        TestimonyMedia.media_id.in_(shown)
    )
    pairs = [(media_id, testimony_id) for media_id, testimony_id in db.execute(links)]
    uses = [Use(t, shown[m], segment=Segment(m)) for m, t in pairs]
    verdicts = defaultdict(list)
    for (media_id, _), verdict in zip(pairs, judge(db, uses, INSIDE, at), strict=True):
        verdicts[media_id].append(verdict)
    told = {media_id: first_no(found).reason for media_id, found in verdicts.items()}
    return {media_id: reason for media_id, reason in told.items() if reason}


def file_of(db: Session, recording: Recording, by: Caller) -> Rendition | str:
    """The file of a recording that may leave now, voice and face; or why it may not."""
    named = select(E.id).where(E.media_id == recording.id, E.names_employer)
    media = media_shown(
        "video" if recording.kind is Kind.VIDEO else "audio",
        with_text=True,
        names_employer=db.scalar(select(exists(named))) or False,
    )
    if reason := _noes(db, {recording.id: media}, now()).get(recording.id):
        return reason
    if not db.scalar(gated.visible_to(by).where(Media.id == recording.id)):
        return NOT_SHOWN
    named_so = Rendition.media_id == recording.id, Rendition.name == GIVEN[recording.kind]
    return db.scalar(select(Rendition).where(*named_so)) or NO_FILE


def until_month(consents: Iterable[Consent]) -> str | None:
    """The last month when words may be studied that all these people allow. Raises ValueError."""
    return min((month(consent.until) for consent in consents), default=None)


def pieces(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    """The same things, at most so many at once."""
    rest = iter(things)
    while piece := list(islice(rest, size)):
        yield piece
