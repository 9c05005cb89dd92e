"""Write, read and delete objects, with constant memory.

They are in a folder, or in a bucket: docs/s3.md says what holds there. A store that does not answer
is StorageUnavailable, after `storage_timeout` seconds at most.

    with storage().open_writer(new_key("media")) as writer:
        for chunk in chunks:
            writer.write(chunk)
    keep(writer.stored)  # on disk by now: the row that holds its key may be committed

A block left by an exception writes nothing. What is written and then kept by no row (the process
died in between) is an orphan: `objects()` lists it, with its age.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

from app.core.models import now
from app.core.problems import InsufficientStorage
from app.core.settings import settings
from app.storage.keys import checked
from app.storage.outages import (
    BeyondEnd,
    ObjectExists,
    ObjectMissing,
    Reach,
    StorageUnavailable,
)
from app.storage.readers import FileRange, in_pieces
from app.storage.writers import (
    DRAFTS,
    FolderWriter,
    StoreWriter,
    Writer,
    make_folders,
    sync_folder,
)

__all__ = [
    "Digest",
    "ObjectExists",
    "ObjectMissing",
    "Storage",
    "StorageUnavailable",
    "Stored",
    "StoredWriter",
    "storage",
]

CHUNK = 256 * 1024  # bytes: the caches of a processor hold it, 1 MiB costs twice the time
SENT = 1024**2  # bytes of a chunk that is sent on: there each costs a change of threads
CONNECTS_IN = 2.0  # seconds
RETRIES = 2  # of what failed at once; what took all of its time is not tried again
SMALL = 64 * 1024  # bytes: below this, a second thread costs more than it saves
AHEAD = 8  # chunks written before they are measured, at most
MEASURING = ThreadPoolExecutor(4, "measuring")  # SHA-256 lets other threads of Python go on


class UrlRefused(ValueError):
    """A storage is at `file:///folder` or at `s3://bucket/prefix`."""


@dataclass(frozen=True)
class Stored:
    """An object that is on disk: its key, its size in bytes, its SHA-256 in hexadecimal."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Found:
    """An object of the storage, as `objects` lists it."""

    key: str
    size: int
    written_at: datetime


