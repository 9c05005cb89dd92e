"""What callers send and receive about an event."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.schemas import Day, In, Moment, Out
from app.core.text import Body, Code, Line, Paragraph

Duration = Annotated[int, Field(ge=1, le=86_400_000, strict=True)]
Crowd = Annotated[int, Field(ge=0, le=100_000, strict=True)]


class TurnIn(In):
    """A step of the programme: an item of the release, or something else that has a title."""

    item_id: UUID | None = None
    title: Line | None = Field(None, examples=["Accueil et café"])
    duration_ms: Duration | None = None

    @model_validator(mode="after")
    def _is_something(self) -> "TurnIn":
        if self.item_id is None and self.title is None:
            raise PydanticCustomError("step_told", "A step has an item_id or a title")
        return self


class AttendanceIn(In):
    """How many people of one role came."""

    role: Code = Field(
        description="A code of `audiences`, or of `witness_roles`.", examples=["elected_officials"]
    )
    count: Crowd


class EventReactionIn(In):
    """What somebody who came said about an item; no name."""

    item_id: UUID
    text: Paragraph
    role: Code | None = Field(None, examples=["elected_officials"])


class EventIn(In):
    """When and where it was shown, to whom, and what they said."""

    held_on: Day
    place_id: UUID | None = None
    starts_at: Moment | None = None
    programme: Annotated[list[TurnIn], Field(max_length=200)] = []
    attendance: Annotated[list[AttendanceIn], Field(max_length=50)] = []
    shown: Annotated[list[UUID], Field(max_length=500)] = []
    minutes: Body | None = None
    reactions: Annotated[list[EventReactionIn], Field(max_length=500)] = []


class TurnOut(Out):
    """A step of the programme."""

    item_id: UUID | None
    title: str | None
    duration_ms: int | None


class AttendanceOut(Out):
    """How many people of one role came."""

    role: str
    count: int


class EventReactionOut(Out):
    """What somebody who came said about an item."""

    item_id: UUID
    text: str
    role: str | None


class EventOut(Out):
    """What is recorded of an event, without what is about items that are shown no more."""

    release_id: UUID
    version: int
    held_on: date
    place_id: UUID | None
    starts_at: datetime | None
    programme: list[TurnOut]
    attendance: list[AttendanceOut]
    shown: list[UUID]
    minutes: str | None
    reactions: list[EventReactionOut]
    recorded_by_id: UUID
    created_at: datetime
    updated_at: datetime
