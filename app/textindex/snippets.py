"""The passage of a text that shows why it was found."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from unicodedata import normalize

from app.textindex.sought import Sought
from app.textindex.words import words

BEFORE, LENGTH = 60, 240  # code points before the first word found, and in all
MORE = "…"
ACCENTED = [chr(code) for code in range(0xC0, 0x250)]
LIGATURES = {"oe": "œŒ", "ae": "æÆ"}
ALIKE = 2  # letters that a word and its stem have in common, the shortest words apart
KNOWN = 1000  # questions

Places = Iterator[tuple[int, int]]
Starts = Callable[[str, Sought, int, int], Iterator[int]]


@dataclass(frozen=True)
class Snippet:
    """Some of a text; `ranges` are (start, end) of what was looked for, in its code points."""

    text: str
    ranges: list[tuple[int, int]]


def snippet(text: str, sought: Sought) -> Snippet:
    """Where these words stand first in a text; its beginning, when they stand nowhere."""
    start, places = 0, list[tuple[int, int]]()
    for starts in (_likely, _every):
        if found := next(_places(text, sought, starts, 0, len(text)), None):
            start = _beginning(text, max(0, found[0] - BEFORE))
            places = list(_places(text, sought, starts, start, start + LENGTH))
            break
    end = _end(text, start, start + LENGTH)
    before, after = MORE if start else "", MORE if end < len(text) else ""
    shift = len(before) - start
    ranges = [(a + shift, b + shift) for a, b in _joined(places) if b <= end]
    return Snippet(f"{before}{text[start:end]}{after}", ranges)


def _places(text: str, sought: Sought, starts: Starts, start: int, end: int) -> Places:
    """Where each term begins and ends that begins between there, in order."""
    longest = max((len(term.stems) for term in sought.terms), default=0)
    for at in starts(text, sought, start, end):
        said = list(islice(words(text, at), longest))
        if said and said[0].start == at:
            for term in sought.terms:
                if term.fits(said, 0):
                    yield at, said[len(term.stems) - 1].end


def _joined(places: list[tuple[int, int]]) -> Places:
    """Those that overlap as one."""
    last: tuple[int, int] | None = None
    for place in places:
        if last and place[0] <= last[1]:
            last = last[0], max(last[1], place[1])
            continue
        if last:
            yield last
        last = place
    if last:
        yield last


def _likely(text: str, sought: Sought, start: int, end: int) -> Iterator[int]:
    """Where words begin as what is looked for does: the others cost nothing."""
    return (found.start() for found in _beginnings(sought).finditer(text, start, end))


def _every(text: str, _: Sought, start: int, end: int) -> Iterator[int]:
    """Where any word begins: for letters that are folded otherwise."""
    return (word.start for word in words(text, start, end))


@lru_cache(KNOWN)
def _beginnings(sought: Sought) -> re.Pattern[str]:
    begins = {(term.beginning or term.stems[0])[:ALIKE] for term in sought.terms}
    told = "|".join(f"{''.join(map(_forms, letters))}" for letters in sorted(begins))
    whole = "".join(LIGATURES.get(letters, "") for letters in begins)
    return re.compile(rf"(?<![^\W_])(?:{told}{f'|[{whole}]' if whole else ''})", re.IGNORECASE)


@cache
def _forms(letter: str) -> str:
    """A letter, and those that are this one with an accent: as a regular expression."""
    accented = (one for one in ACCENTED if normalize("NFKD", one)[0] == letter)
    return rf"[{re.escape(letter)}{''.join(accented)}][\u0300-\u036f]*"


def _beginning(text: str, wanted: int) -> int:
    """The beginning of the first word after there; the text's own when there is none before."""
    if not wanted:
        return 0
    return next((word.start for word in words(text, wanted) if word.start > wanted), wanted)


def _end(text: str, start: int, wanted: int) -> int:
    """Where the last word ends that is whole by there; there, when none is."""
    if wanted >= len(text):
        return len(text)
    end = wanted
    while end > start and _is_letter(text[end]):
        end -= 1
    while end > start and not _is_letter(text[end - 1]):
        end -= 1
    return end if end > start else wanted


def _is_letter(character: str) -> bool:
    return character.isalnum() or "\u0300" <= character <= "\u036f"
