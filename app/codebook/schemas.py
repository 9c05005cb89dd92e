"""What callers send and receive about themes."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.pages import MirrorParams
from app.core.schemas import In, Out
from app.core.text import Line, Paragraph, Prose

LONGEST_FILE = 250_000  # code points

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


class Entry(In):
    """A theme as a file tells it: by its name, in another of this name. What is unset is untold."""

    name: Line
    parent: Line | None = None
    definition: Paragraph | None = None
    examples: Examples = []
    counter_examples: Examples = []
    color: Color | None = None
    retired: bool = False


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


class Format(StrEnum):
    """How a codebook is written."""

    CSV = "csv"
    QDC = "qdc"


class ImportIn(In):
    """A codebook as a file: its text, and how it is written."""

    format: Format
    content: Annotated[str, Prose(LONGEST_FILE)]


class ImportParams(In):
    """Whether to try only."""

    dry_run: bool = Field(False, description="Change nothing: say what would be done.")


class Outcome(StrEnum):
    """What became of a theme of a file. `left`: it was so already, or was merged."""

    CREATED = "created"
    CHANGED = "changed"
    LEFT = "left"


class ImportedThemeOut(Out):
    """What became of a theme: the `line` of the file that tells it, and what of it changed."""

    line: int
    name: str
    outcome: Outcome
    fields: list[str]


class ImportOut(Out):
    """What an import did, or with `dry_run` would do."""

    dry_run: bool
    created: int
    changed: int
    left: int
    themes: list[ImportedThemeOut]
