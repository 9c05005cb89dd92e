"""Read a QR code as a telephone does, from its modules: mask, order, blocks, then the text.

Nothing is corrected: what is printed has no mistakes.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from segno.consts import ALIGNMENT_POS, ECC

Modules = Sequence[Sequence[int]]

QUIET, BYTES = 4, 0b0100
FORMAT_MASK = 0b101010000010010
MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda y, x: (y + x) % 2,
    lambda y, _: y % 2,
    lambda _, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)


def text_of(modules: Modules) -> str:
    """What a code with its border says; of one segment of bytes."""
    code = [row[QUIET:-QUIET] for row in modules[QUIET:-QUIET]]
    version = (len(code) - 17) // 4
    level, mask = _format_of(code)
    bits = [code[y][x] ^ (not MASKS[mask](y, x)) for y, x in _way_through(version)]
    words = [_number(bits[at : at + 8]) for at in range(0, len(bits) - 7, 8)]
    data = "".join(f"{word:08b}" for word in _in_order(words, version, level))
    assert int(data[:4], 2) == BYTES
    length = 8 if version < 10 else 16
    start, many = 4 + length, int(data[4 : 4 + length], 2)
    return bytes(int(data[at : at + 8], 2) for at in range(start, start + 8 * many, 8)).decode()


def _format_of(code: Modules) -> tuple[int, int]:
    """The level of its correction, and its mask: around the mark at the upper left."""
    across = [code[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)]
    up = [code[y][8] for y in (7, 5, 4, 3, 2, 1, 0)]
    told = _number(across + up) ^ FORMAT_MASK
    return told >> 13, told >> 10 & 0b111


def _way_through(version: int) -> Iterator[tuple[int, int]]:
    """Up and down, two columns at a time, from the right; past what is no data."""
    size, fixed = version * 4 + 17, _fixed(version)
    rights = [x for x in range(size - 1, 0, -2) if x > 6] + [5, 3, 1]
    for turn, right in enumerate(rights):
        rows = range(size) if turn % 2 else range(size - 1, -1, -1)
        for y in rows:
            yield from ((y, x) for x in (right, right - 1) if (y, x) not in fixed)


def _fixed(version: int) -> set[tuple[int, int]]:
    """The marks at three corners, with the format; those between, the version, and the rulers."""
    size = version * 4 + 17
    fixed = {(y, x) for y in range(9) for x in range(9)}
    fixed |= {(y, x) for y in range(9) for x in range(size - 8, size)}
    fixed |= {(x, y) for y in range(9) for x in range(size - 8, size)}
    fixed |= {(6, at) for at in range(size)} | {(at, 6) for at in range(size)}
    if version >= 7:
        fixed |= {(y, x) for y in range(6) for x in range(size - 11, size - 8)}
        fixed |= {(x, y) for y in range(6) for x in range(size - 11, size - 8)}
    middles = ALIGNMENT_POS[version - 2] if version > 1 else ()
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for middle in {(y, x) for y in middles for x in middles} - corners:
        fixed |= {(middle[0] + y, middle[1] + x) for y in range(-2, 3) for x in range(-2, 3)}
    return fixed


def _in_order(words: Sequence[int], version: int, level: int) -> Iterator[int]:
    """The data of each block, one block after the other: they are told in turns."""
    of_version: Any = ECC[version]
    lengths = [group.num_data for group in of_version[level] for _ in range(group.num_blocks)]
    blocks: list[list[int]] = [[] for _ in lengths]
    turns = iter(words)
    for at in range(max(lengths)):
        for block, length in zip(blocks, lengths, strict=True):
            if at < length:
                block.append(next(turns))
    for block in blocks:
        yield from block


def _number(bits: Sequence[int]) -> int:
    return int("".join(str(int(bit)) for bit in bits), 2)
