"""What recipients and the team send and receive about reactions, and about who did not react."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, computed_field, model_validator
from pydantic_core import PydanticCustomError

from app.core.pages import PageParams
from app.core.schemas import In, Out
from app.core.text import Code, Paragraph
from app.reactions.models import Commitment, State
from app.releases.schemas import DeliveryOut

Said = Annotated[bool, Field(strict=True)] | None
SAYING = ("form_rating", "understood", "surprised", "text")


class ReactionIn(In):
    """What a recipient answers: to one item, or without `item_id` to all they were given."""

    item_id: UUID | None = None
    form_rating: int | None = Field(
        None, ge=1, le=5, strict=True, description="How well this form suits: 1 to 5."
    )
    understood: Said = None
    surprised: Said = None
    commitment: Commitment = Field(
        Commitment.NONE, description="`planned` and `made` need a text: what, and when."
    )
    text: Paragraph | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        says = any(getattr(self, name) is not None for name in SAYING)
        if not says and self.commitment is Commitment.NONE:
            raise PydanticCustomError("reaction_told", "An answer says something")
        return self


class AnsweredOut(Out):
    """What a recipient just answered."""

    id: UUID
    item_id: UUID | None
    form_rating: int | None
    understood: bool | None
    surprised: bool | None
    commitment: Commitment
    text: str | None
    created_at: datetime


class ReactionParams(PageParams):
    """Which reactions to list."""

    audience: list[Code] = []
    form: list[Code] = []
    commitment: list[Commitment] = []
    state: State | None = None


class ReactionFilters(ReactionParams):
    """Which reactions to list, of all releases."""

    scheme_id: UUID | None = None
    release_id: UUID | None = None
    delivery_id: UUID | None = None


class ReactionOut(Out):
    """A reaction. `text` is what was answered, for who moderates; for others, what is published.

    Both texts are null while, or after, words that they may quote are taken back.
    """

    id: UUID
    version: int
    scheme_id: UUID
    release_id: UUID
    delivery_id: UUID
    audience: str
    form: str
    item_id: UUID | None
    form_rating: int | None
    understood: bool | None
    surprised: bool | None
    commitment: Commitment
    text: str | None
    public_text: str | None
    published_at: datetime | None
    published_by_id: UUID | None
    created_at: datetime
    updated_at: datetime

    @computed_field
    def state(self) -> State:
        return State.PUBLISHED if self.published_at else State.WAITING


class PublicationIn(In):
    """What witnesses will read: the text as it is, or an editor's version of it."""

    public_text: Paragraph | None = None


class GivenFilters(PageParams):
    """Which deliveries to list, of all releases; of each question, either answer or both."""

    scheme_id: UUID | None = None
    release_id: UUID | None = None
    audience: list[Code] = []
    form: list[Code] = []
    unanswered: bool | None = Field(None, description="Without any reaction.")
    opened: bool | None = None
    acknowledged: bool | None = None
    revoked: bool | None = None
    expired: bool | None = None


class GivenOut(DeliveryOut):
    """A delivery, what it gave, and what came back."""

    bundle_id: UUID
    number: int
    audience: str
    form: str
    reactions: int
    last_reaction_at: datetime | None
