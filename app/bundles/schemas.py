"""What callers send and receive about bundles."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, computed_field, model_validator
from pydantic_core import PydanticCustomError

from app.bundles.models import BundleState, ShowAs, state_of
from app.core.pages import MirrorParams
from app.core.schemas import In, Out
from app.core.text import Body, Code, Line, Paragraph
from app.witnesses.decision import Purpose

MOST_ITEMS = 200


class ItemIn(In):
    """An excerpt, a whole testimony, or a text of one's own. `id` keeps the item what it was."""

    id: UUID | None = None
    excerpt_id: UUID | None = None
    testimony_id: UUID | None = None
    text: Body | None = None
    show_as: ShowAs = ShowAs.TEXT
    signed: bool = Field(
        False,
        strict=True,
        description="Shown with the signature of each witness who speaks: it asks `signed_text`.",
    )
    selection_reason: Paragraph | None = None
    caption: Paragraph | None = None

    @model_validator(mode="after")
    def _of_one_source(self) -> "ItemIn":
        if [self.excerpt_id, self.testimony_id, self.text].count(None) != 2:  # noqa: PLR2004
            raise PydanticCustomError("one_source", "One of excerpt_id, testimony_id, text")
        if self.text is not None and self.show_as is not ShowAs.TEXT:
            raise PydanticCustomError("own_text", "A text of one's own is shown as text")
        if self.text is not None and self.signed:
            raise PydanticCustomError("own_signature", "A text of one's own is signed by nobody")
        return self


class SectionIn(In):
    """A part of a bundle."""

    title: Line
    text: Body | None = None
    items: list[ItemIn] = Field([], max_length=MOST_ITEMS)


class BundleIn(In):
    """A bundle, in full. `territory_id` null is the world."""

    scheme_id: UUID
    title: Line
    audience: Code = Field(description="A code of the vocabulary `audiences`.")
    form: Code = Field(description="A code of the vocabulary `forms`.")
    purpose: Purpose = Purpose.EVALUATION
    territory_id: UUID | None = None
    introduction: Body | None = None
    expectation_ids: list[UUID] = Field(
        [], max_length=50, description="What it answers, of the same scheme."
    )
    sections: list[SectionIn] = Field([], max_length=50)

    @model_validator(mode="after")
    def _not_too_many_items(self) -> "BundleIn":
        if sum(len(section.items) for section in self.sections) > MOST_ITEMS:
            raise PydanticCustomError(
                "too_long", "At most {max_length} items", {"max_length": MOST_ITEMS}
            )
        return self


class BundleFilters(MirrorParams):
    """Which bundles to list."""

    scheme_id: UUID | None = None
    audience: list[Code] = []
    form: list[Code] = []
    expectation_id: list[UUID] = Field([], description="Those that answer one of these.")


class ItemOut(Out):
    """An item of a bundle."""

    id: UUID
    excerpt_id: UUID | None
    testimony_id: UUID | None
    text: str | None
    show_as: ShowAs
    signed: bool
    selection_reason: str | None
    caption: str | None


class SectionOut(Out):
    """A part of a bundle."""

    title: str
    text: str | None
    items: list[ItemOut]


class BundleBrief(Out):
    """A bundle as lists show it, without its sections."""

    id: UUID
    version: int
    scheme_id: UUID
    title: str
    audience: str
    form: str
    purpose: Purpose
    territory_id: UUID | None
    introduction: str | None
    martyr_at: datetime | None
    ready_at: datetime | None
    published_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    expectation_ids: list[UUID]

    @computed_field
    def state(self) -> BundleState:
        return state_of(self.martyr_at, self.ready_at, self.published_at, self.closed_at)


class BundleOut(BundleBrief):
    """A bundle, with all that it holds."""

    sections: list[SectionOut]


class BalanceOut(Out):
    """The make-up of something: how many passages, and shares from 0 to 1 by code or id."""

    count: int
    nature: dict[str, float]
    role: dict[str, float]
    territory: dict[str, float]
    sector: dict[str, float]
    method: dict[str, float]
    workshop: dict[str, float]


class MissingOut(Out):
    """What the corpus has and the bundle has not, by code or id, the most frequent first."""

    role: list[str]
    territory: list[UUID] = Field(description="Departments; regions, where no finer is known.")
    method: list[str]
    theme: list[UUID]


class DominantOut(Out):
    """Who is in too large a share of the passages: a witness, or a workshop."""

    kind: Literal["witness", "workshop"]
    id: UUID
    passages: int
    share: float


class CoverageOut(Out):
    """What a bundle leaves out, how many people speak in it, who speaks too much."""

    missing: MissingOut
    voices: int
    dominant: list[DominantOut]


class BundleBalanceOut(Out):
    """The make-up of a bundle, beside all the valid excerpts of its scheme."""

    bundle: BalanceOut
    corpus: BalanceOut
    coverage: CoverageOut


class Finding(Out):
    """Something to know before publishing; `item_id` when it is about an item."""

    code: str
    message: str
    item_id: UUID | None = None
    facts: dict[str, Any] = {}


class ChecksOut(Out):
    """What forbids publishing, and what only calls for a second look."""

    blockers: list[Finding]
    warnings: list[Finding]
