"""The indicators of a pack: what the team may read, counted when it is written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.exports.ids import Exported
from app.exports.pack.territories import Territories
from app.indicators.balance import balance
from app.indicators.counts import counts
from app.indicators.coverage import coverage
from app.indicators.loop import loop
from app.indicators.methods import methods
from app.indicators.picture import picture
from app.indicators.reception import reception
from app.indicators.schemas import (
    BalanceFilters,
    By,
    CorpusFilters,
    CountFilters,
    CoverageFilters,
    LoopFilters,
    Of,
    ReceptionFilters,
)
from app.indicators.tables import written
from app.indicators.voices import voices
from app.indicators.words import UNKNOWN

Found = Mapping[str, Any]
COUNTED = {
    Of.TESTIMONIES: (
        *(By.ROLE, By.AGE_BAND, By.TERRITORY, By.METHOD, By.WORKSHOP_KIND, By.MONTH),
        *(By.NATURE, By.THEME, By.SECTOR),
    ),
    Of.WITNESSES: (By.ROLE, By.AGE_BAND, By.TERRITORY),
}


@dataclass
class Figures:
    """What was found so far, by the names of the files; and the pictures of it."""

    territories: Territories
    exported: Exported
    delimiter: str
    found: dict[str, Found] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def files(self, db: Session, indicator: str, name: str, found: Found) -> Mapping[str, bytes]:
        """The table and the picture of an indicator. Its ids are those of the files."""
        self.found[name], self.pictures[name] = found, picture(db, indicator, found)
        table = written(db, indicator, found, self.delimiter, self._coded)
        return {f"{name}.csv": table, f"{name}.svg": self.pictures[name]}

    def _coded(self, dimension: str, code: str) -> str:
        if code in ("", UNKNOWN):
            return code
        if dimension == "territory":
            return self.territories.codes.get(code, "")
        return self.exported(code) if dimension in ("theme", "witness") else code

    def by_code(self, of: Of, by: By) -> dict[str, int] | None:
        """How many the team may read, by the codes of the files; None when it was not asked.

        Territories have their ids here: a region may have the code of a department.
        """
        if not (found := self.found.get(name_of(of, by))):
            return None
        cells = ((cell["keys"][0], cell["count"]) for cell in found["cells"])
        if by is By.TERRITORY:
            return {code: many for code, many in cells if code}
        return {self._coded(by, code): many for code, many in cells if code}


def name_of(of: Of, dimension: By) -> str:
    """The name of the files that count these."""
    return f"counts-{of}-{dimension}"


def asked(scheme_id: UUID, me: Caller) -> Iterator[tuple[str, str, Callable[[Session], Found]]]:
    """The indicators that `me` may see: which, the name of its files, and how it is found."""
    if Permission.STUDY not in me.permissions:
        return
    for of, dimensions in COUNTED.items():
        for dimension in dimensions:
            filters = CountFilters(scheme_id=scheme_id, of=of, by=[dimension])
            yield "counts", name_of(of, dimension), _finding(counts, filters, me)
    over = BalanceFilters(scheme_id=scheme_id, over="month")
    yield "balance", "balance", _finding(balance, over, me)
    yield "coverage", "coverage", _finding(coverage, CoverageFilters(scheme_id=scheme_id), me)
    yield "methods", "methods", _finding(methods, CorpusFilters(scheme_id=scheme_id), me)
    if Permission.READ_BUNDLES in me.permissions:
        received = ReceptionFilters(scheme_id=scheme_id)
        yield "reception", "reception", _finding(reception, received, me)
        yield "loop", "loop", _finding(loop, LoopFilters(scheme_id=scheme_id), me)
        yield "voices", "voices", _finding(voices, LoopFilters(scheme_id=scheme_id), me)


def _finding(find: Any, filters: Any, me: Caller) -> Callable[[Session], Found]:
    def found(db: Session) -> Found:
        told: Found = find(db, filters, me)
        return told

    return found
