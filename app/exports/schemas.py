"""What callers send and receive about exports: the filters of the lists, and the dictionary."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BeforeValidator, Field

from app.bundles.schemas import BundleFilters
from app.codebook.schemas import ThemeFilters
from app.core.pages import PageParams
from app.core.schemas import In, Out
from app.core.text import Line, as_utf8
from app.excerpts.schemas import ExcerptFilters
from app.moderation.schemas import DecisionFilters
from app.propositions.schemas import PropositionFilters
from app.reactions.schemas import ReactionFilters
from app.releases.schemas import ReleaseFilters
from app.testimonies.schemas import TestimonyFilters
from app.witnesses.schemas import WitnessFilters
from app.workshops.schemas import WorkshopFilters


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"


class Type(StrEnum):
    """What the cells of a column hold; in tables the values of a plural are joined by `|`."""

    ID = "id"
    IDS = "ids"
    TEXT = "text"
    TEXTS = "texts"
    CODE = "code"
    CODES = "codes"
    MONTH = "month"
    INTEGER = "integer"
    BOOLEAN = "boolean"


PurposeHeader = Annotated[Line, BeforeValidator(as_utf8)]


ABOUT = {"purpose", "follow_up"}  # what is no filter


class Whole(PageParams):
    """What an export asks for besides the filters of a list: why, and no pages."""

    limit: int = Query(50, include_in_schema=False)
    cursor: str | None = Query(None, include_in_schema=False)
    count: bool = Query(False, include_in_schema=False)
    purpose: Line | None = Field(
        None, description="What the export is for: needed here or in `X-Export-Purpose`."
    )
    follow_up: bool = Field(
        False,
        description="Whether ids are the same in all your exports that ask it: needs a right.",
    )

    @property
    def paging(self) -> list[str]:
        """The parameters of pages that were sent all the same."""
        return sorted(self.model_fields_set & PageParams.model_fields.keys())

    def told(self) -> dict[str, Any]:
        """The filters that were sent, as the audit log keeps them."""
        return self.model_dump(mode="json", exclude_unset=True, exclude=ABOUT)

    def asked(self) -> dict[str, Any]:
        """The same, whose ids are still ids."""
        return self.model_dump(exclude_unset=True, exclude=ABOUT)


class TestimonyExport(Whole, TestimonyFilters):
    """Which testimonies to export, and why."""


class ExcerptExport(Whole, ExcerptFilters):
    """Which excerpts to export, and why."""


class WitnessExport(Whole, WitnessFilters):
    """Which witnesses to export, and why."""


class WorkshopExport(Whole, WorkshopFilters):
    """Which workshops to export, and why."""


class ThemeExport(Whole, ThemeFilters):
    """Which themes to export, and why."""


class DecisionExport(Whole, DecisionFilters):
    """Which decisions to export, and why."""


class ReactionExport(Whole, ReactionFilters):
    """Which reactions to export, and why."""


class PropositionExport(Whole, PropositionFilters):
    """Which propositions to export, and why."""


class BundleExport(Whole, BundleFilters):
    """Which bundles to export, and why."""


class ReleaseExport(Whole, ReleaseFilters):
    """Which releases to export, and why."""


class CodebookExport(In):
    """Which codebook to export, and why."""

    scheme_id: UUID | None = Field(None, description="Needed.")
    purpose: Line | None = Field(
        None, description="What the export is for: needed here or in `X-Export-Purpose`."
    )


class ProjectExport(CodebookExport):
    """Which scheme to export as a whole, with which recordings, and why."""

    media: bool = Field(
        False,
        description="The recordings too: those of which everybody in them permits it.",
    )


class PackExport(CodebookExport):
    """Which scheme to evaluate, and why."""

    follow_up: bool = Field(
        False,
        description="Whether ids are the same in all your exports that ask it: needs a right.",
    )


class ColumnOut(Out):
    """A column of a dataset. `values` are the only ones it takes; null when any is possible.

    `source` says where it comes from: a list of the API and its field, then the rule, if any.
    """

    name: str
    label_fr: str
    label_en: str
    type: Type
    unit: str | None
    values: list[str] | None
    source: str


class DictionaryOut(Out):
    """The columns of a dataset, in their order."""

    dataset: str
    columns: list[ColumnOut]
