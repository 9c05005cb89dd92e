"""A zip that is sent while it is written: `start()`, iterate, and in any case `end()`."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Self

from app.accounts.authentication import Caller
from app.audit.service import record
from app.core.db import Database
from app.exports.archive import Archive
from app.exports.models import Export

MEDIA_TYPE = "application/zip"
IN_MEMORY = 1024**2  # bytes; the rest goes to files that have no name
SENT = 64 * 1024  # bytes of a chunk


class Sending:
    """An archive of `entries()`; how it ended is recorded with `facts()` and its SHA-256."""

    def __init__(self, database: Database, export: Export, by: Caller) -> None:
        self.database, self.export, self.by = database, export, by
        self._archive, self._files = Archive(), ExitStack()
        self._digest, self._is_whole = sha256(), False
        self._first: list[bytes] = []
        self._chunks = self._write()

    def entries(self) -> Iterator[bytes]:
        """What the archive comes to, bit by bit."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """How much was written."""
        raise NotImplementedError

    def start(self) -> Self:
        """Read until there is something to send: what fails now can still be told by a problem."""
        try:
            self._first = [next(self._chunks)]
        except BaseException:
            self.end()
            raise
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        yield from self._chunks

    def end(self) -> None:
        """Record how it ended: `export.finished`, or `export.aborted` before the last byte."""
        self._chunks.close()
        self._files.close()
        action = "export.finished" if self._is_whole else "export.aborted"
        facts = self.facts() | {"sha256": self._digest.hexdigest()}
        with self.database.write.begin() as db:
            record(db, action, on=self.export, by=self.by, **facts)

    def nameless(self) -> IO[bytes]:
        """A file that nobody else sees, until this ends; what is short stays in memory."""
        return self._files.enter_context(SpooledTemporaryFile(IN_MEMORY))

    def _write(self) -> Generator[bytes]:
        waiting: list[bytes] = []
        size = 0
        for chunk in self.entries():
            waiting.append(chunk)
            size += len(chunk)
            if size >= SENT:
                yield self._sent(waiting)
                size = 0
        self._archive.finish()
        waiting.append(self._archive.taken())
        yield self._sent(waiting)
        self._is_whole = True

    def _sent(self, waiting: list[bytes]) -> bytes:
        """These chunks as one: each that is sent costs a change of threads."""
        chunk = b"".join(waiting)
        waiting.clear()
        self._digest.update(chunk)
        return chunk
