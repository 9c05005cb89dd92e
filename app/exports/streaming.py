"""An export that is sent while it is read: `start()`, iterate, and in any case `end()`."""

from collections.abc import Generator, Iterator
from contextlib import closing
from hashlib import sha256
from typing import Any, Self

from app.accounts.authentication import Caller
from app.audit.service import record
from app.core.db import Database
from app.exports.models import Export


class Streaming:
    """The chunks of `written()`; how it ended is recorded with `facts()` and their SHA-256."""

    def __init__(self, database: Database, export: Export, by: Caller) -> None:
        self.database, self.export, self.by = database, export, by
        self._digest, self._is_whole = sha256(), False
        self._first: list[bytes] = []
        self._chunks = self._write()

    def written(self) -> Generator[bytes]:
        """What is sent, bit by bit."""
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
        action = "export.finished" if self._is_whole else "export.aborted"
        facts = self.facts() | {"sha256": self._digest.hexdigest()}
        with self.database.write.begin() as db:
            record(db, action, on=self.export, by=self.by, **facts)

    def _write(self) -> Generator[bytes]:
        with closing(self.written()) as chunks:
            for chunk in chunks:
                self._digest.update(chunk)
                yield chunk
        self._is_whole = True
