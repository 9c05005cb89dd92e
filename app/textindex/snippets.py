"""The passage of a text that shows why it was found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice, takewhile
from unicodedata import normalize

from app.textindex.sought import Sought
from app.textindex.words import words

BEFORE, LENGTH = 60, 240  # code points before the first word found, and in all
MORE = "…"
ACCENTED = [chr(code) for code in range(0xC0, 0x250)]
LIGATURES = {"o": "œŒ", "a": "æÆ"}


@dataclass(frozen=True)
class Snippet:
    """Some of a text; `ranges` are (start, end) of what was looked for, in its code points."""

    text: str
    ranges: list[tuple[int, int]]


def snippet(text: str, sought: Sought) -> Snippet:
    """Where these words stand first in a text; its beginning, when they stand nowhere."""
    first = _first(text, sought)
    start = _beginning(text, max(0, first - BEFORE)) if first is not None else 0
    end = min(len(text), start + LENGTH)
    if end < len(text):
        shown = takewhile(lambda word: word.end <= end, words(text, start))
        end = max((word.end for word in shown), default=end)
    before, after = MORE if start else "", MORE if end < len(text) else ""
    shift = len(before) - start
    ranges = [(a + shift, b + shift) for a, b in _places(text, start, end, sought)]
    return Snippet(f"{before}{text[start:end]}{after}", ranges)


def _first(text: str, sought: Sought) -> int | None:
    """Where one of the terms stands first."""
    longest = max((len(term.stems) for term in sought.terms), default=0)
    for start in _candidates(text, sought):
        said = list(islice(words(text, start), longest))
        if said and said[0].start == start and any(term.fits(said, 0) for term in sought.terms):
            return start
    return None


def _candidates(text: str, sought: Sought) -> Iterator[int]:
    """Where words begin with a first letter of what is looked for: the others cost nothing."""
    letters = "".join({_forms(term.stems[0][0]) for term in sought.terms})
    if letters:
        begins = re.compile(rf"(?<![^\W_])[{letters}]", re.IGNORECASE)
        yield from (found.start() for found in begins.finditer(text))
    yield from (word.start for word in words(text))  # rare letters, which are folded otherwise


@cache
def _forms(letter: str) -> str:
    """A letter, and those that are this one with an accent: as a class of a regular expression."""
    accented = (one for one in ACCENTED if normalize("NFKD", one)[0] == letter)
    return re.escape(letter) + "".join(accented) + LIGATURES.get(letter, "")


def _places(text: str, start: int, end: int, sought: Sought) -> list[tuple[int, int]]:
    """Where each term stands in this passage, in order, those that overlap joined."""
    said, places = list(words(text, start, end)), list[tuple[int, int]]()
    for at, word in enumerate(said):
        for term in sought.terms:
            if not term.fits(said, at):
                continue
            last = said[at + len(term.stems) - 1].end
            if places and word.start <= places[-1][1]:
                places[-1] = (places[-1][0], max(last, places[-1][1]))
            else:
                places.append((word.start, last))
    return places


def _beginning(text: str, wanted: int) -> int:
    """The beginning of the first word after there; the text's own when there is none before."""
    if not wanted:
        return 0
    return next((word.start for word in words(text, wanted) if word.start > wanted), wanted)
