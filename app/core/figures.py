"""Figures about people: shares, and the suppression of small cells.

Who may export sees exact counts. What recipients and the public see is rounded to 5 %, and cells
below k are suppressed; when a total would give one away, others go too (complementary suppression:
Hundepool et al., *Statistical Disclosure Control*, 2012, chapter 4). docs/figures.md says what is
promised, against whom, and proves it.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from app.core.settings import settings

SUPPRESSED: dict[str, Any] = {"value": None, "suppressed": True}
ROUND = 5  # totals are told in multiples of it
OTHER = "other"  # in a panel, whatever of its list is not told


def largest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """These counts, the largest first; of equal ones, in the order of their codes."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """The exact share of each, to 4 decimals, the largest first."""
    total = sum(counts.values())
    return {code: round(count / total, 4) for code, count in largest_first(counts) if total}


def nearest(share: float) -> float:
    """The share, rounded to 5 %: to `APP_FIGURES_ROUNDED_TO`."""
    step = settings().figures_rounded_to
    return round(round(share / step) * step, 4)


def at_least(count: int, k: int) -> Any:
    """A total, rounded down so that at least k of them are told alike; null of nothing."""
    step = -(-k // ROUND) * ROUND
    return (count // step * step or SUPPRESSED) if count else None


# A closed list, whose total is told


def concealed(counts: Mapping[str, int], k: int, unsafe: Collection[str] = ()) -> set[str]:
    """The cells of a closed list that are not told beside their total; all of them, maybe.

    `counts` has every cell of the list, empty ones too, in an order that does not depend on them;
    `unsafe` are cells to hide whatever their count. Who knows this rule, the list, its order, the
    total, and each cell that is told, exactly, still finds every hidden cell that was too small
    possible from 0 to k - 1: nothing about it but that it is. (docs/figures.md has the proof.)
    """
    small = {code for code, count in counts.items() if count < k} | set(unsafe)
    left = sum(counts[code] for code in small)
    if not small or (not left and len(small) > 1):
        return set()  # what is empty is nobody
    if k <= left <= (len(small) - 1) * (k - 1):
        return small
    hidden = set(small)
    others = [code for code in reversed([*counts]) if code not in small]
    for enough, code in enumerate(others, 2):
        hidden.add(code)
        left += counts[code]
        if left >= enough * k:
            break
    return hidden


def panel(counts: Mapping[str, int], hidden: Collection[str]) -> dict[str, Any]:
    """The rounded shares of a closed list, the largest first; `other` for what is not told of it.

    Which of its cells are empty is not told either, when any is hidden.
    """
    total = sum(counts.values())
    if not total:
        return {}
    told = {code: count for code, count in counts.items() if count and code not in hidden}
    shown: dict[str, Any] = {code: nearest(count / total) for code, count in largest_first(told)}
    return shown | ({OTHER: SUPPRESSED} if hidden else {})


# Many sums at once, for the team

Cell = TypeVar("Cell", bound=Hashable)
Sum = tuple[Cell, Collection[Cell]]  # a total, and the parts that add up to it


def secret(counts: Mapping[Cell, int], sums: Iterable[Sum[Cell]], k: int) -> set[Cell]:
    """The cells that are not told: those below `k`, and more, until no sum gives one away.

    A sum gives away a cell that alone is hidden of its total and parts; and parts that are hidden
    of a total which is told, when together they are fewer than `k`. (What several sums give away
    together is not looked for.)
    """
    hidden = {cell for cell, count in counts.items() if 0 < count < k}
    sums, more = list(sums), True
    while more:
        before = len(hidden)
        for total, parts in sums:
            hidden.update(_given_away(counts, hidden, total, parts, k))
        more = len(hidden) > before
    return hidden


def _given_away(
    counts: Mapping[Cell, int], hidden: set[Cell], total: Cell, parts: Collection[Cell], k: int
) -> list[Cell]:
    """The cell to hide next so that this sum gives nothing away: the smallest that is told."""
    unknown = [part for part in parts if part in hidden]
    if total in hidden:
        is_safe = bool(unknown)
    else:
        is_safe = not unknown or (len(unknown) > 1 and sum(counts[part] for part in unknown) >= k)
    if is_safe:
        return []
    told = [part for part in parts if part not in hidden and counts[part]]
    smallest = sorted(told, key=lambda part: (counts[part], str(part)))[:1]
    return smallest or [total]


class Figures:
    """Counts by cell, told exactly, or with `k` as people are told who may not export."""

    def __init__(self, k: int) -> None:
        self.k, self.counts = k, Counter[Any]()
        self._sums: list[Sum[Any]] = []
        self._hidden: set[Any] | None = None

    def add_up(self, total: Hashable, parts: Collection[Hashable]) -> None:
        """Say that these cells add up to that one, or nearly: readers may subtract."""
        self._sums.append((total, parts))

    def count(self, cell: Hashable) -> Any:
        """How many; or `SUPPRESSED`."""
        return SUPPRESSED if self._is_hidden(cell) else self.counts[cell]

    def share(self, cell: Hashable, of: Hashable) -> Any:
        """The share of a cell in another, null of none; or `SUPPRESSED`."""
        if self._is_hidden(cell) or self._is_hidden(of):
            return SUPPRESSED
        if not self.counts[of]:
            return None
        share = self.counts[cell] / self.counts[of]
        return nearest(share) if self.k else round(share, 4)

    def _is_hidden(self, cell: Hashable) -> bool:
        if self._hidden is None:
            self._hidden = secret(self.counts, self._sums, self.k)
        return cell in self._hidden
