"""Reading a range of a file: what obstore does too, for a fifth of the processor time."""

import os
from collections.abc import Iterator
from pathlib import Path


class FileRange(Iterator[bytes]):
    """The bytes of a file from `start` up to `end`, excluded, in chunks; to its end at most.

    The file is open from the beginning, so that it may be deleted meanwhile, until all is read or
    nobody holds this any more: an answer that is not sent to its end is dropped, and not closed.
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
