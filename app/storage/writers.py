"""Writing an object: all of it on disk under its key, or nothing under that key.

obstore's LocalStore renames without fsync (and has no option for it, in 0.12), so a folder is
written here: draft, fsync, link (which fails when the key is taken), fsync of the directory.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import obstore
import structlog
from obstore.store import ObjectStore

from app.storage.outages import ObjectExists, ObjectMissing, Reach, StorageUnavailable

DRAFTS = ".drafts"  # no key begins with a dot
PART = 8 * 1024**2  # bytes of one part of an upload to a bucket; at least 5 MiB
AT_ONCE = 2  # parts on their way
AT_LEAST = 32 * 1024**2  # bytes that are worth a thread's way to the disk
SYNCING = ThreadPoolExecutor(4, "syncing")

log = structlog.get_logger(__name__)


class Writer(Protocol):
    """Where the bytes of one object go."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> None:
        """Make the object durable, under its key. Raises ObjectExists."""

    def abandon(self) -> None:
        """Leave nothing. After `finish` it does nothing."""


class FolderWriter:
    """Writes one object of a folder.

    What is large goes to the disk while the rest comes: else its end would wait for all of it. And
    from there it leaves the system's memory, which is for what everybody reads.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._target = folder, folder / key
        drafts = folder / DRAFTS
        make_folders(folder, drafts)
        self._draft = drafts / token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file = os.fdopen(os.open(self._draft, flags, 0o600), "wb", buffering=0)
        self._written, self._synced, self._syncing = 0, 0, Future[None]()
        self._syncing.set_result(None)

    def write(self, chunk: bytes) -> None:
        left = memoryview(chunk)
        while left:
            left = left[self._file.write(left) :]
        self._written += len(chunk)
        if self._written - self._synced >= AT_LEAST and self._syncing.done():
            self._syncing.result()
            start, self._synced = self._synced, self._written
            self._syncing = SYNCING.submit(_let_go, self._file.fileno(), start, self._synced)

    def finish(self) -> None:
        self._syncing.result()
        os.fsync(self._file.fileno())
        self._file.close()
        make_folders(self._folder, self._target.parent)
        try:
            os.link(self._draft, self._target)  # a rename which never replaces
        except FileExistsError:
            raise ObjectExists(self._target.name) from None
        sync_folder(self._target.parent)
        self._draft.unlink()

    def abandon(self) -> None:
        wait([self._syncing])  # it knows the file by a number, which the next one would have
        self._file.close()
        self._draft.unlink(missing_ok=True)


def _let_go(descriptor: int, start: int, end: int) -> None:
    """Have all that was written on disk, and these bytes of it no more in memory."""
    os.fdatasync(descriptor)
    os.posix_fadvise(descriptor, start, end - start, os.POSIX_FADV_DONTNEED)


class StoreWriter:
    """Writes one object of a bucket: durable once the store says it has it, and how large.

    Up to 8 MiB it is created by one conditional request: of two writers of one key the second
    fails, on stores that know `If-None-Match`. What is larger goes up in parts while it comes, and
    its key is looked at before the parts are put together: two writers of one key, in that very
    moment, would not know of each other. Each request is signed over the SHA-256 of its body.
    """

    def __init__(self, store: ObjectStore, reach: Reach, key: str) -> None:
        self._store, self._reach, self._key = store, reach, key
        self._waiting, self._size = bytearray(), 0
        self._parts: obstore.WritableFile | None = None
        self._require_new()

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._waiting += chunk
        if not self._parts and len(self._waiting) > PART:
            self._parts = obstore.open_writer(
                self._store, self._key, buffer_size=PART, max_concurrency=AT_ONCE
            )
        if self._parts:
            with self._reach(self._key, may_miss=False):
                self._parts.write(self._waiting)
            self._waiting = bytearray()

    def finish(self) -> None:
        if self._parts:
            self._require_new()
        with self._reach(self._key, may_miss=False):
            if self._parts:
                self._parts.close()
            else:
                obstore.put(self._store, self._key, self._waiting, mode="create")
        self._parts = None
        self._verify()

    def abandon(self) -> None:
        """Ask the store to forget the parts, if it answers; else the bucket's own rule will."""
        parts, self._parts = self._parts, None
        if parts:
            with suppress(StorageUnavailable, ObjectMissing), self._reach(self._key):
                parts.__exit__(InterruptedError, InterruptedError(), None)

    def _require_new(self) -> None:
        with suppress(ObjectMissing):
            with self._reach(self._key):
                obstore.head(self._store, self._key)
            raise ObjectExists(self._key)

    def _verify(self) -> None:
        """Raise StorageUnavailable, and delete it, when what is there is not as large as it is."""
        with self._reach(self._key, may_miss=False):
            size = obstore.head(self._store, self._key)["size"]
        if size != self._size:
            log.error("storage.damaged", size=size, expected=self._size)
            with self._reach(self._key, may_miss=False):
                obstore.delete(self._store, self._key)
            raise StorageUnavailable


def make_folders(root: Path, folder: Path) -> None:
    """Make this folder below `root`, and those between, durable."""
    if folder.is_dir():
        return
    if folder != root:
        make_folders(root, folder.parent)
    folder.mkdir(parents=folder == root, exist_ok=True, mode=0o700)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Have the names that this folder holds on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
