"""What of a scheme does not leave, and why: asked as each batch is read."""

from collections.abc import Container, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import now
from app.excerpts.models import ExcerptState
from app.exports.exclusions import MEANWHILE, NEEDS_REVIEW, SOMEBODY, UNREADABLE, WITHDRAWN
from app.exports.queries import EXPORTED, permits
from app.gate.service import Use, WayOut, judge
from app.testimonies.models import State, Testimony
from app.testimonies.queries import refused
from app.witnesses.decision import Reason

BATCH = 1000
T = Testimony
INSIDE = WayOut(EXPORTED.audience, EXPORTED.form, EXPORTED.purpose, None, inside=True)  # type: ignore[arg-type]


def why_not_quoted(excerpt: Any) -> str | None:
    """Why an excerpt of a testimony that leaves does not. Raises when it cannot be understood."""
    if excerpt.state != ExcerptState.VALID:
        return NEEDS_REVIEW
    if excerpt.limits is not None and excerpt.limits != "null" and not permits(excerpt.limits):
        return Reason.RESTRICTION
    return None if excerpt.unopposed else SOMEBODY


def left_out(
    database: Database, scheme_id: UUID, told: Container[object]
) -> Iterator[list[tuple[UUID, str]]]:
    """The testimonies of a scheme that were submitted and not `told`, each with the reason."""
    last: UUID | None = None
    while True:
        with database.read() as db:
            at = now()
            rows = select(T.id, T.state, refused(at).label("refused")).where(
                T.scheme_id == scheme_id,
                T.state != State.DRAFT,
                or_(T.withdrawn_from.is_(None), T.withdrawn_from != State.DRAFT),
            )
            if last:
                rows = rows.where(T.id > last)
            found: list[Row[Any]] = list(db.execute(rows.order_by(T.id).limit(BATCH)))
            reasons = list(_reasons(db, [row for row in found if row.id not in told], at))
        yield reasons
        if len(found) < BATCH:
            return
        last = found[-1].id


def _reasons(db: Session, rows: Sequence[Row[Any]], at: datetime) -> Iterator[tuple[UUID, str]]:
    """The reason of each. One that cannot be read is found by halving."""
    try:
        uses = [Use(row.id, frozenset({EXPORTED.medium})) for row in rows]
        verdicts = judge(db, uses, INSIDE, at)
    except Exception:  # whatever is wrong with a row, the others are told
        if len(rows) == 1:
            yield rows[0].id, UNREADABLE
            return
        middle = len(rows) // 2
        yield from _reasons(db, rows[:middle], at)
        yield from _reasons(db, rows[middle:], at)
        return
    for row, verdict in zip(rows, verdicts, strict=True):
        yield row.id, _reason(row, verdict.reason)


def _reason(row: Row[Any], reason: Reason | None) -> str:
    """Consent that came while the project was written is for the next one."""
    if row.state is State.WITHDRAWN:
        return WITHDRAWN
    if reason:
        return reason
    return Reason.REFUSED if row.refused else MEANWHILE
