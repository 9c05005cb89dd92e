"""Figures about few people: no small cell is told, nor given away by what is told beside it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.figures import SUPPRESSED, Figures, secret

K = 5
TABLES = st.lists(
    st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=1, max_size=5
)  # rows of three columns


def cells_of(table: list[list[int]]) -> tuple[dict[Any, int], list[Any]]:
    """The cells and totals of a table, and which add up to which."""
    rows, columns = range(len(table)), range(3)
    counts: dict[Any, int] = {(r, c): table[r][c] for r in rows for c in columns}
    counts |= {("row", r): sum(table[r]) for r in rows}
    counts |= {("column", c): sum(row[c] for row in table) for c in columns}
    counts["all"] = sum(map(sum, table))
    sums: list[Any] = [(("row", r), [(r, c) for c in columns]) for r in rows]
    sums += [(("column", c), [(r, c) for r in rows]) for c in columns]
    sums += [("all", [("row", r) for r in rows]), ("all", [("column", c) for c in columns])]
    return counts, sums


@given(TABLES)
def test_no_sum_gives_away_a_cell_that_is_hidden(table: list[list[int]]) -> None:
    counts, sums = cells_of(table)
    hidden = secret(counts, sums, K)
    assert hidden >= {cell for cell, count in counts.items() if 0 < count < K}
    for total, parts in sums:
        unknown = [part for part in parts if part in hidden]
        if total in hidden:
            assert unknown, f"{total} is the sum of what is told"
        elif unknown:
            assert len(unknown) > 1, f"{unknown} is what is left of {total}"
            assert sum(counts[part] for part in unknown) >= K


@given(TABLES)
def test_nothing_is_hidden_from_who_may_export(table: list[list[int]]) -> None:
    counts, sums = cells_of(table)
    assert secret(counts, sums, 0) == set()


@given(TABLES)
def test_what_is_nowhere_small_is_told(table: list[list[int]]) -> None:
    counts, sums = cells_of([[n + K for n in row] for row in table])
    assert secret(counts, sums, K) == set()


def test_the_smallest_goes_with_the_one_that_is_too_small() -> None:
    figures = Figures(K)
    figures.counts.update({"all": 100, "a": 3, "b": 20, "c": 77})
    figures.add_up("all", ["a", "b", "c"])
    assert [figures.count(cell) for cell in "abc"] == [SUPPRESSED, SUPPRESSED, 77]
    assert figures.count("all") == 100
    assert figures.share("c", of="all") == 0.75  # rounded to 5 %
    assert figures.share("a", of="all") == SUPPRESSED


def test_a_share_of_a_hidden_total_is_hidden_and_one_of_nothing_is_none() -> None:
    figures = Figures(K)
    figures.counts.update({"all": 8, "few": 4})
    assert figures.share("all", of="few") == SUPPRESSED
    assert figures.share("nobody", of="none") is None
    exact = Figures(0)
    exact.counts.update({"all": 3, "few": 1})
    assert exact.share("few", of="all") == 0.3333
