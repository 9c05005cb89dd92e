"""What callers send and receive about themes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.pages import MirrorParams
from app.core.schemas import In, Out
from app.core.text import Line, Paragraph


class ThemeIn(In):
    """A theme."""

    scheme_id: UUID
    name: Line
    definition: Paragraph
    parent_id: UUID | None = None
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None


class ThemeFilters(MirrorParams):
    """Which themes to list."""

    scheme_id: UUID | None = None
    parent_id: UUID | None = None


class ThemeOut(Out):
    """A theme."""

    id: UUID
    version: int
    scheme_id: UUID
    name: str
    definition: str
    parent_id: UUID | None
    color: str | None
    created_at: datetime
    updated_at: datetime
