"""The steps of a proposition: which may follow which (`FOLLOWING`); each is dated."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Invalid, WrongState
from app.propositions.models import Proposition, PropositionState, Step
from app.propositions.schemas import StepIn

S = PropositionState
OLDEST_FIRST = Order(Step.number, Step.id)
FOLLOWING: Mapping[PropositionState, Sequence[PropositionState]] = {
    S.MARTYR: (S.PROPOSED, S.ABANDONED),
    S.PROPOSED: (S.MARTYR, S.SENT, S.ABANDONED),
    S.SENT: (S.ACCEPTED, S.REFUSED, S.EXPERIMENT, S.ADOPTED, S.ABANDONED),
    S.ACCEPTED: (S.EXPERIMENT, S.ADOPTED, S.REFUSED, S.ABANDONED),
    S.EXPERIMENT: (S.ADOPTED, S.REFUSED, S.ABANDONED),
    S.REFUSED: (S.MARTYR, S.PROPOSED),
    S.ADOPTED: (S.ABANDONED,),
    S.ABANDONED: (S.MARTYR, S.PROPOSED),
}
FIRST = (S.MARTYR, *FOLLOWING[S.MARTYR])
EXPLAINED = (S.REFUSED, S.ABANDONED)
ENDED = (S.ADOPTED, S.REFUSED, S.ABANDONED)


def following(state: PropositionState, has_steps: bool) -> Sequence[PropositionState]:
    """What may come next. A proposition without steps is a draft: its first may be that it is."""
    return FOLLOWING[state] if has_steps else FIRST


def steps_of(proposition: Proposition) -> Select[Step]:
    """The steps of this proposition."""
    return select(Step).where(Step.proposition_id == proposition.id)


def told(db: Session, proposition_id: UUID) -> list[Step]:
    """The same, the oldest first."""
    rows = select(Step).where(Step.proposition_id == proposition_id).order_by(Step.number)
    return list(db.scalars(rows))


def require_martyr(db: Session, proposition: Proposition) -> None:
    """Raise WrongState unless it is there to be taken apart."""
    last = _last(db, proposition)
    if last and last.state is not S.MARTYR:
        raise WrongState(state=last.state)


def take(db: Session, proposition: Proposition, payload: StepIn, by: Caller) -> Step:
    """A new step of a proposition that is locked.

    Raises Invalid when there is no reason and there must be one, or on a day that did not come yet
    or is before the last step; WrongState unless it may follow that one.
    """
    by.require(Permission.PROPOSE)
    if payload.state in EXPLAINED and not payload.reason:
        raise Invalid.at("#/reason", "reason_needed")
    if payload.on > now().date():
        raise Invalid.at("#/on", "future")
    last = _last(db, proposition)
    state = last.state if last else S.MARTYR
    if payload.state not in (possible := following(state, last is not None)):
        raise WrongState(state=state, next_states=possible)
    if last and payload.on < last.on:
        raise Invalid.at("#/on", "before_last_step", last=last.on.isoformat())
    number = last.number + 1 if last else 1
    about = {"proposition_id": proposition.id, "number": number, "by_id": by.id}
    step = Step(**payload.model_dump(), **about)
    db.add(step)
    proposition.touch()
    record(db, "proposition.step-taken", on=proposition, by=by, state=step.state, number=number)
    return step


def _last(db: Session, proposition: Proposition) -> Step | None:
    return db.scalars(steps_of(proposition).order_by(Step.number.desc()).limit(1)).first()
