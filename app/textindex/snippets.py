"""The passage of a text that shows why it was found."""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple
from unicodedata import normalize

from app.textindex.sought import Sought
from app.textindex.words import LONGEST, REST, Word, words, words_of

BEFORE, LENGTH = 60, 240  # code points before the first word found, and in all
MORE = "…"
ACCENTED = [chr(code) for code in range(0xC0, 0x250)]
LIGATURES = {"oe": "œŒ", "ae": "æÆ"}
ALIKE = 2  # letters that a word and its stem have in common, the shortest words apart
ENDING = 4  # letters of a stem that may differ from those of the word
MARKS = "[\u0300-\u036f]*"  # accents that stand apart
BEGINNING = re.compile(r"(?<![^\W_])(?<![\u0300-\u036f])[^\W_]")  # of a word
NOT_WITHIN = r"(?<![^\W_].)"  # a word: no letter stands before the one just read
KNOWN = 1000  # questions

Read = Callable[[str, int, int], Iterator[Word]]


class Snippet(NamedTuple):
    """Some of a text; `ranges` are (start, end) of what was looked for, in its code points."""

    text: str
    ranges: list[tuple[int, int]]


class Snippets:
    """The snippets of texts that one question found."""

    def __init__(self, sought: Sought) -> None:
        self._terms = sought.terms
        self._others = max((len(term.stems) for term in sought.terms), default=1) - 1
        self._beginnings = _beginnings(sought)

    def of(self, text: str) -> Snippet:
        """Where these words stand first in a text; its beginning, when they stand nowhere."""
        start, places = self._first(text, self._likely) or self._first(text, self._every) or (0, [])
        end = _end(text, start, start + LENGTH)
        before, after = MORE if start else "", MORE if end < len(text) else ""
        shift = len(before) - start
        ranges = [(a + shift, b + shift) for a, b in _joined(places) if b <= end]
        return Snippet(f"{before}{text[start:end]}{after}", ranges)

    def _first(self, text: str, read: Read) -> tuple[int, list[tuple[int, int]]] | None:
        """Where the first passage begins that says it, and each place where it says it."""
        for word in read(text, 0, len(text)):
            if places := self._places(text, word):
                start = _beginning(text, max(0, word.start - BEFORE))
                end = start + LENGTH
                for other in read(text, word.end, end + LONGEST):
                    if other.start < end:
                        places += self._places(text, other)
                return start, places
        return None

    def _places(self, text: str, word: Word) -> list[tuple[int, int]]:
        """Where each term begins and ends that begins with this word."""
        others = islice(words(text, word.end), self._others) if self._others else ()
        said = [word, *others]
        return [
            (word.start, said[len(term.stems) - 1].end)
            for term in self._terms
            if term.fits(said, 0)
        ]

    def _likely(self, text: str, start: int, end: int) -> Iterator[Word]:
        """The words that begin as what is looked for does: the others cost nothing."""
        return words_of(text, self._beginnings.finditer(text, start, end))

    def _every(self, text: str, start: int, end: int) -> Iterator[Word]:
        """All words: for letters that are folded otherwise."""
        return words(text, start, end)


def _joined(places: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
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


@lru_cache(KNOWN)
def _beginnings(sought: Sought) -> re.Pattern[str]:
    """The words that begin so: first of all a letter, which `re` looks for fastest."""
    told = {_alike(term.beginning or term.stems[0]) for term in sought.terms}
    firsts = {letters[0] for letters in told}
    ligatures = {letters for letters in told if letters[:2] in LIGATURES}
    first = "".join(_forms(letter) for letter in firsts)
    first += "".join(LIGATURES[letters[:2]] for letters in ligatures)
    rest = [f"(?<=[{_forms(letters[0])}]){MARKS}{_spelled(letters[1:])}" for letters in told]
    rest += [f"(?<=[{LIGATURES[one[:2]]}]){MARKS}{_spelled(one[2:])}" for one in ligatures]
    return re.compile(rf"[{first}]{NOT_WITHIN}(?:{'|'.join(sorted(rest))}){REST}", re.DOTALL)


def _alike(stem: str) -> str:
    """What a word has in common with its stem at least: endings change its last letters."""
    return stem[: max(ALIKE, len(stem) - ENDING)]


def _spelled(letters: str) -> str:
    """These letters with whatever accents; and two of them as one, where they may be a ligature."""
    told = "".join(f"[{_forms(letter)}]{MARKS}" for letter in letters)
    for pair, ligature in LIGATURES.items():
        apart = "".join(f"[{_forms(letter)}]{MARKS}" for letter in pair)
        told = told.replace(apart, f"(?:{apart}|[{ligature}]{MARKS})")
    return told


@cache
def _forms(letter: str) -> str:
    """A letter small and large, and those that are this one with an accent: of a class of `re`."""
    plain = {letter, letter.upper()} if len(letter.upper()) == 1 else {letter}
    accented = {one for one in ACCENTED if normalize("NFKD", one)[0] in plain}
    return re.escape("".join(sorted(plain | accented)))


def _beginning(text: str, wanted: int) -> int:
    """The beginning of the first word after there; the text's own when there is none before."""
    if not wanted:
        return 0
    found = BEGINNING.search(text, wanted + 1)
    return found.start() if found else wanted


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
