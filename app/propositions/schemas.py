"""What callers send and receive about propositions."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.pages import MirrorParams
from app.core.schemas import Day, In, Out
from app.core.text import Body, Code, Line, Paragraph
from app.propositions.models import Competence, EvidenceState, PropositionState, Stance

FUNCTION = "A service or a function, not somebody's name."


class EvidenceIn(In):
    """An excerpt that speaks for a proposition, or against it."""

    excerpt_id: UUID
    stance: Stance


class CoAuthorIn(In):
    """Who wrote it with the team. Of a witness the role is theirs."""

    role: Code = Field(description="A code of the vocabulary `witness_roles`, or of `audiences`.")
    witness_id: UUID | None = None
    organization_id: UUID | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "CoAuthorIn":
        if self.witness_id and self.organization_id:
            raise PydanticCustomError("one_co_author", "One of witness_id, organization_id")
        return self


class PropositionIn(In):
    """A proposition, in full. `due_on` is when an answer is planned."""

    scheme_id: UUID
    title: Line
    description: Body
    kind: Code = Field(description="A code of the vocabulary `proposition_kinds`.")
    competence: Competence
    relayed_to: Line | None = Field(None, description="To whom it belongs, when it was relayed.")
    evidence: list[EvidenceIn] = Field([], max_length=100)
    co_authors: list[CoAuthorIn] = Field([], max_length=50)
    workshop_id: UUID | None = None
    due_on: Day | None = None
    responsible: Line | None = Field(None, description=FUNCTION)
    experiment: Paragraph | None = Field(None, description="What is tried, where, with whom.")
    product: Paragraph | None = Field(None, description="What came of it that one can touch.")


class PropositionFilters(MirrorParams):
    """Which propositions to list."""

    scheme_id: UUID | None = None
    kind: list[Code] = []
    competence: list[Competence] = []
    state: list[PropositionState] = []
    excerpt_id: UUID | None = Field(None, description="Those that rest on this excerpt.")
    evidence: list[EvidenceState] = Field([], description="With evidence in such a state.")
    needs_review: bool | None = None
    overdue: bool | None = Field(None, description="Planned before today, and not ended.")


class EvidenceOut(Out):
    """Words for or against it. `excerpt_id` is null once they are withdrawn or discarded."""

    excerpt_id: UUID | None
    stance: Stance
    state: EvidenceState


class CoAuthorOut(Out):
    """Who wrote it. `witness_id` is null too once they took everything back."""

    role: str
    witness_id: UUID | None
    organization_id: UUID | None


class PropositionBrief(Out):
    """A proposition as lists show it. `state_on` is the day of its last step.

    `co_written` says whether users of the scheme, those whom `witness_roles` names, wrote it too;
    when none did, `label` says so in French. `next_states` are those of the steps that may come.
    """

    id: UUID
    version: int
    scheme_id: UUID
    title: str
    description: str
    kind: str
    competence: Competence
    relayed_to: str | None
    workshop_id: UUID | None
    due_on: date | None
    responsible: str | None
    experiment: str | None
    product: str | None
    created_at: datetime
    updated_at: datetime
    state: PropositionState
    state_on: date | None
    next_states: list[PropositionState]
    overdue: bool
    needs_review: bool
    co_written: bool
    label: str | None


class PropositionOut(PropositionBrief):
    """A proposition, with the words it rests on and who wrote it."""

    evidence: list[EvidenceOut]
    co_authors: list[CoAuthorOut]


class StepIn(In):
    """What happened, on which day. Who refuses or abandons says why."""

    state: PropositionState
    reason: Paragraph | None = None
    responsible: Line | None = Field(None, description=FUNCTION)
    on: Day


class StepOut(Out):
    """A step. `number` is its place, from 1 on."""

    id: UUID
    number: int
    state: PropositionState
    reason: str | None
    responsible: str | None
    on: date
    by_id: UUID
    created_at: datetime
