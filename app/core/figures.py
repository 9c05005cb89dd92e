"""Figures about people: shares, and the suppression of small cells.

Who may export sees exact counts. What recipients and the public see is rounded to 5 %, and cells
below k are suppressed; when a total would give one away, the next smallest goes too (complementary
suppression: Hundepool et al., *Statistical Disclosure Control*, 2012, chapter 4).
"""

from collections.abc import Mapping
from typing import Any

ROUNDED_TO = 20  # to 1/20, which is 5 %
SUPPRESSED: dict[str, Any] = {"value": None, "suppressed": True}


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """The exact share of each, to 4 decimals, the largest first."""
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {code: round(count / total, 4) for code, count in ordered if total}


def rounded(counts: Mapping[str, int], k: int = 0) -> dict[str, Any]:
    """Shares rounded to 5 %, the largest first; no cell of fewer than `k` people is told."""
    total = sum(counts.values())
    hidden = {code for code, count in counts.items() if 0 < count < k}
    told = sorted((code for code in counts if code not in hidden), key=lambda c: counts[c])
    if len(hidden) == 1 and told:
        hidden.add(told[0])
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {
        code: SUPPRESSED if code in hidden else round(count / total * ROUNDED_TO) / ROUNDED_TO
        for code, count in ordered
        if total
    }


def told(counts: Mapping[str, int], k: int = 0) -> dict[str, int | None]:
    """These counts, the largest first; None for what is fewer than `k`.

    And for the smallest of the others, when a single one is hidden.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    hidden = {code for code, count in ordered if 0 < count < k}
    if len(hidden) == 1 and len(ordered) > 1:
        hidden.add([code for code, _ in ordered if code not in hidden][-1])
    return {code: None if code in hidden else count for code, count in ordered}
