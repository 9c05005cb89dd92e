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

HEADER = ("code", "level", "name", "within", "counted_in", "within_level", "counted_in_level")


class Place(NamedTuple):
    """A territory: `within` and `counted_in` are codes of others, at the levels beside them."""

    id: UUID
    code: str
    level: Level
    name: str
    within: str | None
    counted_in: str | None
    within_level: Level | None
    counted_in_level: Level | None
    counted_in_id: UUID | None


@dataclass(frozen=True)
class Territories:
    """All of them. A region may have the code of a department: a level tells them apart."""

    all: Sequence[Place]

    @cached_property
    def coarse(self) -> dict[tuple[str, str], str]:
        """The id of the department, or else region, where each code and level is counted."""
        return {
            (place.code, place.level): str(place.counted_in_id)
            for place in self.all
            if place.counted_in_id
        }

    @cached_property
    def codes(self) -> dict[str, str]:
        """The code of each id."""
        return {str(place.id): place.code for place in self.all}

    @cached_property
    def names(self) -> dict[str, str]:
        """What each id is called, its code too, in the order of the table."""
        return {str(place.id): f"{place.name} ({place.code})" for place in self.all}

    def rows(self) -> Iterator[Sequence[str]]:
        """The rows of a table, their heading first."""
        yield HEADER
        for _, *cells, _ in self.all:
            yield [cell or "" for cell in cells]


def read(db: Session) -> Territories:
    """All of them, in the order of their codes."""
    near = all_coarse().subquery("near")
    above, coarse = aliased(Territory), aliased(Territory)
    told: Sequence[Any] = (Territory.id, Territory.code, Territory.level, Territory.name)
    rows = (
        select(*told, above.code, coarse.code, above.level, coarse.level, coarse.id)
        .outerjoin(above, above.id == Territory.parent_id)
        .outerjoin(near, near.c.id == Territory.id)
        .outerjoin(coarse, coarse.id == near.c.coarse_id)
        .order_by(Territory.code, Territory.level)
    )
    return Territories([Place._make(row) for row in db.execute(rows)])
