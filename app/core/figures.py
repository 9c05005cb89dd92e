"""Figures about people: shares, and the suppression of small cells.

Who may export sees exact counts. What recipients and the public see is rounded to 5 %, and cells
below k are suppressed; when a total would give one away, the next smallest goes too (complementary
suppression: Hundepool et al., *Statistical Disclosure Control*, 2012, chapter 4).
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, TypeVar

K_PUBLIC, K_RESTRICTED = 11, 5
ROUNDED_TO = 20  # to 1/20, which is 5 %
SUPPRESSED: dict[str, Any] = {"value": None, "suppressed": True}


def largest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """These counts, the largest first; of equal ones, in the order of their codes."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """The exact share of each, to 4 decimals, the largest first."""
    total = sum(counts.values())
    return {code: round(count / total, 4) for code, count in largest_first(counts) if total}


def rounded(counts: Mapping[str, int], k: int = 0) -> dict[str, Any]:
    """Shares rounded to 5 %, the largest first; no cell of fewer than `k` people is told."""
    total = sum(counts.values())
    hidden = {code for code, count in counts.items() if 0 < count < k}
    told = sorted((code for code in counts if code not in hidden), key=lambda c: counts[c])
    if len(hidden) == 1 and told:
        hidden.add(told[0])
    return {
        code: SUPPRESSED if code in hidden else round(count / total * ROUNDED_TO) / ROUNDED_TO
        for code, count in largest_first(counts)
        if total
    }


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
        return round(share * ROUNDED_TO) / ROUNDED_TO if self.k else round(share, 4)

    def _is_hidden(self, cell: Hashable) -> bool:
        if self._hidden is None:
            self._hidden = secret(self.counts, self._sums, self.k)
        return cell in self._hidden
