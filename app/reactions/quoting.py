"""What a text repeats of another, word by word."""

import re
from collections.abc import Iterable, Sequence

WORD = re.compile(r"\w+")
FEWEST = 4  # words in a row are a quotation
GAP = "[…]"


def unquoted(text: str, words: Iterable[str]) -> str:
    """The text, in which `[…]` stands for whatever it repeats of these words.

    Four words in a row are a quotation, whatever stands between them and however they are
    written large; so is all of what has fewer words.
    """
    found = list(WORD.finditer(text))
    said = [word[0].casefold() for word in found]
    taken: set[int] = set()
    for other in words:
        taken |= _repeated(said, [word.casefold() for word in WORD.findall(other)])
    kept, end, was_taken = [], 0, False
    for i, word in enumerate(found):
        if i in taken:
            kept.append("" if was_taken else text[end : word.start()] + GAP)
        else:
            kept.append(text[end : word.end()])
        end, was_taken = word.end(), i in taken
    return "".join([*kept, text[end:]])


def _repeated(said: Sequence[str], other: Sequence[str]) -> set[int]:
    """The positions in `said` of what it repeats of `other`."""
    length = min(FEWEST, len(other))
    if not length:
        return set()
    runs = {tuple(other[i : i + length]) for i in range(len(other) - length + 1)}
    starts = (i for i in range(len(said) - length + 1) if tuple(said[i : i + length]) in runs)
    return {i + step for i in starts for step in range(length)}
