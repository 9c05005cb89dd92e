"""What callers send and receive about places and territories."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.pages import PageParams
from app.core.schemas import In, Out
from app.core.text import Line
from app.places.models import Level, PlaceKind


class TerritoryIn(In):
    """A territory, by its INSEE code."""

    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{0,19}$")]
    name: Line
    level: Level
    parent_id: UUID | None = None


class TerritoryFilters(PageParams):
    """Which territories to list."""

    within: UUID | None = Field(None, description="This territory, and all that lie within it.")
    level: list[Level] = []


class TerritoryOut(Out):
    """A territory."""

    id: UUID
    version: int
    code: str
    name: str
    level: Level
    parent_id: UUID | None


class PlaceIn(In):
    """A place."""

    name: Line
    kind: PlaceKind
    organization_id: UUID
    territory_id: UUID
    seats: int | None = Field(None, ge=1, le=10_000, strict=True)


class PlaceFilters(PageParams):
    """Which places to list."""

    kind: list[PlaceKind] = []
    organization_id: UUID | None = None
    territory_id: UUID | None = Field(None, description="In this territory, or within it.")


class PlaceOut(Out):
    """A place."""

    id: UUID
    version: int
    name: str
    kind: PlaceKind
    organization_id: UUID
    territory_id: UUID
    seats: int | None
    created_at: datetime
    updated_at: datetime
