"""What of a text is compared: words without accents, elisions and French endings.

*L'employeur*, *employeurs* and *EMPLOYEUR* are one word. Accents go before the endings do: the
reader who leaves an accent out finds the same. Endings are those of Snowball's French stemmer
(Porter, 2001).
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from threading import local
from typing import NamedTuple
from unicodedata import combining, normalize

import Stemmer

LONGEST = 64  # code points of a word: the rest of a longer one is not compared
KNOWN = 50_000  # words whose stem is kept in memory
REST = r"(?:[^\W_]|[\u0300-\u036f])*"  # of a word, after its first letter
WORD = re.compile(rf"[^\W_]{REST}")
APOSTROPHES = frozenset("'’ʼ`´")
ELIDED = frozenset(
    "c d j l m n s t qu jusqu lorsqu presqu puisqu quelqu quoiqu".split()  # noqa: SIM905 - to read
)
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
# What a question says and does not ask for: articles, pronouns, prepositions, auxiliaries.
EMPTY = frozenset(
    """a ai as au aux avec ce ces cet cette dans de des du elle elles en est et etait etaient eux il
    ils je la le les leur leurs lui ma mais me mes moi mon ne nos notre nous on ont ou par pas pour
    que qui sa sans se ses son sont sur ta te tes toi ton tu un une vos votre vous y
    """.split()  # noqa: SIM905 - to read
)
_stemmers = local()  # a stemmer is not for two threads at once


class Word(NamedTuple):
    """A word of a text, from the code point `start` to before `end`."""

    start: int
    end: int
    folded: str  # without accents, in small letters
    stem: str  # and without its ending


def words(text: str, start: int = 0, end: int | None = None) -> Iterator[Word]:
    """The words of a text, in its order; what an elision leaves (`l'`, `qu'`) is none."""
    return words_of(text, WORD.finditer(text, start, len(text) if end is None else end))


def words_of(text: str, found: Iterable[re.Match[str]]) -> Iterator[Word]:
    """The same, of those that were found there, whole."""
    for one in found:
        folded, stem = reduced(one[0])
        start, end = one.span()
        if folded in ELIDED and text[end : end + 1] in APOSTROPHES:
            continue
        yield Word(start, end, folded, stem)


@lru_cache(KNOWN)
def reduced(word: str) -> tuple[str, str]:
    """A word without accents and in small letters; and its stem."""
    plain = normalize("NFKD", normalize("NFKD", word).casefold().translate(LIGATURES))
    folded = "".join(letter for letter in plain if not combining(letter))[:LONGEST]
    if not hasattr(_stemmers, "french"):
        _stemmers.french = Stemmer.Stemmer("french", 0)  # the cache above is enough
    return folded, _stemmers.french.stemWord(folded) or folded
