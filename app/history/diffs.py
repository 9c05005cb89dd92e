"""What became of a text, word by word, and of a thing, field by field. Pure; its work is bounded.

Words are compared with difflib (Ratcliff and Obershelp), which is cubic at worst: it is given only
few at once. Longer texts are cut where some words in a row stand once in both, as in Cohen's
patience diff: four, then two, then one. What no such words cut, and is long, is told as replaced.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, NamedTuple

from app.history.schemas import Op

FEW = 10_000  # pairs of words
IN_A_ROW = (4, 2, 1)
WORDS = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
LONG = 1_000  # code points, from which a text is not repeated before and after
MOST_PARTS = 200
LONGEST_EQUAL = 160  # code points that are shown of a run that stayed
SHOWN = 20_000  # code points that all the runs of a diff share, when they are long
CUT = " … "

Prose = Mapping[str, Callable[[Any], str]]  # how the fields of these names read as a text
Run = tuple[Op, str]
Words = Sequence[str]


class Part(NamedTuple):
    """Some words, and what became of them."""

    op: Op
    text: str
    length: int


def compare(before: str, after: str) -> list[Part]:
    """The words that stayed, went and came, in order.

    Those that stayed or went are all of `before`, those that stayed or came all of `after`.
    """
    return _joined(_runs(WORDS.findall(before), WORDS.findall(after)))


def shortened(parts: Sequence[Part]) -> list[Part]:
    """The same for readers: of long runs their ends, around « … »; of many, the last are one."""
    if len(parts) > MOST_PARTS:
        first, rest = parts[:MOST_PARTS], parts[MOST_PARTS:]
        old = "".join(part.text for part in rest if part.op is not Op.INSERT)
        new = "".join(part.text for part in rest if part.op is not Op.DELETE)
        parts = _joined([*((p.op, p.text) for p in first), *_replaced([old], [new])])
    most = max(LONGEST_EQUAL, SHOWN // max(1, len(parts)))
    return [part._replace(text=_ends(part, most)) for part in parts]


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], prose: Prose
) -> list[dict[str, Any]]:
    """What differs, field by field; the fields of `prose` are compared as texts."""
    old, new = _leaves(before, prose), _leaves(after, prose)
    names = dict.fromkeys([*old, *new])
    return [
        _change(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _change(name: str, before: Any, after: Any) -> dict[str, Any]:
    texts = [text for text in (before, after) if isinstance(text, str)]
    if len(texts) < 2 and not any(len(text) > LONG for text in texts):  # noqa: PLR2004 - both
        return {"field": name, "before": before, "after": after}
    long = any(len(text) > LONG for text in texts)
    shown = {"before": None, "after": None} if long else {"before": before, "after": after}
    return {"field": name, **shown, "diff": shortened(compare(before or "", after or ""))}


def _leaves(content: Mapping[str, Any], prose: Prose, above: str = "") -> dict[str, Any]:
    """Each member by the names that lead to it; a list is one."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if name in prose:
            found[above + name] = prose[name](value)
        elif isinstance(value, Mapping):
            found |= _leaves(value, {}, f"{above}{name}/")
        else:
            found[above + name] = value
    return found


def _joined(runs: Iterable[Run]) -> list[Part]:
    """Runs that follow one another, each kind as one part; none is empty."""
    told = ((op, text) for op, text in runs if text)
    joined = ((op, "".join(text for _, text in run)) for op, run in groupby(told, _op))
    return [Part(op, text, len(text)) for op, text in joined]


def _op(run: Run) -> Op:
    return run[0]


def _ends(part: Part, most: int) -> str:
    most = LONGEST_EQUAL if part.op is Op.EQUAL else most
    if part.length <= most:
        return part.text
    return part.text[: most // 2].rstrip() + CUT + part.text[-(most // 2) :].lstrip()


def _runs(a: Words, b: Words, in_a_row: Sequence[int] = IN_A_ROW) -> Iterator[Run]:
    start, end = _shared(a, b)
    yield Op.EQUAL, "".join(a[:start])
    yield from _middle(a[start : len(a) - end], b[start : len(b) - end], in_a_row)
    yield Op.EQUAL, "".join(a[len(a) - end :])


def _shared(a: Words, b: Words) -> tuple[int, int]:
    """How many words both begin with, and end with after those."""
    most = min(len(a), len(b))
    start = next((i for i in range(most) if a[i] != b[i]), most)
    left = most - start
    return start, next((i for i in range(left) if a[-1 - i] != b[-1 - i]), left)


def _middle(a: Words, b: Words, in_a_row: Sequence[int]) -> Iterator[Run]:
    if len(a) * len(b) <= FEW:
        yield from _matched(a, b)
    elif in_a_row:
        i = j = 0
        for k, m in [*_anchors(a, b, in_a_row[0]), (len(a), len(b))]:
            yield from _runs(a[i:k], b[j:m], in_a_row[1:])
            yield Op.EQUAL, "".join(a[k : k + 1])
            i, j = k + 1, m + 1
    else:
        yield from _replaced(a, b)


def _anchors(a: Words, b: Words, in_a_row: int) -> list[tuple[int, int]]:
    """Where so many words in a row stand once in both: the longest series that ascends in both."""
    there = _once(b, in_a_row)
    pairs = [(i, there[words]) for words, i in _once(a, in_a_row).items() if words in there]
    lowest: list[int] = []  # where the best series of each length ends in b
    ends: list[int] = []  # and which pair that is
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        length = bisect_left(lowest, place)
        before.append(ends[length - 1] if length else -1)
        lowest[length : length + 1] = [place]
        ends[length : length + 1] = [index]
    found, last = [], ends[-1] if ends else -1
    while last >= 0:
        found.append(pairs[last])
        last = before[last]
    return found[::-1]


def _once(words: Words, in_a_row: int) -> dict[tuple[str, ...], int]:
    """Where each series of so many words begins, of those that stand there once; in order."""
    rows = list(zip(*(words[start:] for start in range(in_a_row)), strict=False))
    count = Counter(rows)
    return {row: place for place, row in enumerate(rows) if count[row] == 1}


def _matched(a: Words, b: Words) -> Iterator[Run]:
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Op.EQUAL, "".join(a[i:j])
        else:
            yield from _replaced(a[i:j], b[k:m])


def _replaced(a: Words, b: Words) -> Iterator[Run]:
    yield Op.DELETE, "".join(a)
    yield Op.INSERT, "".join(b)
