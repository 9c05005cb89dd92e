"""How a text flows over cards: whole, in its order, parted where people breathe."""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 180  # characters on one card, as `_weight` counts them
LINE = 30  # characters that a line break takes the room of
WORD = 24  # characters of a word, before it may be broken anywhere
LONG = re.compile(rf"\S{{{WORD + 1},}}")
ZERO_WIDTH = "\u200b"
BREATH = re.compile(r"(?<=[.!?…»])(\s+)|(\n+)")
TOGETHER = ("Mn", "Mc", "Me", "Cf", "Sk")  # categories that belong to the character before


def flowed(text: str, longest: int = LONGEST) -> list[str]:
    """The texts of as few cards as it takes, about as long as each other; none for a blank one."""
    pieces = [piece for sentence in _sentences(text) for piece in _halved(sentence, longest)]
    fewest = len(_packed(pieces, longest))
    evenly = sum(map(_weight, pieces)) // max(1, fewest)
    tries = (_packed(pieces, limit) for limit in range(evenly, longest, 10))
    return next((cards for cards in tries if len(cards) == fewest), _packed(pieces, longest))


def breakable(text: str) -> str:
    """The same text, whose longest words may be broken: an address, a row of emoji."""
    return LONG.sub(lambda word: ZERO_WIDTH.join(_parts(word[0], 8)), text)


def _weight(text: str) -> int:
    return len(text) + LINE * text.count("\n")


def _sentences(text: str) -> Iterator[str]:
    """Each with the blank that follows it: a line break, or a space."""
    lines = (line.strip() for line in text.strip().split("\n"))
    told = re.sub(r"\n+", "\n", "\n".join(lines))
    start = 0
    for breath in BREATH.finditer(told):
        yield told[start : breath.start()] + ("\n" if "\n" in breath[0] else " ")
        start = breath.end()
    if told[start:]:
        yield told[start:]


def _halved(sentence: str, longest: int) -> list[str]:
    """A sentence in parts of whole words, each shorter than a card."""
    if _weight(sentence) <= longest:
        return [sentence]
    words = [
        piece
        for word in re.findall(r"\S+\s*", sentence)
        for piece in (_parts(word, longest - LINE) if len(word) > longest - LINE else [word])
    ]
    many = -(-len(sentence) // (longest - LINE))
    return _packed(words, min(longest, len(sentence) // many + WORD), keep=True)


def _parts(word: str, size: int) -> list[str]:
    """A word in parts, cut between characters as people see them, as far as Python knows."""
    parts = [""]
    for character in word:
        belongs = unicodedata.category(character) in TOGETHER or parts[-1].endswith("\u200d")
        if len(parts[-1]) >= size and (not belongs or len(parts[-1]) >= 4 * size):
            parts.append("")
        parts[-1] += character
    return parts


def _packed(pieces: list[str], limit: int, *, keep: bool = False) -> list[str]:
    """As many pieces on each as there is room for; their last blanks only when they are kept."""
    cards = [""]
    for piece in pieces:
        if cards[-1] and _weight((cards[-1] + piece).rstrip()) > limit:
            cards.append("")
        cards[-1] += piece
    return [card if keep else card.strip() for card in cards if card.strip()]
