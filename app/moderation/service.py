"""Deciding on testimonies."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.pages import Order, matches
from app.core.problems import Invalid, WrongState
from app.moderation.models import Decision, Verdict
from app.moderation.schemas import DecisionFilters, DecisionIn
from app.schemes.service import require_terms
from app.testimonies.models import State, Testimony
from app.testimonies.queries import rights

OLDEST_FIRST = Order(Decision.created_at, Decision.id)
LATEST_FIRST = Order(Decision.created_at, Decision.id, descending=True)
BECOMES = {
    Verdict.ACCEPT: State.ACCEPTED,
    Verdict.RETURN: State.RETURNED,
    Verdict.REJECT: State.REJECTED,
}
# From where each verdict is possible: what was accepted may still be rejected, and back.
FROM = {
    Verdict.ACCEPT: {State.SUBMITTED, State.REJECTED},
    Verdict.RETURN: {State.SUBMITTED},
    Verdict.REJECT: {State.SUBMITTED, State.ACCEPTED},
}
WAITING = (State.SUBMITTED, State.RETURNED)


def decide(db: Session, testimony: Testimony, payload: DecisionIn, by: Caller) -> Decision:
    """What becomes of a testimony. Raises WrongState, Invalid when a reason is missing."""
    by.require(Permission.MODERATE)
    if payload.verdict is not Verdict.ACCEPT and not payload.reason_code:
        raise Invalid.at("#/reason_code", "reason_needed")
    require_terms(db, ("#/reason_code", "rejection_reasons", payload.reason_code))
    if testimony.state not in FROM[payload.verdict]:
        raise WrongState(state=testimony.state)
    testimony.state = BECOMES[payload.verdict]
    decision = Decision(testimony_id=testimony.id, by_id=by.id, **payload.model_dump())
    db.add(decision)
    record(db, "testimony.decided", on=testimony, by=by, verdict=payload.verdict)
    return decision


def decisions(testimony: Testimony) -> Select[Decision]:
    """What was decided of this testimony."""
    return select(Decision).where(Decision.testimony_id == testimony.id)


def search(me: Caller, filters: DecisionFilters) -> Select[Decision]:
    """What was decided of the testimonies that the caller may read now."""
    read = select(Testimony.id).where(or_(False, *rights(me)))
    return filtered(filters).where(read.where(Testimony.id == Decision.testimony_id).exists())


def filtered(filters: DecisionFilters) -> Select[Decision]:
    """The decisions which pass the filters, whoever may see them."""
    rows = select(Decision).where(*matches(Decision, filters, "verdict", "reason_code", "by_id"))
    if not filters.scheme_id:
        return rows
    of_scheme = select(Testimony.id).where(Testimony.scheme_id == filters.scheme_id)
    of_it = of_scheme.where(Testimony.id == Decision.testimony_id).correlate(Decision)
    return rows.where(of_it.exists())


def queue(db: Session, me: Caller) -> dict[str, Any]:
    """What waits for somebody: a `QueueOut`."""
    me.require(Permission.MODERATE)
    in_each = {state: func.count(case((Testimony.state == state, 1))) for state in WAITING}
    oldest = func.min(case((Testimony.state == State.SUBMITTED, Testimony.submitted_at)))
    rows = select(Testimony.scheme_id, *in_each.values(), oldest)
    rows = rows.where(Testimony.state.in_(WAITING), or_(False, *rights(me)))
    rows = rows.group_by(Testimony.scheme_id).order_by(oldest, Testimony.scheme_id)
    names = ("scheme_id", *WAITING, "oldest_submitted_at")
    schemes = [dict(zip(names, row, strict=True)) for row in db.execute(rows)]
    since = [row["oldest_submitted_at"] for row in schemes if row["oldest_submitted_at"]]
    return {
        **{state: sum(row[state] for row in schemes) for state in WAITING},
        "oldest_submitted_at": min(since, default=None),
        "schemes": schemes,
    }


def erase(db: Session, testimony_ids: Collection[UUID]) -> None:
    """What editors wrote of these testimonies is gone, for it may quote them; verdicts stay."""
    rows = update(Decision).where(Decision.testimony_id.in_(testimony_ids))
    db.execute(rows.values(comment=None), execution_options={"synchronize_session": False})
