"""Deciding on testimonies."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.pages import Order
from app.core.problems import Invalid, WrongState
from app.moderation.models import Decision, Verdict
from app.moderation.schemas import DecisionIn
from app.schemes.service import require_terms
from app.testimonies.models import State, Testimony

OLDEST_FIRST = Order(Decision.created_at, Decision.id)
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
