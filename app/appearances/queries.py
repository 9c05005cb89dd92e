"""Who appears in a passage, and what it shows of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.appearances.models import Appearance, AppearanceKind
from app.core.among import among
from app.core.db import rows_of
from app.core.models import At
from app.witnesses.decision import Medium
from app.witnesses.queries import refused_to_team

SHOWN: dict[AppearanceKind, frozenset[Medium]] = {
    AppearanceKind.FACE: frozenset({Medium.IMAGE}),
    AppearanceKind.VOICE: frozenset(Medium) - {Medium.IMAGE},
    AppearanceKind.NAME: frozenset(Medium),
}

# How somebody is there in what is said.
IN_WORDS = [kind for kind, shown in SHOWN.items() if Medium.ANONYMOUS_TEXT in shown]


@dataclass(frozen=True)
class Segment:
    """A passage of a media, up to `end_ms` excluded; None is the end, and so by default the whole.

    Of a picture or a document there is but the whole.
    """

    media_id: UUID
    start_ms: int = 0
    end_ms: int | None = None

    def holds(self, appearance: Any) -> bool:
        """Whether some of this appearance, or of its row, falls into it."""
        begins_before = self.end_ms is None or appearance.start_ms < self.end_ms
        ends_after = appearance.end_ms > self.start_ms
        return bool(self.media_id == appearance.media_id and begins_before and ends_after)


def falls_into(start_ms: Any, end_ms: Any) -> ColumnElement[bool]:
    """The appearances of which some falls between these moments: columns or numbers."""
    return and_(Appearance.start_ms < end_ms, Appearance.end_ms > start_ms)


THERE = (
    select(
        Appearance.media_id,
        Appearance.start_ms,
        Appearance.end_ms,
        Appearance.witness_id,
        Appearance.kind,
    )
    .where(among(Appearance.media_id, "media_ids"))
    .order_by(Appearance.media_id, Appearance.start_ms, Appearance.id)
)


def appearing(
    db: Session, segments: Iterable[Segment]
) -> dict[Segment, dict[UUID, frozenset[Medium]]]:
    """For each passage, who appears in it, and what of them it may show."""
    wanted = set(segments)
    media_ids = list({segment.media_id for segment in wanted})
    rows = rows_of(db, THERE, media_ids=media_ids) if wanted else []
    shown: dict[Segment, dict[UUID, frozenset[Medium]]] = {segment: {} for segment in wanted}
    for segment, people in shown.items():
        for row in filter(segment.holds, rows):
            people[row.witness_id] = people.get(row.witness_id, frozenset()) | SHOWN[row.kind]
    return shown


def moments_in_words(db: Session, witness_id: UUID) -> dict[UUID, list[tuple[int, int]]]:
    """When this witness is heard or named, by media."""
    rows = select(Appearance.media_id, Appearance.start_ms, Appearance.end_ms).where(
        Appearance.witness_id == witness_id, Appearance.kind.in_(IN_WORDS)
    )
    found: dict[UUID, list[tuple[int, int]]] = {}
    for media_id, start, end in db.execute(rows):
        found.setdefault(media_id, []).append((start, end))
    return found


def unsaid_to_team(at: At) -> ColumnElement[bool]:
    """The appearances in words of people who refuse the team a reading of their words."""
    return and_(Appearance.kind.in_(IN_WORDS), refused_to_team(Appearance.witness_id, at))


def withheld(db: Session, media_id: UUID, at: datetime) -> list[tuple[int, int]]:
    """The moments of a media of which the team may not read what is said."""
    rows = select(Appearance.start_ms, Appearance.end_ms).where(
        Appearance.media_id == media_id, unsaid_to_team(at)
    )
    return [(start, end) for start, end in db.execute(rows)]
