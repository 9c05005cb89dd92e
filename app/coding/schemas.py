"""What callers send and receive about codings."""

from uuid import UUID

from app.core.pages import PageParams
from app.core.schemas import In, Out


class MergeIn(In):
    """Which theme takes over the codings of another."""

    into: UUID


class CodingFilters(PageParams):
    """Of which themes to count the codings."""

    scheme_id: UUID | None = None


class CodingOut(Out):
    """How much of what you may read is coded with a theme: with itself, not with those within."""

    made_of = ("id",)

    theme_id: UUID
    name: str
    testimonies: int
    excerpts: int
