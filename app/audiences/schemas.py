"""What callers send and receive about decision makers and expectations."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.pages import MirrorParams
from app.core.schemas import MAX_INT, Day, In, Out
from app.core.text import Code, Line, Paragraph

MOST_ASKED = 50  # themes or territories of one question

Length = Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]

# Decision makers


class DecisionMakerIn(In):
    """A function that somebody holds, and what they can act on. Names go in `contact`."""

    title: Line = Field(
        description="The function, not the person's name.",
        examples=["Vice-présidente déléguée à l'emploi des jeunes (démo)"],
    )
    kind: Code = Field(
        description="What sort of decision maker it is, in a word of yours.",
        examples=["elected_official", "service", "committee"],
    )
    audience: Code = Field(description="A code of the vocabulary `audiences`.")
    organization_id: UUID | None = None
    mandate: Paragraph | None = Field(None, description="What they were given to decide.")
    territory_id: UUID | None = Field(None, description="Where they can act; null is everywhere.")
    theme_ids: list[UUID] = Field(
        [],
        max_length=50,
        description="What they can act on, in any scheme; none is everything. Of a theme that was "
        "merged, the one it was merged into is kept.",
    )
    preferred_forms: list[Code] = Field([], max_length=20, description="Of vocabulary `forms`.")
    reception_notes: Paragraph | None = Field(None, description="How they like to be met.")
    contact: Paragraph | None = Field(
        None,
        description="Who it is and how to reach them. It goes to the vault, and is never echoed: "
        "left out of a PUT, what is there stays; null erases it.",
    )


class DecisionMakerFilters(MirrorParams):
    """Which decision makers to list. With themes or territories: who is competent."""

    audience: list[Code] = []
    organization_id: UUID | None = None
    retired: bool | None = Field(None, description="false: those that may be chosen now.")
    theme_id: list[UUID] = Field(
        [], max_length=MOST_ASKED, description="Who can act on one of these, best first."
    )
    territory_id: list[UUID] = Field(
        [], max_length=MOST_ASKED, description="Who can act in one of these, best first."
    )


class DecisionMakerOut(Out):
    """A decision maker. `has_contact`: whether the vault says how to reach them."""

    id: UUID
    version: int
    title: str
    kind: str
    audience: str
    organization_id: UUID | None
    mandate: str | None
    territory_id: UUID | None
    theme_ids: list[UUID]
    preferred_forms: list[str]
    reception_notes: str | None
    has_contact: bool
    retired_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Why(StrEnum):
    """Why somebody is suggested, the strongest reason first of each of the two."""

    THEME_EXACT = "theme_exact"
    THEME_PARENT = "theme_parent"
    EVERY_THEME = "every_theme"
    TERRITORY_EXACT = "territory_exact"
    TERRITORY_CONTAINING = "territory_containing"
    EVERYWHERE = "everywhere"


class WhyOut(Out):
    """Why somebody is suggested. `steps` away from what was asked: 0 is exactly that.

    `theme_id` or `territory_id` is theirs, which holds what was asked.
    """

    code: Why
    message: str
    steps: int
    theme_id: UUID | None = None
    territory_id: UUID | None = None
    level: str | None = None


class SuggestedOut(DecisionMakerOut):
    """A decision maker in a list; with why, when it was asked who is competent."""

    reasons: list[WhyOut] = []


class ContactDisclosureIn(In):
    """Why somebody must be reached."""

    reason: Paragraph


class ContactOut(Out):
    """A contact, shown once; the disclosure is recorded."""

    decision_maker_id: UUID
    contact: str


# Expectations


class Answer(StrEnum):
    """What became of an expectation."""

    ANSWERED = "answered"
    NOT_ANSWERED = "not_answered"
    NO_MATERIAL = "no_material"


class ExpectationIn(In):
    """What somebody wants to know, and how they want to receive it."""

    scheme_id: UUID
    audience: Code = Field(description="A code of the vocabulary `audiences`.")
    decision_maker_id: UUID | None = Field(None, description="Null: the audience at large.")
    question: Paragraph = Field(examples=["Pourquoi des jeunes quittent-ils leur poste ?"])
    intended_use: Paragraph | None = Field(None, description="What the answer will serve for.")
    wanted_form: Code | None = Field(None, description="A code of the vocabulary `forms`.")
    wanted_length_ms: Length | None = Field(None, description="At most this long, if it plays.")
    channel: Line | None = Field(None, description="By which way they were asked, or will be told.")
    asked_on: Day
    due_on: Day | None = None


class ExpectationFilters(MirrorParams):
    """Which expectations to list."""

    scheme_id: UUID | None = None
    audience: list[Code] = []
    decision_maker_id: list[UUID] = []
    answer: list[Answer] = []


class ExpectationOut(Out):
    """An expectation, and what became of it.

    `answered`: a bundle that is published lists it. `no_material`: nothing that was heard on the
    decision maker's themes, in their territory, may be given to this audience. Which bundles answer
    it: `GET /bundles?expectation_id=`.
    """

    id: UUID
    version: int
    scheme_id: UUID
    audience: str
    decision_maker_id: UUID | None
    question: str
    intended_use: str | None
    wanted_form: str | None
    wanted_length_ms: int | None
    channel: str | None
    asked_on: date
    due_on: date | None
    answer: Answer
    created_at: datetime
    updated_at: datetime
