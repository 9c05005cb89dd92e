"""What callers send and receive about themes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.pages import MirrorParams
from app.core.schemas import In, Out
from app.core.text import Line, Paragraph

Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Examples = Annotated[list[Line], Field(max_length=20)]


class ThemeIn(In):
    """A theme."""

    scheme_id: UUID
    name: Line
    definition: Paragraph
    examples: Examples = Field([], description="Words, or moments, that belong to it.")
    counter_examples: Examples = Field([], description="Those that seem to, and do not.")
    parent_id: UUID | None = None
    color: Color | None = None


class ThemeFilters(MirrorParams):
    """Which themes to list."""

    scheme_id: UUID | None = None
    parent_id: UUID | None = None
    retired: bool | None = Field(None, description="false: those that may be given now.")


class ThemeOut(Out):
    """A theme. `merged_into_id`: where its codings are; nothing is coded with this one any more."""

    id: UUID
    version: int
    scheme_id: UUID
    name: str
    definition: str
    examples: list[str]
    counter_examples: list[str]
    parent_id: UUID | None
    color: str | None
    retired_at: datetime | None
    merged_into_id: UUID | None
    created_at: datetime
    updated_at: datetime
