"""What callers send and receive about workshops."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, computed_field, model_validator
from pydantic_core import PydanticCustomError

from app.core.pages import MirrorParams
from app.core.schemas import In, Moment, Out
from app.core.text import Body, Code, Line
from app.workshops.models import Kind, State, state_of


class WorkshopIn(In):
    """A workshop as its animator describes it: to plan it, or to change it."""

    scheme_id: UUID
    place_id: UUID
    group_id: UUID | None = Field(
        None, description="The standing group that meets; once it is said, it stays."
    )
    kind: Kind = Kind.WORKSHOP
    method: Code = Field(description="A code of the vocabulary `methods`.", examples=["video"])
    title: Line = Field(examples=["Atelier vidéo à l'ERIC de La Seyne"])
    starts_at: Moment
    ends_at: Moment | None = None
    planned_starts_at: Moment | None = None
    partner_organization_id: UUID | None = Field(
        None, description="Who films there, when it is not who runs the place."
    )
    roles_expected: list[Code] = Field([], max_length=50)
    hierarchy_present: bool | None = None
    guide: Body | None = None
    notes: Body | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "WorkshopIn":
        if self.ends_at and self.ends_at < self.starts_at:
            raise PydanticCustomError("dates_in_order", "The end comes before the beginning")
        return self


class WorkshopFilters(MirrorParams):
    """Which workshops to list."""

    scheme_id: UUID | None = None
    place_id: UUID | None = None
    group_id: UUID | None = None
    territory_id: UUID | None = Field(None, description="In this territory, or within it.")
    kind: list[Kind] = []
    method: list[Code] = []
    starts_from: Moment | None = None
    starts_to: Moment | None = None


class Advice(Out):
    """A remark of the service on what was planned; it forbids nothing."""

    code: str
    message: str


class WorkshopOut(Out):
    """A workshop, as everyone who may see it sees it."""

    id: UUID
    version: int
    scheme_id: UUID
    place_id: UUID
    group_id: UUID | None
    owner_organization_id: UUID
    partner_organization_id: UUID | None
    kind: Kind
    method: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    planned_starts_at: datetime | None
    roles_expected: list[str]
    hierarchy_present: bool | None
    guide: str | None
    notes: str | None
    closed_at: datetime | None
    closed_by_id: UUID | None
    created_at: datetime
    updated_at: datetime
    advice: list[Advice] = []

    @computed_field
    def state(self) -> State:
        return state_of(self.starts_at, self.closed_at)
