"""What everybody is told."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.core.pages import PageParams
from app.core.schemas import Out


class FiguresFilters(PageParams):
    """Which figures to list."""

    scheme_id: UUID | None = None


class SuppressedShare(Out):
    """A figure that is not told: it is about too few, or gives away one that is."""

    value: None = None
    suppressed: Literal[True] = True


class CellOut(Out):
    """One line of a table: its share of the testimonies of the period, rounded."""

    code: str
    label: str
    share: float | SuppressedShare


class TableOut(Out):
    """One table: each testimony is in one of its cells."""

    name: Literal["role", "method", "nature", "territory"]
    cells: list[CellOut]


class FiguresOut(Out):
    """The figures of a period. They were counted once, at `frozen_at`, and do not change."""

    id: UUID
    scheme_id: UUID
    number: int
    first_month: str | None = Field(
        description="`2026-10`, in UTC; null: since the scheme began.", examples=["2026-10"]
    )
    last_month: str = Field(examples=["2026-11"])
    k: int = Field(description="No share is about fewer testimonies, or fewer people.")
    testimonies: int = Field(description="That were accepted in this period, for the first time.")
    tables: list[TableOut]
    frozen_at: datetime
