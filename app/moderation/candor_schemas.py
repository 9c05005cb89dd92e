"""What callers send and receive about candor, and the questions that help."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.schemas import In, Out
from app.core.text import Paragraph
from app.moderation.speech import Level, Sign


class CandorIn(In):
    """Which signs were there. Null says that nobody looked; of one sign at least somebody did."""

    first_person: bool | None = Field(description="They speak as « je », of what they did.")
    concrete_episode: bool | None = Field(description="They tell one occasion: a day, a place.")
    named_difficulty: bool | None = Field(description="They say what did not go as planned.")
    institutional_wording: bool | None = Field(description="The words are those of a brochure.")
    hierarchy_present: bool | None = Field(description="Somebody was there who has power over them")
    prepared_text: bool | None = Field(description="They read, or recite, what was prepared.")
    follow_up_tried: bool | None = Field(
        None, description="The animator asked more. It does not count in the level."
    )
    comment: Paragraph | None = Field(None, description="About the situation, never the person.")

    @model_validator(mode="after")
    def _says_something(self) -> "CandorIn":
        if all(getattr(self, sign) is None for sign in Sign):
            raise PydanticCustomError("sign_noted", "At least one sign is noted")
        return self


class CandorOut(Out):
    """How freely a testimony was said, for the team alone: who assessed it, and when."""

    testimony_id: UUID
    version: int
    first_person: bool | None
    concrete_episode: bool | None
    named_difficulty: bool | None
    institutional_wording: bool | None
    hierarchy_present: bool | None
    prepared_text: bool | None
    follow_up_tried: bool | None
    comment: str | None
    level: Level
    assessed_at: datetime
    assessed_by_id: UUID


class FollowUp(Out):
    """A question to ask, and what it may bring out: nothing in particular when `when` is empty."""

    code: str
    label_fr: str
    label_en: str
    when: list[Sign]


class FollowUpsOut(Out):
    """The questions that may help these words along, in the order in which to ask them.

    `level` is null when nobody assessed the testimony: then all those of its method are told.
    """

    testimony_id: UUID
    method: str
    level: Level | None
    unsettled: list[Sign]
    questions: list[FollowUp]
