"""What became of a text, word by word, and of a thing, field by field. Pure; its work is bounded.

Words are compared with difflib (Ratcliff and Obershelp), which is quadratic at worst: it is given
only what is between the common beginning and end, and at most `WORK` pairs of equal words. Of more,
sentences are compared, then the words of those that changed, until the work is done.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import chain, groupby
from typing import Any, NamedTuple

from app.history.schemas import Op

WORK = 40_000  # pairs of equal words
WORDS = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
ENDS = re.compile(r"[.!?…\n]")
LONG = 1_000  # code points, from which a text is not repeated before and after
LONGEST_EQUAL, LONGEST_CHANGED = 160, 4_000  # code points that are shown of a run
CUT = " … "

Prose = Mapping[str, Callable[[Any], str]]  # how the fields of these names read as a text
Opcodes = Sequence[tuple[str, int, int, int, int]]


class Part(NamedTuple):
    """Some words, and what became of them."""

    op: Op
    text: str
    length: int


def compare(before: str, after: str) -> list[Part]:
    """The words that stayed, went and came, in order.

    Those that stayed or went are all of `before`, those that stayed or came all of `after`.
    """
    runs = _runs(WORDS.findall(before), WORDS.findall(after))
    joined = ((op, "".join(text for _, text in run)) for op, run in groupby(runs, _op))
    return [Part(op, text, len(text)) for op, text in joined if text]


def shortened(parts: Sequence[Part]) -> list[Part]:
    """The same for readers: of long runs their ends, around « … »."""
    return [part._replace(text=_ends(part)) for part in parts]


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


def _op(run: tuple[Op, str]) -> Op:
    return run[0]


def _ends(part: Part) -> str:
    most = LONGEST_EQUAL if part.op is Op.EQUAL else LONGEST_CHANGED
    if part.length <= most:
        return part.text
    return part.text[: most // 2].rstrip() + CUT + part.text[-(most // 2) :].lstrip()


def _runs(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[Op, str]]:
    start, end = _shared(a, b)
    yield Op.EQUAL, "".join(a[:start])
    yield from _middle(a[start : len(a) - end], b[start : len(b) - end])
    yield Op.EQUAL, "".join(a[len(a) - end :])


def _shared(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """How many words both begin with, and end with after those."""
    most = min(len(a), len(b))
    start = next((i for i in range(most) if a[i] != b[i]), most)
    left = most - start
    return start, next((i for i in range(left) if a[-1 - i] != b[-1 - i]), left)


def _middle(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[Op, str]]:
    if _work(a, b) <= WORK:
        yield from _matched(a, b)
        return
    left = WORK - _work(old := _sentences(a), new := _sentences(b))
    if left < 0:
        yield from _replaced(a, b)
        return
    for tag, i, j, k, m in _opcodes(old, new):
        words_before, words_after = [*chain(*old[i:j])], [*chain(*new[k:m])]
        if tag == "replace" and (work := _work(words_before, words_after)) <= left:
            left -= work
            yield from _matched(words_before, words_after)
        elif tag == "equal":
            yield Op.EQUAL, "".join(words_before)
        else:
            yield from _replaced(words_before, words_after)


def _matched(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[Op, str]]:
    for tag, i, j, k, m in _opcodes(a, b):
        if tag == "equal":
            yield Op.EQUAL, "".join(a[i:j])
        else:
            yield from _replaced(a[i:j], b[k:m])


def _replaced(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[Op, str]]:
    yield Op.DELETE, "".join(a)
    yield Op.INSERT, "".join(b)


def _opcodes(a: Sequence[Hashable], b: Sequence[Hashable]) -> Opcodes:
    return SequenceMatcher(None, a, b, autojunk=False).get_opcodes()


def _work(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """How many pairs of equal ones there are."""
    there = Counter(b)
    return sum(count * there[word] for word, count in Counter(a).items())


def _sentences(words: Sequence[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    start = 0
    for index, word in enumerate(words, 1):
        if ENDS.search(word):
            found.append(tuple(words[start:index]))
            start = index
    return [*found, tuple(words[start:])] if start < len(words) else found
