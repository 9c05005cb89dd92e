"""What callers ask and receive."""

from uuid import UUID

from pydantic import Field

from app.core.schemas import Out
from app.testimonies.schemas import TestimonyFilters
from app.textindex.models import TextKind


class SearchFilters(TestimonyFilters):
    """What to look for, and in which testimonies. Without a question nothing is found."""

    kind: list[TextKind] = Field([], description="Words of these only.")


class Hit(Out):
    """Something that says what was looked for; `ranges` are code points of `snippet`."""

    kind: TextKind
    id: UUID
    testimony_id: UUID
    title: str | None
    snippet: str
    ranges: list[tuple[int, int]]
    score: float = Field(description="2: said in the title or a tag; 1: said in the words.")


class FacetsOut(Out):
    """How many of the testimonies found are of each sort; null is fewer than may be told."""

    counted: int | None = Field(description="Testimonies counted: the newest found, at most 500.")
    complete: bool = Field(description="Whether that is all of them.")
    role: dict[str, int | None]
    method: dict[str, int | None]
    nature: dict[str, int | None]
    theme: dict[str, int | None]
    territory: dict[str, int | None]
