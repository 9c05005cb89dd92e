"""The bytes of one request: taken as they come, on disk before they count, and then a row.

No session of the database is open while they flow, and no thread waits for them. When the line
breaks, or nothing comes for too long, or the disk is full, what came is kept: that is what the
protocol is for. With a checksum it is all or nothing.
"""

from asyncio import CancelledError, get_running_loop, timeout
from collections.abc import AsyncIterator
from functools import cache
from threading import Lock

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.calls.call import ApiCall
from app.core.problems import ContentTooLarge, InsufficientStorage, Problem
from app.core.settings import settings
from app.media.twins import NotCompared, Twins
from app.storage.service import Stored, StoredWriter, storage
from app.uploads import service
from app.uploads.models import Upload
from app.uploads.protocol import Checksum
from app.uploads.service import Turn

CHUNK = 1024**2  # bytes written at once


@cache
def turns_to_write() -> CapacityLimiter:
    """Uploads write in turns: what threads and processor time are left is for everybody else."""
    return CapacityLimiter(storage().writers_at_once)


class UploadInterrupted(Problem):
    """The rest did not come: what came is kept, go on from there."""

    status = 408
    headers = {"Connection": "close"}


class Piece:
    """The next bytes of an upload, on their way to one object."""

    def __init__(self, turn: Turn, announced: int | None, checksum: Checksum | None) -> None:
        """Raises ContentTooLarge, InsufficientStorage, before a byte is read."""
        if announced is not None and announced > turn.left:
            raise ContentTooLarge(max=turn.left)
        storage().require_room(turn.left if announced is None else announced)
        self.turn, self._checksum = turn, checksum
        self._writer: StoredWriter = storage().open_writer(turn.new_key())
        self._waiting: list[bytes] = []
        self._came, self._held = 0, 0
        self._writing = Lock()

    async def take(self, bodies: AsyncIterator[bytes]) -> None:
        """Write all that comes. Raises ContentTooLarge, TimeoutError, InsufficientStorage."""
        patience, clock = settings().upload_patience, get_running_loop().time
        async with timeout(patience) as silence:
            async for body in bodies:
                self._came += len(body)
                if self._came > self.turn.left:
                    raise ContentTooLarge(max=self.turn.left)
                self._waiting.append(body)
                self._held += len(body)
                if self._held >= CHUNK:
                    silence.reschedule(None)  # our disk may be slow: that is not the sender's fault
                    await to_thread.run_sync(self._flush, limiter=turns_to_write())
                silence.reschedule(clock() + patience)

    def finish(self) -> Stored | None:
        """Have what came on disk; None when nothing did. Raises ChecksumMismatch."""
        self._flush(is_last=True)
        if self._checksum:
            self._checksum.check()
        if not self._writer.size:
            self._writer.abandon()
            return None
        return self._writer.finish()

    def keep_what_came(self) -> Stored | None:
        """The same of a body that broke off: nothing, when all of it was to be checked."""
        if self._checksum:
            self.abandon()
            return None
        return self.finish()

    def abandon(self) -> None:
        """Keep nothing."""
        self._writer.abandon()

    def _flush(self, is_last: bool = False) -> None:
        """Write what waits. The last ones even on a disk that is full: they are in memory."""
        with self._writing:
            chunk = b"".join(self._waiting)
            if not is_last:
                storage().require_room(len(chunk))
            self._writer.write(chunk)
            if self._checksum:
                self._checksum.update(chunk)
            self._waiting, self._held = [], 0


async def receive(call: ApiCall, piece: Piece) -> Upload:
    """The upload, once all that this request brought is kept.

    Raises UploadInterrupted and InsufficientStorage, once what came is kept; OffsetConflict,
    NotFound, ContentTooLarge and ChecksumMismatch, and nothing is.
    """
    problem: Problem | None = None
    try:
        await piece.take(call.request.stream())
    except (ClientDisconnect, TimeoutError):
        problem = UploadInterrupted()
    except InsufficientStorage as full:
        problem = full
    except CancelledError:  # the server stops: nothing may be awaited any more
        _keep(call, piece.turn, piece.keep_what_came())
        raise
    except BaseException:
        with CancelScope(shield=True):
            await run_in_threadpool(piece.abandon)  # a store may be slow to answer
        raise
    if problem:
        await run_in_threadpool(lambda: _keep(call, piece.turn, piece.keep_what_came()))
        raise problem
    return await run_in_threadpool(lambda: _keep(call, piece.turn, _finish(piece)))


def _finish(piece: Piece) -> Stored | None:
    try:
        return piece.finish()
    except Problem:
        piece.abandon()
        raise


def _keep(call: ApiCall, turn: Turn, stored: Stored | None) -> Upload:
    """Have the database know these bytes. When it refuses them they are deleted.

    When it is not known whether it did, they stay: what no row knows is an orphan.
    """
    try:
        return _record(call, turn, stored)
    except Problem:
        if stored:
            storage().delete(stored.key)
        raise


def _record(call: ApiCall, turn: Turn, stored: Stored | None) -> Upload:
    twins = Twins()
    while True:
        try:
            with call as (db, me):
                upload = service.find(db, turn.upload_id, by=me)
                if stored:
                    service.keep_piece(db, upload, turn, stored, by=me, twins=twins)
                return upload
        except NotCompared:
            twins.compare()
