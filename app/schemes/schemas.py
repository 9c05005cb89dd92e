"""What callers send and receive about schemes and vocabularies."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.pages import PageParams
from app.core.schemas import Count, Day, In, Integer, Out
from app.core.text import Line, OneLine, Paragraph

TermCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
SchemeCode = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class SchemeIn(In):
    """A scheme. When `question` changes, `reason` says why; the earlier one is kept."""

    code: SchemeCode
    name: Line
    public_title: Line
    question: Paragraph
    starts_on: Day
    ends_on: Day | None = None
    reason: Paragraph | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "SchemeIn":
        if self.ends_on and self.ends_on < self.starts_on:
            raise PydanticCustomError("dates_in_order", "The end comes before the beginning")
        return self


class SchemeOut(Out):
    """A scheme, as every account sees it."""

    id: UUID
    version: int
    code: str
    name: str
    public_title: str
    question: str
    starts_on: date
    ends_on: date | None
    created_at: datetime
    updated_at: datetime


class QuestionOut(Out):
    """A question asked before."""

    id: UUID
    question: str
    reason: str
    created_at: datetime
    changed_by_id: UUID


class VocabularyOut(Out):
    """A vocabulary."""

    name: str
    terms: int


class TermIn(In):
    """A word of a vocabulary, in French and in English."""

    code: TermCode
    label_fr: Line
    label_en: Line
    position: Count = 0
    retired: bool = False
    facts: dict[Annotated[str, OneLine(40)], Line | list[Line] | bool | Integer] = Field(
        {}, max_length=20
    )


class TermFilters(PageParams):
    """Which terms to list."""

    retired: bool | None = None


class TermOut(Out):
    """A word of a vocabulary."""

    id: UUID
    version: int
    code: str
    label_fr: str
    label_en: str
    position: int
    retired: bool
    facts: dict[str, Any]
