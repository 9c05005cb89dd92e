"""What a text repeats of others, word by word: of what they say, of who signs them."""

import re
from collections.abc import Iterable, Sequence

from app.textindex.words import APOSTROPHES

WORD = re.compile(r"\w+")
FEWEST = 4  # words in a row are a quotation
GAP = "[…]"


def unquoted(text: str, words: Iterable[str], signatures: Iterable[str] = ()) -> str:
    """The text, in which `[…]` stands for whatever it repeats of these words and signatures.

    Four words in a row are a quotation, whatever stands between them and however they are
    written large; so is all of what has fewer words. A signature of one word is that word where it
    begins as large as it was signed: « Tuteur » is in « Merci Tuteur », and not in « un tuteur ».
    An initial has its full stop too, and no apostrophe: neither « L. » nor « L » is in « L'été ».
    """
    found = list(WORD.finditer(text))
    said = [word[0].casefold() for word in found]
    taken: set[int] = set()
    for other in words:
        taken |= _repeated(said, _words(other))
    for signature in signatures:
        name = _words(signature)
        alike = (i for i in _repeated(said, name) if len(name) > 1 or _signs(found[i], signature))
        taken.update(alike)
    kept, end, was_taken = [], 0, False
    for i, word in enumerate(found):
        if i in taken:
            kept.append("" if was_taken else text[end : word.start()] + GAP)
        else:
            kept.append(text[end : word.end()])
        end, was_taken = word.end(), i in taken
    return "".join([*kept, text[end:]])


def _words(text: str) -> list[str]:
    return [word.casefold() for word in WORD.findall(text)]


def _signs(word: re.Match[str], signature: str) -> bool:
    """Whether this word, which is that of the signature but for its size, is written as it."""
    signed = WORD.search(signature)
    if not signed or word[0][0] != signed[0][0]:
        return False
    after, asked = word.string[word.end() :], signature[signed.end() :]
    return len(signed[0]) > 1 or (after.startswith(asked) and after[:1] not in APOSTROPHES)


def _repeated(said: Sequence[str], other: Sequence[str]) -> set[int]:
    """The positions in `said` of what it repeats of `other`."""
    length = min(FEWEST, len(other))
    if not length:
        return set()
    runs = {tuple(other[i : i + length]) for i in range(len(other) - length + 1)}
    starts = (i for i in range(len(said) - length + 1) if tuple(said[i : i + length]) in runs)
    return {i + step for i in starts for step in range(length)}
