"""A zip that is sent while it is written."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO

from app.accounts.authentication import Caller
from app.core.db import Database
from app.exports.archive import Archive
from app.exports.models import Export
from app.exports.streaming import Streaming

MEDIA_TYPE = "application/zip"
IN_MEMORY = 1024**2  # bytes; the rest goes to files that have no name
SENT = 64 * 1024  # bytes of a chunk


class Sending(Streaming):
    """An archive of `entries()`."""

    def __init__(self, database: Database, export: Export, by: Caller) -> None:
        super().__init__(database, export, by)
        self._archive, self._files = Archive(), ExitStack()

    def entries(self) -> Iterator[bytes]:
        """What the archive comes to, bit by bit."""
        raise NotImplementedError

    def end(self) -> None:
        self._chunks.close()
        self._files.close()
        super().end()

    def nameless(self) -> IO[bytes]:
        """A file that nobody else sees, until this ends; what is short stays in memory."""
        return self._files.enter_context(SpooledTemporaryFile(IN_MEMORY))

    def written(self) -> Generator[bytes]:
        """Chunks that are worth sending: each costs a change of threads."""
        waiting: list[bytes] = []
        size = 0
        for chunk in self.entries():
            waiting.append(chunk)
            size += len(chunk)
            if size >= SENT:
                yield b"".join(waiting)
                waiting, size = [], 0
        self._archive.finish()
        yield b"".join([*waiting, self._archive.taken()])
