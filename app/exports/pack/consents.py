"""What the people of a pack allow: how many, of what, for what, until which month."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from app.exports.columns import month
from app.exports.datasets import WITNESSES
from app.exports.exclusions import UNREADABLE
from app.exports.queries import EXPORTED
from app.exports.schemas import WitnessExport
from app.witnesses.decision import ADULT_AT, Verb
from app.witnesses.models import CurrentConsent, Notice, Witness
from app.witnesses.queries import holds

HEADER = ("medium", "audience", "form", "purpose", "reach", "until", "witnesses")
C = CurrentConsent
UNTIL = func.substr(cast(C.valid_until, String), 1, 7)
CELL: Sequence[Any] = (C.medium, C.audience, C.form, C.purpose, C.reach)


def rows(db: Session, scheme_id: UUID, at: datetime) -> Iterator[Sequence[Any]]:
    """The rows of a table, their heading first. Of minors only what they decide alone.

    Of consents whose month cannot be read, `until` is `unreadable`.
    """
    yield HEADER
    there = WITNESSES.rows(WitnessExport(scheme_id=scheme_id), at).with_only_columns(Witness.id)
    revoked = exists(select(Notice.id).where(Notice.id == C.notice_id, Notice.revoked_at <= at))
    given = (
        select(*CELL, UNTIL, func.count(C.witness_id.distinct()))
        .join(Witness, Witness.id == C.witness_id)
        .where(
            *(C.witness_id.in_(there), C.giver_id.is_(None), C.verb == Verb.GIVE),
            *(C.valid_until > at, holds(at), ~revoked, _decides_alone(at)),
        )
        .group_by(*CELL, UNTIL)
        .order_by(*CELL, UNTIL)
    )
    for *cell, until, many in db.execute(given):
        yield *cell, _month(until), many


def _month(until: str) -> str:
    try:
        return month(f"{until}-01")
    except ValueError:
        return UNREADABLE


def _decides_alone(at: datetime) -> ColumnElement[bool]:
    is_adult = or_(Witness.birth_year.is_(None), Witness.birth_year < at.year - ADULT_AT)
    alone = and_(C.audience == EXPORTED.audience, C.medium == EXPORTED.medium)
    return or_(is_adult, alone)
