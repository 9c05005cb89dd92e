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
from typing import Any

import numpy as np
from scipy.optimize import linprog

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

    def about(self, wanted: Hashable) -> Interval:
        """The whole numbers between which this one must be: linear programming."""
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
