"""The territories that codes in the files stand for: a public list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.places.models import Level, Territory
from app.places.service import all_coarse

HEADER = ("code", "level", "name", "within", "counted_in")


class Place(NamedTuple):
    """A territory: `within` and `counted_in` are codes of others."""

    id: UUID
    code: str
    level: Level
    name: str
    within: str | None
    counted_in: str | None


@dataclass(frozen=True)
class Territories:
    """All of them, by their codes. A region may have a department's: the department is meant."""

    all: Sequence[Place]

    @cached_property
    def coarse(self) -> dict[str, str]:
        """In which department, or else region, each code is counted."""
        return {place.code: place.counted_in for place in self._coded if place.counted_in}

    @cached_property
    def codes(self) -> dict[str, str]:
        """The code of each id."""
        return {str(place.id): place.code for place in self.all}

    @cached_property
    def names(self) -> dict[str, str]:
        """What each code is called."""
        return {place.code: place.name for place in self._coded}

    @property
    def _coded(self) -> Sequence[Place]:
        """Regions first, so that what is smaller has the last word."""
        return sorted(self.all, key=lambda place: place.level is not Level.REGION)

    def rows(self) -> Iterator[Sequence[str]]:
        """The rows of a table, their heading first."""
        yield HEADER
        for _, code, level, name, within, counted_in in self.all:
            yield code, level, name, within or "", counted_in or ""


def read(db: Session) -> Territories:
    """All of them, by their codes."""
    near = all_coarse().subquery("near")
    above, coarse = aliased(Territory), aliased(Territory)
    told: Sequence[Any] = (Territory.id, Territory.code, Territory.level, Territory.name)
    rows = (
        select(*told, above.code, coarse.code)
        .outerjoin(above, above.id == Territory.parent_id)
        .outerjoin(near, near.c.id == Territory.id)
        .outerjoin(coarse, coarse.id == near.c.coarse_id)
        .order_by(Territory.code, Territory.level)
    )
    return Territories([Place._make(row) for row in db.execute(rows)])
