"""What an excerpt says, as its history keeps it, and who reads which version."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.appearances.models import Appearance
from app.appearances.queries import falls_into, unsaid_to_team
from app.core.models import now
from app.excerpts.models import Excerpt
from app.excerpts.schemas import ExcerptIn
from app.history import service as history
from app.history.models import Version
from app.history.service import Content, Reading, Snapshot, said_by, snapshot
from app.lineage.service import made_from
from app.media.models import Media
from app.testimonies.queries import unsaid
from app.testimonies.versions import HELD, as_now
from app.transcripts.models import Transcript


def snapshot_of(excerpt: Excerpt, shown: Mapping[str, Any]) -> Snapshot:
    """What it says now, of which `shown` is told besides its columns."""
    content = said_by(ExcerptIn, excerpt, shown)
    sources = [(Media, excerpt.media_id), (Transcript, excerpt.transcript_id)]
    passage = excerpt.passage
    if not excerpt.media_id or not passage:
        return snapshot(excerpt, content)
    heard = {"media_id": excerpt.media_id, "from_ms": passage[0], "to_ms": passage[1]}
    return snapshot(excerpt, content, sources, **heard)


def reading(
    db: Session,
    excerpt: Excerpt,
    shown: Mapping[str, Any],
    me: Caller,
    hide: Callable[[Content], Content],
) -> Reading:
    """How this account reads the versions of an excerpt that it sees: without what `hide` hides."""
    now_ = snapshot_of(excerpt, shown)
    states = HELD.get(me.sight)

    def clean(content: Content, facts: Mapping[str, Any]) -> Content | None:
        readable = _readable(db, content, facts)
        return readable if readable is None else hide(readable)

    unread = as_now(me, ("public_quote", "practice"))
    author = excerpt.created_by_id
    return Reading(excerpt, now_, author, states=states, clean=clean, as_now=unread)


def forget_said(db: Session, media_id: UUID, moments: Sequence[tuple[int, int]]) -> None:
    """Versions of excerpts of what is said in a media at these moments are gone."""
    made = made_from(db, {Media.__tablename__: {media_id}}).get(Version.__tablename__, set())
    rows = select(Version.id, Version.facts).where(Version.id.in_(made))
    there = {id_: facts for id_, facts in db.execute(rows) if facts}
    history.erase(db, [id_ for id_, facts in there.items() if _falls(facts, media_id, moments)])


def _falls(facts: Mapping[str, Any], media_id: UUID, moments: Sequence[tuple[int, int]]) -> bool:
    said = facts["from_ms"], facts["to_ms"]
    there = facts["media_id"] == str(media_id)
    return there and any(said[0] < end and said[1] > start for start, end in moments)


def _readable(db: Session, content: Content, facts: Mapping[str, Any]) -> Content | None:
    if not facts:
        return content
    media_id, at = UUID(facts["media_id"]), now()
    heard = select(Appearance.id).where(
        Appearance.media_id == media_id,
        falls_into(facts["from_ms"], facts["to_ms"]),
        unsaid_to_team(at),
    )
    of_it = select(Media.id).where(Media.id == media_id, unsaid(Media.id, at))
    return None if db.scalar(heard.limit(1)) or db.scalar(of_it) else content
