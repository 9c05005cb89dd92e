"""Figures for everybody, and somebody who has all of them: of nobody do they learn anything."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from app.core.figures import SUPPRESSED, concealed, nearest
from app.figures.tables import is_enough, tables_of
from app.testimonies.heard import NATURE, Told
from tests.figures.attacker import World, knowing, linear, waited, width, worlds
from tests.figures.worlds import LISTS, counted, figures_of, month_of

K, STEP = 11, 0.05
SEEDS = range(50)


def published(told: list[Told]) -> dict[str, Any]:
    return figures_of(tables_of(told, LISTS), len(told), K)


def naive(told: list[Told], step: float) -> dict[str, Any]:
    """What is hidden of these is below k, and nothing else."""
    counts = counted(told)

    def share(name: str, code: str) -> Any:
        exact = counts[name, code] / len(told)
        return SUPPRESSED if 0 < counts[name, code] < K else nearest(exact) if step else exact

    tables = [
        {"name": name, "cells": [{"code": code, "share": share(name, code)} for code in codes]}
        for name, codes in LISTS.items()
    ]
    return figures_of(tables, len(told), K)


def narrow(
    told: list[Told], figures: dict[str, Any], step: float = STEP
) -> Iterator[tuple[int, int]]:
    """The cells of few that this attacker knows better than from 0 to k - 1, or so."""
    known = linear(figures, step)
    for cell, count in counted(told).items():
        if 0 < count < K:
            least, most = known.about(cell)
            assert least <= count <= most, "the attacker is no fool"
            if most - least < K - 1:
                yield least, most


QUICK = 10  # worlds of every run; the others are seen in the slow one
WORLDS = [pytest.param(n, marks=[pytest.mark.slow] if n >= QUICK else []) for n in SEEDS]


@pytest.mark.parametrize("seed", WORLDS)
def test_no_cell_of_few_is_known(seed: int) -> None:
    """Two months, which have no testimony in common: all that is known of one is its own tables.

    What one month adds to all that was heard before is a cell of its tables, too.
    """
    chance = Random(seed)
    for told in (month_of(chance), month_of(chance)):
        assert not list(narrow(told, published(told)))


def test_the_same_attacker_would_know_cells_that_are_only_hidden_when_they_are_small() -> None:
    """Better than from 0 to k - 1, in shares that are rounded; exactly, in others."""
    beaten = 0
    for seed in range(QUICK):
        told = month_of(Random(seed), many=40)
        beaten += bool(list(narrow(told, naive(told, STEP))))
    assert beaten > QUICK / 2
    told = month_of(Random(0))
    for number, one in enumerate(told):
        one.cells[NATURE] = "idea" if number < 3 else "practice"
    assert (3, 3) in set(narrow(told, naive(told, 0), 0))
    assert not list(narrow(told, published(told)))


def test_something_is_told_all_the_same() -> None:
    """In most worlds of some size; a table of nothing but hidden cells would be safe as well."""
    told = 0
    for seed in SEEDS:
        tables = published(month_of(Random(seed), few=60))["tables"]
        told += sum(any(c["share"] != SUPPRESSED for c in t["cells"]) for t in tables)
    assert told > 2 * len(SEEDS), f"{told} of {4 * len(SEEDS)} tables"


@pytest.mark.parametrize("seed", WORLDS[5 : QUICK + 5])
def test_nor_is_a_month_that_was_not_enough_and_waited_for_the_next(seed: int) -> None:
    """That it waited says that it was less than 2k; what it had of each cell stays unknown."""
    chance = Random(seed)
    before = month_of(chance, 14, 2 * K - 1)
    assert not is_enough(before)
    known = waited(published([*before, *month_of(chance)]), STEP, fewer=2 * K)
    for cell, count in counted(before).items():
        if 0 < count < K:
            least, most = known.about((*cell, "waited"))
            assert most - least >= K - 1, (cell, count, least, most)


# Who knows the rule as well


def told_of(k: int, unsafe: tuple[str, ...] = ()) -> Any:
    """What is told of a world of one list: exact counts, which is more than shares."""

    def told(world: World) -> Any:
        counts = {str(code): count for code, count in enumerate(world)}
        hidden = concealed(counts, k, [code for code in unsafe if counts[code] >= k])
        return tuple(None if code in hidden else count for code, count in counts.items())

    return told


@pytest.mark.parametrize(("cells", "k", "most"), [(2, 4, 30), (3, 4, 30), (4, 4, 22), (5, 3, 15)])
def test_who_knows_the_rule_and_tries_every_world_learns_no_more(
    cells: int, k: int, most: int
) -> None:
    """Every list of so many cells, of every total: not one cell of few is known any better."""
    for total in range(k - 1, most + 1):
        for output, alike in knowing(worlds(cells, total), told_of(k)).items():
            _is_unknown(output, alike, k, total)


def test_nor_when_a_cell_is_hidden_for_another_reason() -> None:
    """One employer is nearly all of it, or not: both are possible of every world."""
    k = 4
    for total in range(k - 1, 20):
        both = knowing(worlds(4, total), told_of(k))
        for output, alike in knowing(worlds(4, total), told_of(k, ("1",))).items():
            _is_unknown(output, [*alike, *both.get(output, [])], k, total)


def _is_unknown(output: Any, alike: list[World], k: int, total: int) -> None:
    for cell, told in enumerate(output):
        if any(0 < world[cell] < k for world in alike):
            assert told is None
            found = width(alike, cell)
            assert found >= k - 1, f"{output} of {total}: cell {cell}, {alike}"


def test_who_knows_the_rule_learns_more_when_the_smallest_goes_too() -> None:
    """As it is usually done: which one went says that the others are larger."""
    k = 4

    def usual(world: World) -> Any:
        hidden = {n for n, count in enumerate(world) if 0 < count < k}
        told = sorted((count, n) for n, count in enumerate(world) if n not in hidden and count)
        while hidden and told and (len(hidden) < 2 or sum(world[n] for n in hidden) < k):
            hidden.add(told.pop(0)[1])
        return tuple(None if n in hidden else count for n, count in enumerate(world))

    narrowest = min(
        width(alike, cell)
        for alike in knowing(worlds(4, 20), usual).values()
        for cell in range(4)
        if any(0 < world[cell] < k for world in alike)
    )
    assert narrowest < k - 1
