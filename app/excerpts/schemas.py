"""What callers send and receive about excerpts."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.pages import MirrorParams
from app.core.schemas import Count, In, Out
from app.core.text import Body, Line, Paragraph, refuse_invalid
from app.excerpts.models import ExcerptState, SelectorType
from app.history.schemas import Op
from app.testimonies.models import Nature
from app.testimonies.schemas import Restriction

Around = Annotated[str, AfterValidator(refuse_invalid), Field(max_length=4_000)]


class TextSelector(In):
    """A passage of the body, or of a transcript, in code points; `exact` must be the text there.

    A transcript must be the current one of a media of the testimony: its text is that of its
    segments, joined by one line feed. What stands around the words, `prefix` and `suffix`, is read
    from the text itself: it may be sent back as it was received, and is not looked at.
    """

    type: Literal[SelectorType.TEXT]
    transcript_id: UUID | None = None
    start: Count
    end: Count
    exact: Annotated[str, AfterValidator(refuse_invalid)] = Field(min_length=1, max_length=20_000)
    prefix: Around | None = None
    suffix: Around | None = None


class TimeSelector(In):
    """A passage of a recording."""

    type: Literal[SelectorType.TIME]
    media_id: UUID
    start_ms: Count
    end_ms: Count


Selector = Annotated[TextSelector | TimeSelector, Field(discriminator="type")]


class Practice(In):
    """What somebody did: who, what, on which occasion (*entretien d'explicitation*, Vermersch)."""

    actor: Line
    action: Line
    occasion: Line


class ExcerptIn(In):
    """A passage worth giving back. A practice says who did what, when."""

    testimony_id: UUID
    selector: Selector
    nature: Nature
    practice: Practice | None = None
    theme_ids: list[UUID] = Field([], max_length=50)
    memo: Paragraph | None = None
    public_quote: Body | None = None
    names_employer: bool = False
    restriction: Restriction | None = None

    @model_validator(mode="after")
    def _practice_is_told(self) -> "ExcerptIn":
        if (self.nature is Nature.PRACTICE) != (self.practice is not None):
            raise PydanticCustomError(
                "practice_told", "A practice, and nothing else, has actor, action and occasion"
            )
        self.theme_ids = list(dict.fromkeys(self.theme_ids))
        return self


class ExcerptFilters(MirrorParams):
    """Which excerpts to list."""

    scheme_id: UUID | None = None
    testimony_id: UUID | None = None
    nature: list[Nature] = []
    theme_id: list[UUID] = []
    state: list[ExcerptState] = []
    selector: list[SelectorType] = []


class ExcerptOut(Out):
    """An excerpt. `memo` is for editors, and on a case.

    For evaluators `selector` has no words, and offsets only, when the quote was edited; nor when it
    needs a review: then `quote` is the edited one, or null.
    """

    made_of = ("start", "stop", "exact", "prefix", "suffix", "media_id", "transcript_id")

    id: UUID
    version: int
    scheme_id: UUID
    testimony_id: UUID
    selector: dict[str, Any]
    nature: Nature
    practice: Practice | None
    theme_ids: list[UUID]
    memo: str | None
    public_quote: str | None
    quote: str | None
    names_employer: bool
    restriction: Restriction | None
    state: ExcerptState
    created_by_id: UUID
    created_at: datetime
    updated_at: datetime


class ChosenOut(Out):
    """The words that were chosen, and what stood around them."""

    prefix: str | None
    exact: str
    suffix: str | None


class CandidateOut(Out):
    """A passage of the text as it is now. `score` says how alike it is, from 0 to 1."""

    start: int
    end: int
    prefix: str
    text: str
    suffix: str
    score: float


class ReviewOut(Out):
    """The words that were chosen, beside what the source says now.

    `now` is the first of `candidates`, which are the most alike first; null when nothing is alike.
    Offsets are those of the body, or of the current transcript when `transcript_id` says so.
    """

    state: ExcerptState
    transcript_id: UUID | None
    chosen: ChosenOut
    now: CandidateOut | None
    candidates: list[CandidateOut]


class EditOut(Out):
    """A piece of the words, and what was done to it."""

    op: Op
    text: str


class EditsOut(Out):
    """How the words that were said became the quote; nothing when it was not edited."""

    edits: list[EditOut]
