"""Where the words of an excerpt stand in a text that changed: pure, in code points.

An excerpt is kept as a W3C `TextQuoteSelector`: the very words, and what stands around them. What
surrounds them says which of several occurrences was chosen; it never stands in for the words.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from app.transcripts.words import place_of

CONTEXT = 32  # code points of what is kept before, and after
GRAM = 3
EDGE = 64  # code points of its beginning and of its end by which a changed passage is bounded
WORD = 32  # code points by which a boundary is moved at most, not to cut a word
ALIKE = 0.4  # of the trigrams: less is no resemblance
MOST = 5
OCCURRENCES = 200  # of the same words, that are looked at
LIKE_ANOTHER = str.maketrans("’\n\t\u00a0\u202f", "'    ")


class Quote(NamedTuple):
    """The words that were chosen, and what stood around them; null when nobody knows."""

    prefix: str | None
    exact: str
    suffix: str | None


class Candidate(NamedTuple):
    """Where the words may stand now; `score` says how alike they are, from 0 to 1."""

    start: int
    end: int
    score: float


def around(
    text: str, start: int, end: int, bounds: tuple[int, int] | None = None
) -> tuple[str, str]:
    """At most 32 code points before and after a passage, within these bounds of the text."""
    first, last = bounds or (0, len(text))
    return text[max(first, start - CONTEXT) : start], text[end : min(last, end + CONTEXT)]


def shared_start(one: Sequence[str], other: Sequence[str]) -> int:
    """How long the beginning is that both have."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def anchored(text: str, quote: Quote, start: int) -> int | None:
    """Where these very words stand now, if there is no doubt. They stood at `start`.

    They are where they were with all that surrounds them; or they stand once in the text; or only
    once with all that surrounds them; or they are where they were, with all that stood before or
    after them. Otherwise it is for a person to say.
    """
    prefix, exact, suffix = quote
    if prefix is None or suffix is None:
        return place_of(text, exact)
    end = start + len(exact)
    before = text.endswith(prefix, 0, start)
    after = text.startswith(suffix, end)
    is_there = text.startswith(exact, start)
    if is_there and before and after:
        return start
    if (once := place_of(text, exact)) is not None:
        return once
    if (once := place_of(text, prefix + exact + suffix)) is not None:
        return once + len(prefix)
    return start if is_there and ((prefix and before) or (suffix and after)) else None


def candidates(text: str, quote: Quote, start: int) -> list[Candidate]:
    """Where the words may stand now, the most alike first, at most five.

    The very words, when they stand somewhere; else passages that share trigrams with them
    (Dice's coefficient). The work grows with the length of the text, never with its square.
    """
    exact = quote.exact
    found = list(_occurrences(text, exact))
    if found:
        found.sort(key=lambda place: (-_surroundings(text, quote, place), abs(place - start)))
        return [Candidate(place, place + len(exact), 1.0) for place in found[:MOST]]
    alike = {_bounded(text, exact, place) for place in _alike(_folded(text), _folded(exact))}
    kept = [candidate for candidate in alike if candidate.score >= ALIKE]
    return sorted(kept, key=lambda c: (-c.score, abs(c.start - start), c.start, c.end))


def _occurrences(text: str, exact: str) -> Iterator[int]:
    place = text.find(exact)
    for _ in range(OCCURRENCES):
        if place < 0:
            return
        yield place
        place = text.find(exact, place + 1)


def _surroundings(text: str, quote: Quote, place: int) -> int:
    """How many code points next to this occurrence stood next to the words."""
    before, after = around(text, place, place + len(quote.exact))
    prefix, suffix = quote.prefix or "", quote.suffix or ""
    return shared_start(before[::-1], prefix[::-1]) + shared_start(after, suffix)


