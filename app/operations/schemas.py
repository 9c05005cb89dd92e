"""What callers send and receive about jobs, the audit log, and legal holds."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field, computed_field

from app.audit.models import ActorKind
from app.core.pages import PageParams
from app.core.schemas import In, Moment, Out
from app.core.text import Line, Paragraph
from app.jobs.models import State, state_of


class JobFilters(PageParams):
    """Which jobs to list."""

    state: list[State] = []
    name: list[Line] = Field([], examples=[["media.process"]])


class JobOut(Out):
    """A job, as administrators see it: how its work goes, and not about whom it is."""

    id: UUID
    name: str
    queue: str
    attempts: int
    progress: float | None = Field(description="From 0 to 1, of what is being done.")
    last_error: str | None = Field(description="A type and a place in the code, without words.")
    created_at: datetime
    due_at: datetime
    claimed_until: datetime | None
    done_at: datetime | None
    failed_at: datetime | None

    @computed_field
    def state(self) -> State:
        return state_of(self.claimed_until, self.done_at, self.failed_at)


class AuditEventFilters(PageParams):
    """Which audit events to list."""

    action: list[Line] = Field([], examples=[["account.added"]])
    subject_id: UUID | None = None
    actor_id: UUID | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None


class AuditEventOut(Out):
    """Who did what to what. `number` and `digest` are null until the event is sealed."""

    id: UUID
    number: int | None
    created_at: datetime
    action: str
    subject_kind: str
    subject_id: UUID
    actor_kind: ActorKind
    actor_id: UUID | None
    facts: dict[str, Any]
    digest: str | None


class CheckpointOut(Out):
    """A place in the chain: keep one elsewhere, and nobody can cut the chain off before it."""

    number: int
    digest: str


class AuditCheckpointOut(Out):
    """The last of the events that were deleted at once, a year later: the chain goes on from it."""

    number: int
    digest: str
    pruned: int = Field(description="How many events were deleted.")
    up_to: datetime = Field(description="When the last of them was recorded.")
    created_at: datetime


class VerificationOut(Out):
    """How far the chain of audit events holds."""

    ok: bool
    sealed: int = Field(description="Events whose place in the chain is right.")
    waiting: int = Field(description="Events that the next sealing will number.")
    first_broken: int | None = Field(description="The number where the chain breaks.")
    head: CheckpointOut


class LegalHoldIn(In):
    """Why nothing of a witness may be erased for now."""

    witness_id: UUID
    reason: Paragraph = Field(examples=["Plainte en cours, demande du 3 mars."])


class LegalHoldFilters(PageParams):
    """Which legal holds to list."""

    witness_id: UUID | None = None


class LegalHoldOut(Out):
    """A legal hold: in force until `lifted_at`."""

    id: UUID
    witness_id: UUID
    reason: str
    placed_by_id: UUID
    created_at: datetime
    lifted_at: datetime | None
    lifted_by_id: UUID | None
