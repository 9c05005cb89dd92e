"""Who appears in a passage, and what it shows of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.appearances.models import Appearance, AppearanceKind
from app.witnesses.decision import Medium

SHOWN: dict[AppearanceKind, frozenset[Medium]] = {
    AppearanceKind.FACE: frozenset({Medium.IMAGE}),
    AppearanceKind.VOICE: frozenset(Medium) - {Medium.IMAGE},
    AppearanceKind.NAME: frozenset(Medium),
}


@dataclass(frozen=True)
class Segment:
    """A passage of a media, up to `end_ms` excluded; None is the end, and so by default the whole.

    Of a picture or a document there is but the whole.
    """

    media_id: UUID
    start_ms: int = 0
    end_ms: int | None = None

    def holds(self, appearance: Appearance) -> bool:
        """Whether some of this appearance falls into it."""
        begins_before = self.end_ms is None or appearance.start_ms < self.end_ms
        ends_after = appearance.end_ms > self.start_ms
        return self.media_id == appearance.media_id and begins_before and ends_after


def falls_into(start_ms: Any, end_ms: Any) -> ColumnElement[bool]:
    """The appearances of which some falls between these moments: columns or numbers."""
    return and_(Appearance.start_ms < end_ms, Appearance.end_ms > start_ms)


def appearing(
    db: Session, segments: Iterable[Segment]
) -> dict[Segment, dict[UUID, frozenset[Medium]]]:
    """For each passage, who appears in it, and what of them it may show."""
    wanted = set(segments)
    rows: Sequence[Appearance] = []
    if wanted:
        media_ids = {segment.media_id for segment in wanted}
        in_order = (Appearance.media_id, Appearance.start_ms, Appearance.id)
        found = select(Appearance).where(Appearance.media_id.in_(media_ids)).order_by(*in_order)
        rows = db.scalars(found).all()
    shown: dict[Segment, dict[UUID, frozenset[Medium]]] = {segment: {} for segment in wanted}
    for segment, people in shown.items():
        for row in filter(segment.holds, rows):
            people[row.witness_id] = people.get(row.witness_id, frozenset()) | SHOWN[row.kind]
    return shown
