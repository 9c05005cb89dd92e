"""Somebody who has all the public tables, and works out what they do not tell.

What they know, and what is taken for granted against us: the closed list of each table and its
order, the total of the period, k, every share and how it was rounded; that counts are whole, that
nothing told is below k, that each testimony is in one cell of each table. Of the rule by which
cells are hidden, `linear` uses none of it, and `knowing` all of it.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import ceil, floor, inf
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linprog

from app.core.figures import OTHER, SUPPRESSED
from app.testimonies.heard import NATURE

SMALL = 1e-6
Interval = tuple[int, int]


@dataclass
class Knowledge:
    """Unknown numbers that are not negative, and what is known of sums of them."""

    names: list[Hashable]
    sums: list[tuple[Mapping[Hashable, float], float, float]]  # between these two

    @cached_property
    def _limits(self) -> tuple[Any, Any]:
        place = {name: n for n, name in enumerate(self.names)}
        rows: list[Any] = []
        limits: list[float] = []
        for factors, least, most in self.sums:
            row = np.zeros(len(place))
            row[[place[name] for name in factors]] = list(factors.values())
            if most < inf:
                rows.append(row)
                limits.append(most)
            if least > -inf:
                rows.append(-row)
                limits.append(-least)
        return np.array(rows), np.array(limits)

    @cached_property
    def _parts(self) -> dict[Hashable, "Knowledge"]:
        """Of each number, all that sums tie to it, by others too: the rest says nothing of it."""
        tied = {name: frozenset([name]) for name in self.names}
        for factors, *_ in self.sums:
            together = frozenset().union(*(tied[name] for name in factors))
            tied |= dict.fromkeys(together, together)
        parts = {names: Knowledge([*names], []) for names in tied.values()}
        for one in self.sums:
            parts[tied[next(iter(one[0]))]].sums.append(one)
        return {name: parts[names] for name, names in tied.items()}

    def about(self, wanted: Hashable) -> Interval:
        """The whole numbers between which this one must be: linear programming."""
        return self._parts[wanted]._solved(wanted)

    def _solved(self, wanted: Hashable) -> Interval:
        rows, limits = self._limits
        goal = np.zeros(len(self.names))
        goal[self.names.index(wanted)] = 1
        ends = []
        for sign in (1, -1):
            found = linprog(sign * goal, A_ub=rows, b_ub=limits, bounds=(0, None))
            assert found.success, found.message
            ends.append(sign * found.fun)
        return ceil(ends[0] - SMALL), floor(ends[1] + SMALL)


def linear(figures: Mapping[str, Any], step: float) -> Knowledge:
    """What is known of the cells `(table, code)` of the figures of one period."""
    total, k = figures["testimonies"], figures["k"]
    known = Knowledge([], [])
    for table in figures["tables"]:
        cells = [(table["name"], cell["code"]) for cell in table["cells"]]
        known.names += cells
        known.sums.append((dict.fromkeys(cells, 1.0), total, total))
        for name, cell in zip(cells, table["cells"], strict=True):
            share = cell["share"]
            if isinstance(share, dict):
                continue
            least, most = (share - step / 2) * total, (share + step / 2) * total
            if not share and most < k:
                most = 0  # it would be hidden if it were somebody
            known.sums.append(({name: 1.0}, max(least, k if share else 0), most))
    return known


def waited(figures: Mapping[str, Any], step: float, fewer: int) -> Knowledge:
    """The same, and of each cell `(table, code, "waited")`: its part when a month before ended.

    It ended with fewer than this in all, or they would not have waited.
    """
    known, all_ = linear(figures, step), "waited"
    known.sums.append(({all_: 1.0}, 0, fewer - 1))
    for table in figures["tables"]:
        cells = [(table["name"], cell["code"]) for cell in table["cells"]]
        parts = [(*cell, "waited") for cell in cells]
        known.names += parts
        known.sums.append((dict.fromkeys(parts, 1.0) | {all_: -1.0}, 0, 0))
        known.sums += [
            ({part: 1.0, cell: -1.0}, -inf, 0) for part, cell in zip(parts, cells, strict=True)
        ]
    known.names.append(all_)
    return known


# Who reads releases too


class Read(NamedTuple):
    """A release, as its readers have it: `told` is `{k, balance}`; they count the passages.

    `lost` is how many of the passages of the release before are not in it any more, none added.
    """

    told: Mapping[str, Any]
    passages: int
    lost: int = 0

    def tells(self, table: str, code: str) -> bool:
        """Whether the share of a cell that is not empty is there."""
        return isinstance(self.told["balance"][table].get(code) or None, float)


def everything(
    periods: Sequence[Mapping[str, Any]],
    releases: Sequence[Read],
    step: float,
    *,
    of_panels: float | None = None,
    believes: bool = False,
) -> Knowledge:
    """What is known of all tables of all periods, and of all panels of the releases of a bundle.

    Of the cells `(period, table, code)`; `("release", n, table, code)`; and of those whose passage
    was lost since the release before, `("lost", n, table, code)`. Taken for granted against us:
    every passage is of a testimony that was accepted in one of these periods.

    How many passages are of one testimony is not told, and a passage has a nature of its own. Who
    `believes` takes it for granted that each passage is a whole testimony, none of them twice.
    """
    known = Knowledge([], [])
    codes = {t["name"]: [cell["code"] for cell in t["cells"]] for t in periods[0]["tables"]}
    for number, figures in enumerate(periods):
        one = linear(figures, step)
        known.names += [(number, *_tuple(name)) for name in one.names]
        known.sums += [
            ({(number, *_tuple(name)): n for name, n in factors.items()}, least, most)
            for factors, least, most in one.sums
        ]
    for number, read in enumerate(releases):
        for table, listed in codes.items():
            cells: dict[str, Hashable] = {c: ("release", number, table, c) for c in listed}
            known.names += cells.values()
            known.sums.append((dict.fromkeys(cells.values(), 1.0), read.passages, read.passages))
            known.sums += _of_panel(read, table, cells, step if of_panels is None else of_panels)
            known.sums += _before(known, read, number, table, listed) if number else []
            if believes:
                known.sums += _of_testimonies(known, number, table, listed, len(periods))
            elif table != NATURE:
                known.sums += _of_somebody(read, table, listed, len(periods))
    return known


def _tuple(name: Hashable) -> tuple[Hashable, ...]:
    assert isinstance(name, tuple)
    return name


def _of_panel(
    read: Read, table: str, cells: Mapping[str, Hashable], step: float
) -> Iterator[tuple[Mapping[Hashable, float], float, float]]:
    panel, k = read.told["balance"][table], read.told["k"]
    for code, cell in cells.items():
        share = panel.get(code, SUPPRESSED if OTHER in panel else 0)
        if not share:
            yield {cell: 1.0}, 0, 0
        elif share != SUPPRESSED:
            least, most = (share - step / 2) * read.passages, (share + step / 2) * read.passages
            yield {cell: 1.0}, max(least, k), most


def _before(
    known: Knowledge, read: Read, number: int, table: str, codes: Iterable[str]
) -> Iterator[tuple[Mapping[Hashable, float], float, float]]:
    """The release before is this one, and what was lost."""
    gone = {code: ("lost", number, table, code) for code in codes}
    known.names += gone.values()
    yield dict.fromkeys(gone.values(), 1.0), read.lost, read.lost
    for code, cell in gone.items():
        here, before = (("release", n, table, code) for n in (number, number - 1))
        yield {before: 1.0, here: -1.0, cell: -1.0}, 0, 0


def _of_somebody(
    read: Read, table: str, codes: Iterable[str], periods: int
) -> Iterator[tuple[Mapping[Hashable, float], float, float]]:
    """Of a cell that is told, somebody is in that of a period; of one that is not, nobody knows."""
    for code in codes:
        if read.tells(table, code):
            yield {(period, table, code): 1.0 for period in range(periods)}, 1, inf


def _of_testimonies(
    known: Knowledge, number: int, table: str, codes: Iterable[str], periods: int
) -> Iterator[tuple[Mapping[Hashable, float], float, float]]:
    """Of each cell, its passages are as many testimonies, of these periods."""
    for code in codes:
        parts = [("part", number, period, table, code) for period in range(periods)]
        known.names += parts
        cell = ("release", number, table, code)
        yield dict.fromkeys(parts, 1.0) | {cell: -1.0}, 0, 0
        for period, part in enumerate(parts):
            yield {part: 1.0, (period, table, code): -1.0}, -inf, 0


# Who tries every world

World = tuple[int, ...]
Output = Hashable


def worlds(cells: int, total: int) -> Iterator[World]:
    """Every way to put so many into so many cells."""
    for first in product(range(total + 1), repeat=cells - 1):
        if sum(first) <= total:
            yield (*first, total - sum(first))


def knowing(every: Iterable[World], told: Callable[[World], Output]) -> dict[Output, list[World]]:
    """Of all worlds that are, those that give the same output: more than that nobody can know."""
    alike: dict[Output, list[World]] = {}
    for world in every:
        alike.setdefault(told(world), []).append(world)
    return alike


def width(possible: Sequence[World], cell: int) -> int:
    """How much the attacker does not know of this cell."""
    counts = [world[cell] for world in possible]
    return max(counts) - min(counts)
