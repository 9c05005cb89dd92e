"""The closed list of tables, and how a count of testimonies becomes one.

Each testimony is in one cell of each table, so that the cells add up to the testimonies: who spoke
with somebody of another role is in `several`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.core.figures import SUPPRESSED, concealed, nearest
from app.core.settings import settings

ROLE, METHOD, NATURE, TERRITORY = "role", "method", "nature", "territory"
SEVERAL, UNKNOWN = "several", "unknown"
EMPLOYERS = {"employer", "prospective_employer", "low_qualification_employer"}
Lists = Mapping[str, Mapping[str, str]]  # of each table the French labels of its cells, by code


@dataclass(frozen=True)
class Speaker:
    """Somebody who spoke. Employers of one organization are one employer."""

    witness_id: UUID
    role: str
    organization_id: UUID | None

    @property
    def employer(self) -> UUID | None:
        """The employer for whom they speak."""
        return self.organization_id or self.witness_id if self.role in EMPLOYERS else None


@dataclass
class Told:
    """One testimony: its cell in each table, and who spoke."""

    cells: dict[str, str]
    speakers: list[Speaker]


@dataclass
class Cell:
    """Who is in a cell."""

    count: int = 0
    people: set[UUID] = field(default_factory=set)
    employers: Counter[UUID] = field(default_factory=Counter)

    def add(self, told: Told) -> None:
        self.count += 1
        self.people.update(speaker.witness_id for speaker in told.speakers)
        employers = {speaker.employer for speaker in told.speakers}
        self.employers.update(one for one in employers if one)

    def is_unsafe(self, code: str) -> bool:
        """Too few people; too few employers, or one who is nearly all of it."""
        known = settings()
        if not self.count:
            return False  # its count says enough
        if code in EMPLOYERS and len(self.employers) < known.figures_employers_min:
            return True
        largest = max(self.employers.values(), default=0)
        is_dominated = largest > known.figures_employer_share_max * self.count
        return is_dominated or len(self.people) < known.figures_k_public


def role_of(speakers: Iterable[Speaker]) -> str:
    """The role of who spoke, or `several`."""
    roles = {speaker.role for speaker in speakers}
    return roles.pop() if len(roles) == 1 else SEVERAL


def is_enough(told: Sequence[Told]) -> bool:
    """Whether a period of these testimonies can be published: of 2k, by k people."""
    k = settings().figures_k_public
    people = {speaker.witness_id for one in told for speaker in one.speakers}
    return len(told) >= 2 * k and len(people) >= k


def tables_of(told: Sequence[Told], lists: Lists) -> list[dict[str, Any]]:
    """The tables: `{name, cells: [{code, label, share}]}`, all that was listed in its order."""
    return [_table(name, labels, told) for name, labels in lists.items()]


def _table(name: str, labels: Mapping[str, str], told: Sequence[Told]) -> dict[str, Any]:
    cells = {code: Cell() for code in labels}
    for one in told:
        cells[one.cells[name]].add(one)
    counts = {code: cell.count for code, cell in cells.items()}
    unsafe = {code for code, cell in cells.items() if cell.is_unsafe(code)}
    hidden = concealed(counts, settings().figures_k_public, unsafe)
    return {
        "name": name,
        "cells": [
            {
                "code": code,
                "label": label,
                "share": SUPPRESSED if code in hidden else nearest(counts[code] / len(told)),
            }
            for code, label in labels.items()
        ],
    }
