"""What the database knows of propositions besides their columns, as lists and filters ask it."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, not_, select

from app.core.models import now
from app.excerpts.models import Excerpt, ExcerptState
from app.excerpts.service import readable
from app.propositions.models import (
    CoAuthor,
    Evidence,
    EvidenceState,
    Proposition,
    PropositionState,
    Step,
)
from app.propositions.steps import ENDED
from app.schemes.models import Term
from app.testimonies.models import State, Testimony

P = Proposition
NOT_TAKEN = (State.RETURNED, State.REJECTED)
USERS = "witness_roles"  # the vocabulary of those who know the scheme from using it


def last_steps(column: Any) -> ColumnElement[Any]:
    """This column of the last step of a proposition; null when there is none."""
    rows = select(column).where(Step.proposition_id == P.id)
    return rows.order_by(Step.number.desc()).limit(1).correlate(P).scalar_subquery()


def state_now() -> ColumnElement[Any]:
    """The state of a proposition."""
    return func.coalesce(last_steps(Step.state), literal(PropositionState.MARTYR, Step.state.type))


def is_overdue() -> ColumnElement[bool]:
    """Whether an answer was planned before today, and it did not come to an end."""
    late = and_(P.due_on.is_not(None), P.due_on < now().date())
    return and_(late, state_now().not_in(ENDED))


def evidence(*columns: Any) -> Select[Any]:
    """These columns of evidence, of its excerpts and their testimonies."""
    rows = select(*columns).select_from(Evidence)
    rows = rows.outerjoin(Excerpt, Excerpt.id == Evidence.excerpt_id)
    return rows.outerjoin(Testimony, Testimony.id == Excerpt.testimony_id)


def standing() -> ColumnElement[bool]:
    """Of `evidence`: whether nobody took the words back, or refuses them to the team."""
    return and_(Excerpt.id.is_not(None), Testimony.state != State.WITHDRAWN, *readable())


def evidence_state() -> ColumnElement[str]:
    """The `EvidenceState` of a row of `evidence`."""
    return case(
        (Evidence.withdrawn_at.is_not(None), EvidenceState.WITHDRAWN.value),
        (Evidence.excerpt_id.is_(None), EvidenceState.DISCARDED.value),
        (not_(standing()), EvidenceState.WITHDRAWN.value),
        (Testimony.state.in_(NOT_TAKEN), EvidenceState.NOT_ACCEPTED.value),
        (Excerpt.state == ExcerptState.NEEDS_REVIEW, EvidenceState.NEEDS_REVIEW.value),
        else_=EvidenceState.VALID.value,
    )


def rests_on(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a proposition has such evidence."""
    rows = evidence(Evidence.id).where(Evidence.proposition_id == P.id, *conditions)
    return exists(rows.correlate(P))


def needs_review() -> ColumnElement[bool]:
    """Whether some of the words that a proposition rests on are not what they were."""
    return rests_on(evidence_state() != EvidenceState.VALID.value)


def is_co_written() -> ColumnElement[bool]:
    """Whether users wrote it too."""
    users = select(Term.code).where(Term.vocabulary == USERS)
    wrote = select(CoAuthor.id).where(CoAuthor.proposition_id == P.id, CoAuthor.role.in_(users))
    return exists(wrote.correlate(P))
