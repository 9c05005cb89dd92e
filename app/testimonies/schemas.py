"""What callers send and receive about testimonies."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.pages import MirrorParams
from app.core.schemas import Day, In, Moment, Out
from app.core.text import Body, Code, Line, Word
from app.media.models import Kind as MediaKind
from app.media.models import Status as MediaStatus
from app.testimonies.models import Nature, State
from app.textindex.question import Question
from app.witnesses.decision import Medium, Purpose


class Restriction(In):
    """Where these words may go at the most, whatever else was consented; null allows all."""

    media: list[Medium] | None = Field(None, max_length=len(Medium))
    audiences: list[Code] | None = Field(None, max_length=50)
    forms: list[Code] | None = Field(None, max_length=50)
    purposes: list[Purpose] | None = Field(None, max_length=len(Purpose))


class TestimonyIn(In):
    """What was said. `body` or `media_ids` is needed."""

    scheme_id: UUID
    workshop_id: UUID | None = None
    method: Code = Field(description="A code of the vocabulary `methods`.", examples=["written"])
    witness_ids: list[UUID] = Field(min_length=1, max_length=50)
    title: Line | None = None
    body: Body | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "fr"
    recorded_on: Day
    media_ids: list[UUID] = Field([], max_length=20)
    nature: Nature | None = None
    theme_ids: list[UUID] = Field([], max_length=50)
    tags: list[Word] = Field([], max_length=50)
    sector: Code | None = None
    territory_id: UUID | None = Field(None, description="Default: the place's.")
    restriction: Restriction | None = None
    embargo_until: Moment | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "TestimonyIn":
        if not self.body and not self.media_ids:
            raise PydanticCustomError("body_or_media", "A body or media")
        for name in ("witness_ids", "theme_ids", "media_ids", "tags"):
            setattr(self, name, list(dict.fromkeys(getattr(self, name))))
        return self


class TestimonyFilters(MirrorParams):
    """Which testimonies to list."""

    scheme_id: UUID | None = None
    workshop_id: UUID | None = None
    place_id: UUID | None = None
    territory_id: UUID | None = Field(None, description="In this territory, or within it.")
    role: list[Code] = Field([], description="One of the witnesses has one of these roles.")
    method: list[Code] = []
    nature: list[Nature] = []
    theme_id: list[UUID] = []
    tag: list[Word] = []
    state: list[State] = []
    media_kind: list[MediaKind] = []
    recorded_from: Day | None = None
    recorded_to: Day | None = None
    captured_by: UUID | None = None
    q: Question | None = None


class Sort(StrEnum):
    """In which order to list testimonies."""

    LATEST_FIRST = "-recorded_on"
    SUBMITTED = "submitted_at"


class TestimonyListing(TestimonyFilters):
    """Which testimonies to list, in which order."""

    sort: Sort = Field(
        Sort.LATEST_FIRST,
        description="`submitted_at`: those that wait longest first. It asks for one `state`.",
    )

    @model_validator(mode="after")
    def _waits_in_one_state(self) -> "TestimonyListing":
        if self.sort is Sort.SUBMITTED and (len(self.state) != 1 or self.updated_since):
            raise PydanticCustomError(
                "queue_of_one_state", "sort=submitted_at asks for one state, and no updated_since"
            )
        return self


class MediaBrief(Out):
    """A recording of a testimony; all of it is at `/media/{id}`."""

    id: UUID
    kind: MediaKind | None
    status: MediaStatus
    duration_ms: int | None


class TestimonyOut(Out):
    """A testimony, as everyone who may see it sees it."""

    id: UUID
    version: int
    scheme_id: UUID
    workshop_id: UUID | None
    place_id: UUID | None
    method: str
    title: str | None
    body: str | None
    language: str
    recorded_on: date
    nature: Nature | None
    sector: str | None
    territory_id: UUID | None
    restriction: Restriction | None
    embargo_until: datetime | None
    state: State
    submitted_at: datetime | None
    captured_by: UUID
    created_at: datetime
    updated_at: datetime
    witness_ids: list[UUID]
    theme_ids: list[UUID]
    tags: list[str]
    media: list[MediaBrief]
