"""What an editor changed in the words of somebody, so that nobody is recognized."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from app.excerpts.places import shared_start
from app.history.schemas import Op

LETTERS = r"\w\u0300-\u036f"  # with the marks that combine with them
SIGNS = r"!-/:-@\[-`{-~«»“”’…–—"
PIECES = re.compile(rf"[{LETTERS}]+|\s+|[{SIGNS}]|[^{LETTERS}\s{SIGNS}]+")
COMPARED = 1_000_000  # pairs of pieces: of longer texts what differs is told as one change


Edit = dict[str, Any]


def edits(exact: str, quote: str) -> list[Edit]:
    """How one becomes the other, word by word, as `{op, text}`.

    What is equal and deleted makes up the words that were said; what is equal and inserted, the
    quote.
    """
    said, told = PIECES.findall(exact), PIECES.findall(quote)
    first = shared_start(said, told)
    last = shared_start(said[first:][::-1], told[first:][::-1])
    ends = len(said) - last, len(told) - last
    found = [
        (Op.EQUAL, said[:first]),
        *_changes(said[first : ends[0]], told[first : ends[1]]),
        (Op.EQUAL, said[ends[0] :]),
    ]
    return [{"op": op, "text": "".join(pieces)} for op, pieces in found if pieces]


def _changes(said: list[str], told: list[str]) -> Iterator[tuple[Op, list[str]]]:
    if len(said) * len(told) > COMPARED:
        yield from ((Op.DELETE, said), (Op.INSERT, told))
        return
    for tag, a, b, c, d in SequenceMatcher(None, said, told).get_opcodes():
        if tag == "equal":
            yield Op.EQUAL, said[a:b]
        else:
            yield from ((Op.DELETE, said[a:b]), (Op.INSERT, told[c:d]))