class Digest:
    """The SHA-256 of bytes that come in chunks, found while the next ones come."""

    def __init__(self) -> None:
        self._digest = sha256()
        self._unmeasured: list[bytes] = []
        self._measuring: Future[None] = Future()
        self._measuring.set_result(None)

    def update(self, chunk: bytes) -> None:
        """More of the bytes."""
        self._unmeasured.append(chunk)
        if self._measuring.done() or len(self._unmeasured) == AHEAD:
            self._measure()

    def hexdigest(self) -> str:
        """Of all that came, in hexadecimal."""
        self._measure()
        self._measuring.result()
        return self._digest.hexdigest()

    def _measure(self) -> None:
        """Begin to measure what came while what came before was measured."""
        self._measuring.result()
        chunks, self._unmeasured = self._unmeasured, []
        if sum(map(len, chunks)) > SMALL:
            self._measuring = MEASURING.submit(self._update, chunks)
        else:
            self._update(chunks)

    def _update(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self._digest.update(chunk)


class StoredWriter:
    """Writes one object, and measures it. Leaving its block stores the object, an error nothing.

    Its methods raise StorageUnavailable.
    """

    def __init__(self, key: str, writer: Writer) -> None:
        self._key, self._writer = key, writer
        self._digest, self.size = Digest(), 0
        self._stored: Stored | None = None

    def __enter__(self) -> "StoredWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()

    def write(self, chunk: bytes) -> None:
        """More of its bytes, which are measured while they are written and the next ones come."""
        self._digest.update(chunk)
        self._writer.write(chunk)
        self.size += len(chunk)

    def finish(self) -> Stored:
        """Have the object on disk, under its key. Raises ObjectExists."""
        try:
            self._writer.finish()
        except BaseException:
            self._writer.abandon()
            raise
        self._stored = Stored(self._key, self.size, self._digest.hexdigest())
        return self._stored

    def abandon(self) -> None:
        """Store nothing."""
        self._writer.abandon()

    @property
    def stored(self) -> Stored:
        """What was stored, once the block is left."""
        if not self._stored:
            raise ValueError(f"{self._key} is not stored yet.")
        return self._stored


class Storage:
    """The objects below a URL: `file:///folder` or `s3://bucket/prefix`.

    Its methods raise StorageUnavailable: of a bucket that does not answer, after `patience` seconds
    (`storage_timeout` unless it is said), twice that at worst; then at once, for 5 seconds.
    """

    def __init__(self, url: str, patience: float | None = None) -> None:
        """Raises UrlRefused."""
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._reach = Reach(is_near=self._folder is not None)
        self._store: ObjectStore
        if self._folder:
            make_folders(self._folder, self._folder)
            self._store = LocalStore(self._folder)
        elif parts.scheme == "s3" and parts.netloc:
            path = unquote(parts.path).strip("/")
            self._store = bucket(parts.netloc, path, patience or settings().storage_timeout)
        else:
            raise UrlRefused(url)

    @property
    def writers_at_once(self) -> int:
        """How many writers it is worth to run at a time: a disk is busy with one, a bucket far."""
        return 1 if self._folder else 8

    def open_writer(self, key: str) -> StoredWriter:
        """Where to write a new object; see the example above. Raises KeyRefused, ObjectExists."""
        writer: Writer
        if self._folder:
            if (self._folder / checked(key)).exists():
                raise ObjectExists(key)
            writer = FolderWriter(self._folder, key)
        else:
            writer = StoreWriter(self._store, self._reach, checked(key))
        return StoredWriter(key, writer)

    def write(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """A new object of these bytes. Raises ObjectExists."""
        with self.open_writer(key) as writer:
            for chunk in chunks:
                writer.write(chunk)
        return writer.stored

    def size(self, key: str) -> int:
        """The size of an object, in bytes. Raises ObjectMissing."""
        with self._finding(key):
            return obstore.head(self._store, key)["size"]

    def read(self, key: str) -> Iterator[bytes]:
        """The bytes of an object, in chunks of about 256 KiB. Raises ObjectMissing at once."""
        return self.read_range(key, 0, self.size(key), CHUNK)

    def read_range(self, key: str, start: int, end: int, chunk: int = SENT) -> Iterator[bytes]:
        """Its bytes from `start` up to `end`, excluded, in chunks of about 1 MiB.

        Raises ObjectMissing and StorageUnavailable at once, or at a later chunk of a bucket; an
        object deleted meanwhile is still read to its end from a folder. `end` may lie after the
        object's end.
        """
        if end <= start:
            return iter(())
        if self._folder:
            with self._finding(key):
                return FileRange(self._folder / key, start, end, chunk)

        def fetch(first: int, last: int) -> tuple[bytes, int]:
            with self._finding(key):
                found = obstore.get(self._store, key, options={"range": (first, last)})
                return bytes(found.bytes()), found.meta["size"]

        try:
            return in_pieces(fetch, start, end, chunk)
        except BeyondEnd:
            return iter(())

    def sha256(self, key: str) -> str:
        """The SHA-256 of what is stored, in hexadecimal, read to its end. Raises ObjectMissing."""
        digest = sha256()
        for chunk in self.read(key):
            digest.update(chunk)
        return digest.hexdigest()

    def delete(self, key: str) -> None:
        """Delete an object, durably. One that is not there is deleted already."""
        if not self._folder:
            with self._reach(checked(key), may_miss=False):
                obstore.delete(self._store, key)
            return
        with suppress(ObjectMissing):
            with self._finding(key):
                obstore.delete(self._store, key)
            sync_folder((self._folder / key).parent)

    @contextmanager
    def _finding(self, key: str) -> Iterator[None]:
        """Raises ObjectMissing, KeyRefused; StorageUnavailable when a disk is not mounted."""
        try:
            with self._reach(checked(key)):
                yield
        except ObjectMissing:
            if self._folder and not self._folder.is_dir():
                raise StorageUnavailable from None
            raise

    def local_copy(self, key: str, folder: Path, name: str = "input") -> Path:
        """A file `name` in `folder` with these bytes, for a tool. Raises ObjectMissing.

        It is not to be written to: when the folder is on the disk of the storage, it is the
        object itself, under a second name. Else it is a copy; raises InsufficientStorage when there
        is no room for it.
        """
        path = folder / name
        if self._folder:
            with suppress(OSError):  # another disk, or nothing there: found out below
                os.link(self._folder / checked(key), path)
                return path
        _require_reserve(shutil.disk_usage(folder).free, self.size(key))
        with path.open("xb") as file:
            for chunk in self.read(key):
                file.write(chunk)
        return path

    def store_file(self, key: str, path: Path) -> Stored:
        """A new object with the bytes of this file. Raises ObjectExists."""
        with path.open("rb") as file:
            return self.write(key, iter(lambda: file.read(CHUNK), b""))

    def objects(self, prefix: str = "") -> Iterator[Found]:
        """Every object whose key begins with these whole words: `media`, `uploads/<id>`."""
        pages = iter(obstore.list(self._store, prefix or None))
        while True:
            with self._reach(prefix):
                page = next(pages, None)
            if page is None:
                return
            for found in page:
                if not found["path"].startswith(f"{DRAFTS}/"):
                    yield Found(found["path"], found["size"], found["last_modified"])

    def check(self) -> None:
        """Raise StorageUnavailable unless it answers: the folder is there, or the bucket."""
        with self._reach("", may_miss=False):
            self.free_space()
        next(self.objects("readiness"), None)  # of which there are none

    def delete_drafts(self, older_than: timedelta) -> int:
        """Delete what writers that died left behind, and say how many.

        Of a bucket that is the work of its lifecycle rule: see docs/s3.md.
        """
        if not self._folder:
            return 0
        before, count = now() - older_than, 0
        for draft in self._folder.glob(f"{DRAFTS}/*"):
            with suppress(FileNotFoundError):
                if datetime.fromtimestamp(draft.stat().st_mtime, UTC) < before:
                    draft.unlink()
                    count += 1
        return count

    def free_space(self) -> int | None:
        """The bytes left on the disk; None when the store tells no limit."""
        return shutil.disk_usage(self._folder).free if self._folder else None

    def require_room(self, size: int = 0) -> None:
        """Raise InsufficientStorage unless `size` bytes fit above the reserve of the disk."""
        if (free := self.free_space()) is not None:
            _require_reserve(free, size)


def _require_reserve(free: int, size: int) -> None:
    if free - size < settings().disk_reserve:
        raise InsufficientStorage


def bucket(name: str, prefix: str, patience: float) -> S3Store:
    """A bucket: where it is, and as whom it is opened, the variables `AWS_*` say."""
    seconds = timedelta(seconds=patience)
    return S3Store(
        name,
        prefix=prefix or None,
        config={"disable_bulk_delete": True},  # one by one, as every store knows
        client_options={
            "allow_http": settings().storage_allow_http,
            "connect_timeout": min(seconds, timedelta(seconds=CONNECTS_IN)),
            "timeout": seconds,
        },
        retry_config={
            "max_retries": RETRIES,
            "retry_timeout": seconds,
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
        },
    )


@cache
def storage() -> Storage:
    """The storage of this process."""
    return Storage(settings().storage)
