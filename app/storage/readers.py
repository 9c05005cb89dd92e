"""Reading a range of an object, as its bytes are wanted."""

import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

PIECE = 4 * 1024**2  # bytes asked of a bucket at once

Fetch = Callable[[int, int], tuple[bytes, int]]  # from, to before: bytes, and the object's size


class FileRange(Iterator[bytes]):
    """The bytes of a file from `start` up to `end`, excluded, in chunks; to its end at most.

    What obstore does too, for a fifth of the processor time. The file is open from the beginning,
    so that it may be deleted meanwhile, until all is read or nobody holds this any more: an answer
    that is not sent to its end is dropped, and not closed.
    """

    def __init__(self, path: Path, start: int, end: int, chunk: int) -> None:
        """Raises FileNotFoundError."""
        self._descriptor = -1
        self._at, self._end, self._chunk = start, end, chunk
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __next__(self) -> bytes:
        most = min(self._chunk, self._end - self._at)
        piece = os.pread(self._descriptor, most, self._at) if most > 0 else b""
        if not piece:
            self._close()
            raise StopIteration
        self._at += len(piece)
        return piece

    def _close(self) -> None:
        descriptor, self._descriptor, self._end = self._descriptor, -1, self._at
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self._close()


def in_pieces(fetch: Fetch, start: int, end: int, chunk: int) -> Iterator[bytes]:
    """The bytes from `start` up to `end`, excluded, in chunks; to the object's end at most.

    The first piece is fetched at once, the others one by one, each by a request of its own: a slow
    reader holds no connection to the store, and each request has all of its time.
    """
    first, size = fetch(start, min(end, start + PIECE))
    return chain(_cut(first, chunk), _rest(fetch, start + len(first), min(end, size), chunk))


def _rest(fetch: Fetch, at: int, end: int, chunk: int) -> Iterator[bytes]:
    while at < end:
        piece, _ = fetch(at, min(end, at + PIECE))
        yield from _cut(piece, chunk)
        at += len(piece)


def _cut(piece: bytes, chunk: int) -> Iterator[bytes]:
    return (piece[at : at + chunk] for at in range(0, len(piece), chunk))
