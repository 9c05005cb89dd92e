"""Captions for the team: made when they are asked for, from the current transcript; kept nowhere.

`captions.vtt` is of a whole recording, `clip-<start_ms>-<end_ms>.vtt` of a passage of it. They are
words: who may see a film may not always read it. What somebody who is heard refuses is left out.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.core.models import now
from app.core.problems import NotFound
from app.gate.media import passage_of
from app.gate.transcripts import find_media, readable, visible_media
from app.media.models import Media, Rendition
from app.media.urls import address
from app.testimonies.queries import unsaid
from app.transcripts.formats import Format, captions
from app.transcripts.service import current
from app.transcripts.words import cues_of

NAME = "captions.vtt"
SUFFIX = ".vtt"


def listed(db: Session, media: Media, by: Caller) -> list[dict[str, Any]]:
    """The captions of a media, and of its clips, that `by` may read, with signed addresses."""
    if not db.scalar(visible_media(by).where(Media.id == media.id)):
        return []
    names = select(Rendition.name).where(Rendition.media_id == media.id)
    clips = {name.rpartition(".")[0] for name in db.scalars(names) if passage_of(name)}
    found = []
    for name in [NAME, *sorted(f"{clip}{SUFFIX}" for clip in clips)]:
        if text := _text(db, media, name):
            file = {"name": name, "content_type": Format.VTT.content_type}
            size = {"size": len(text.encode()), "width": None, "height": None}
            found.append(file | size | {"url": address(media.id, name)})
    return found


def find(db: Session, media_id: UUID, name: str, by: Caller) -> str:
    """Captions that `by` may read. Raises NotFound."""
    return _require(_text(db, find_media(db, media_id, by), name))


def at_address(db: Session, media_id: UUID, name: str) -> str:
    """Captions whose address was signed for somebody of the team, if they may be read now.

    Raises NotFound.
    """
    alive = Media.erased_at.is_(None), ~unsaid(Media.id, now())
    media = db.scalar(select(Media).where(Media.id == media_id, *alive))
    return _require(_text(db, media, name) if media else None)


def _text(db: Session, media: Media, name: str) -> str | None:
    passage = passage_of(name)
    transcript = current(db, media.id) if passage or name == NAME else None
    cues = cues_of(readable(db, transcript), passage) if transcript else []
    return captions(cues) if cues else None


def _require(text: str | None) -> str:
    if text is None:
        raise NotFound
    return text