def _folded(text: str) -> str:
    """The same number of code points, without what nobody sees as another text."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.translate(LIKE_ANOTHER)


def _grams(text: str) -> Iterator[str]:
    return (text[n : n + GRAM] for n in range(len(text) - GRAM + 1))


def _alike(text: str, exact: str) -> list[int]:
    """Where the windows of the length of these words begin that share most trigrams with them."""
    wanted = Counter(_grams(exact))
    width = min(wanted.total(), len(text) - GRAM + 1)
    if width <= 0:
        return []
    shared = list(_shared_by_window(text, wanted, width))
    enough = ALIKE * width / 2  # a passage that grew is cut by the window
    found: list[int] = []
    for place in sorted(range(len(shared)), key=lambda n: -shared[n]):
        if shared[place] < enough or len(found) == MOST:
            break
        if all(abs(place - other) >= width for other in found):
            found.append(place)
    return found


def _shared_by_window(text: str, wanted: Counter[str], width: int) -> Iterator[int]:
    """For each window of so many trigrams, how many of them are wanted."""
    had: Counter[str] = Counter()
    shared = 0
    for n, gram in enumerate(_grams(text)):
        if gram in wanted:
            had[gram] += 1
            shared += had[gram] <= wanted[gram]
        if n >= width and (left := text[n - width : n - width + GRAM]) in wanted:
            shared -= had[left] <= wanted[left]
            had[left] -= 1
        if n >= width - 1:
            yield shared


def _bounded(text: str, exact: str, place: int) -> Candidate:
    """The passage around this place that is most alike, without a word cut in two."""
    starts = {_word_start(text, n) for n in _starts(text, exact, place)}
    ends = {_word_end(text, n) for n in _ends(text, exact, place + len(exact))}
    wanted = Counter(_grams(_folded(exact)))
    bounds = {_trimmed(text, start, end) for start in starts for end in ends if start < end}
    found = [Candidate(*ends, _likeness(wanted, text[slice(*ends)])) for ends in sorted(bounds)]
    return max(found, key=lambda c: (c.score, -c.start, -c.end), default=Candidate(0, 0, 0.0))


def _starts(text: str, exact: str, place: int) -> set[int]:
    """Where the passage may begin: with what it shares with the beginning of the words.

    Or as far before it as these words begin.
    """
    head, first = exact[:EDGE], max(0, place - EDGE)
    blocks = _blocks(head, text[first : place + 2 * EDGE])
    if not blocks:
        return {place}
    anchors = (blocks[0], max(blocks, key=lambda block: block[2]))
    starts = {first + there - here for here, there, _ in anchors}
    return {max(0, start) for start in starts} | {first + blocks[0][1]}


def _ends(text: str, exact: str, place: int) -> set[int]:
    """Where the passage may end: with what it shares with the end of the words.

    Or as far after it as these words end.
    """
    tail, first = exact[-EDGE:], max(0, place - 2 * EDGE)
    blocks = _blocks(tail, text[first : place + EDGE])
    if not blocks:
        return {min(len(text), place)}
    anchors = (blocks[-1], max(blocks, key=lambda block: block[2]))
    ends = {first + there + len(tail) - here for here, there, _ in anchors}
    _, there, size = blocks[-1]
    return {min(len(text), end) for end in ends} | {first + there + size}


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The passage without blanks around it."""
    passage = text[start:end]
    return end - len(passage.lstrip()), start + len(passage.rstrip())


def _blocks(words: str, text: str) -> list[tuple[int, int, int]]:
    """What both share, in order: where in the words, where in the text, how long."""
    matcher = SequenceMatcher(None, _folded(words), _folded(text), autojunk=False)
    return [(a, b, size) for a, b, size in matcher.get_matching_blocks() if size > GRAM]


def _word_start(text: str, place: int) -> int:
    for n in range(place, max(0, place - WORD), -1):
        if n >= len(text) or not (text[n - 1].isalnum() and text[n].isalnum()):
            return n
    return place if place > WORD else 0


def _word_end(text: str, place: int) -> int:
    for n in range(place, min(len(text), place + WORD)):
        if n == 0 or not (text[n - 1].isalnum() and text[n].isalnum()):
            return n
    return place if place + WORD < len(text) else len(text)


def _likeness(wanted: Counter[str], passage: str) -> float:
    """Dice's coefficient of two multisets of trigrams."""
    found = Counter(_grams(_folded(passage)))
    total = wanted.total() + found.total()
    return round(2 * (wanted & found).total() / total, 4) if total else 0.0
