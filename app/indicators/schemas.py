"""What callers ask of indicators, and the tables that they receive.

Tables are long: a row for each cell, with its coordinates first.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.core.schemas import MAX_INT, Day, In, Out
from app.core.text import Code, Word
from app.moderation.speech import Level
from app.reactions.models import Commitment
from app.releases.schemas import ReleaseFilters
from app.testimonies.models import Nature
from app.testimonies.schemas import TestimonyFilters


class CorpusFilters(In):
    """Which testimonies to count: of those that were accepted, and that you may read."""

    scheme_id: UUID | None = None
    workshop_id: UUID | None = None
    place_id: UUID | None = None
    territory_id: UUID | None = Field(None, description="In this territory, or within it.")
    role: list[Code] = Field([], description="One of the witnesses has one of these roles.")
    method: list[Code] = []
    theme_id: list[UUID] = []
    tag: list[Word] = []
    recorded_from: Day | None = None
    recorded_to: Day | None = None

    def of_testimonies(self) -> TestimonyFilters:
        """The same, as the list of testimonies is asked."""
        asked = {name: getattr(self, name) for name in CorpusFilters.model_fields}
        return TestimonyFilters.model_construct(**asked)


class BalanceFilters(CorpusFilters):
    """Which testimonies to count, and whether month by month."""

    over: Literal["month"] | None = Field(None, description="Months of recording, besides all.")


class By(StrEnum):
    """What may be counted by. A territory is the department, or else the region, of the words."""

    ROLE = "role"
    METHOD = "method"
    NATURE = "nature"
    TERRITORY = "territory"
    PLACE = "place"
    SECTOR = "sector"
    THEME = "theme"
    MONTH = "month"
    WORKSHOP_KIND = "workshop_kind"
    AGE_BAND = "age_band"


class Of(StrEnum):
    """What may be counted: testimonies, or what belongs to them."""

    TESTIMONIES = "testimonies"
    EXCERPTS = "excerpts"
    WITNESSES = "witnesses"
    WORKSHOPS = "workshops"


def _once(by: list[By]) -> list[By]:
    if len(set(by)) < len(by):
        raise PydanticCustomError("by_twice", "A dimension is named twice")
    return by


class CountFilters(CorpusFilters):
    """Which testimonies to count, what of them, and by what."""

    of: Of = Field(Of.TESTIMONIES, description="What is counted.")
    by: Annotated[list[By], AfterValidator(_once)] = Field(
        [By.ROLE], min_length=1, max_length=2, description="One or two dimensions."
    )


class CoverageFilters(In):
    """Whom to count: those who were heard of a scheme, in these days."""

    scheme_id: UUID | None = Field(None, description="Without it: all schemes together.")
    recorded_from: Day | None = None
    recorded_to: Day | None = None


class Suppressed(Out):
    """A figure that is not told, for it is about too few."""

    value: None = None
    suppressed: Literal[True] = True


Count = int | Suppressed
Share = float | Suppressed | None


class Told(Out):
    """When it was counted, and how it is told: `k` is 0, or no cell below it is told."""

    counted_at: datetime
    k: int


class CountCell(Out):
    """How many of these codes, one for each dimension; null is all of them.

    The share is in the total; of two codes, in those of the first.
    """

    keys: list[str | None]
    count: Count
    share: Share


class CountsOut(Told):
    """How many, by one or two dimensions. A cell that is not there has nobody."""

    of: Of
    by: list[By]
    cells: list[CountCell]


class BalanceTotal(Out):
    """How many were counted; in all, when `month` is null."""

    of: Literal["excerpts", "testimonies"]
    month: str | None
    count: Count


class BalanceCell(BalanceTotal):
    """How many of one nature, and their share in the total."""

    nature: Nature | Literal["unknown"]
    share: Share


class BalanceOut(Told):
    """Practices beside feelings: excerpts, and testimonies, by nature."""

    over: Literal["month"] | None
    totals: list[BalanceTotal]
    cells: list[BalanceCell]


class MethodCell(Out):
    """Testimonies of one method; how many of them somebody assessed."""

    method: str
    count: Count
    share: Share
    assessed: Count


class RoleCell(Out):
    """Testimonies in which somebody of this role speaks; how many of them somebody assessed."""

    role: str
    count: Count
    share: Share
    assessed: Count


class MethodRoleCell(Out):
    """Testimonies of this method in which somebody of this role speaks."""

    method: str
    role: str
    count: Count
    share: Share


class CandorCell(Out):
    """Assessed testimonies of one level, and their share in those that were assessed."""

    level: Level
    count: Count
    share: Share


class MethodCandorCell(CandorCell):
    """The same of one method."""

    method: str


class RoleCandorCell(CandorCell):
    """The same of those in which somebody of this role speaks."""

    role: str


class MethodsOut(Told):
    """What each method brought, from whom, and how freely it was said."""

    testimonies: Count
    assessed: Count
    methods: list[MethodCell]
    roles: list[RoleCell]
    methods_by_role: list[MethodRoleCell]
    candor: list[CandorCell]
    candor_by_method: list[MethodCandorCell]
    candor_by_role: list[RoleCandorCell]


class LoopFilters(ReleaseFilters):
    """Which releases to count."""


class ReceptionFilters(LoopFilters):
    """Which releases to count what recipients did with."""


class ReceptionCell(Out):
    """What recipients did and said, of one form and audience; null is all of them."""

    form: str | None
    audience: str | None
    deliveries: Count
    opened: Count
    acknowledged: Count
    answered: Count
    reactions: Count
    rated: Count
    mean_form_rating: Share
    understood_said: Count
    understood_share: Share
    surprised_said: Count
    surprised_share: Share
    commitments: dict[Commitment, Count]


class ReceptionOut(Told):
    """Which form moved whom."""

    cells: list[ReceptionCell]


class LoopStage(Out):
    """How many witnesses got as far, and their share in those whose words are in a release now."""

    stage: Literal["delivered", "opened", "acknowledged", "answered", "looked"]
    count: Count
    share: Share


class LoopOut(Told):
    """How far what became of their words came back to those who spoke."""

    witnesses: Count
    stages: list[LoopStage]


class TargetIn(In):
    """How many witnesses of a role a scheme wants to hear in a department."""

    role: Code
    territory_id: UUID = Field(description="A department.")
    witnesses: int = Field(ge=1, le=MAX_INT, strict=True)


class TargetOut(Out):
    """The same, as every account sees it."""

    role: str
    territory_id: UUID
    witnesses: int


class OverusedVoice(Out):
    """Somebody who speaks in too much of a bundle; `witness_id` is for who composes alone."""

    witness_id: UUID | None
    bundles: int
    passages: int
    largest_share: float


class CoverageCell(Out):
    """Witnesses of this role heard in this department, beside the target; null is unknown."""

    role: str
    territory_id: UUID | None
    target: int | None
    witnesses: Count
    testimonies: Count
    gap: Count | None


class MissingCell(Out):
    """Nobody of this role was heard there."""

    role: str
    territory_id: UUID | None
    target: int | None


class CoverageOut(Told):
    """Who was heard, and who is missing. `overused` is for who reads bundles."""

    has_targets: bool
    witnesses: Count
    testimonies: Count
    cells: list[CoverageCell]
    missing: list[MissingCell]
    overused: list[OverusedVoice] | None


class VoicesBand(Out):
    """How many voices are quoted so often, and their share in all that were heard."""

    of: Literal["bundles", "releases"]
    band: Literal["never", "1", "2-3", "4-9", "10+"]
    count: Count
    share: Share


class VoicesSummary(Out):
    """How many voices are quoted, in how many passages in all, and how unequally."""

    of: Literal["bundles", "releases"]
    heard: Count
    quoted: Count
    passages: Count
    top_share: Share
    gini: Share


class VoicesOut(Told):
    """Whose voice is heard more than others'."""

    witnesses: Count
    summaries: list[VoicesSummary]
    bands: list[VoicesBand]
    overused: list[OverusedVoice]


class Format(StrEnum):
    """How an indicator is written, besides JSON."""

    CSV = "csv"
    SVG = "svg"
