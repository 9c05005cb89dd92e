"""Write, read and delete objects, with constant memory: chunks of 1 MiB.

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
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from app.core.models import now
from app.core.problems import InsufficientStorage
from app.core.settings import settings
from app.storage.keys import checked
from app.storage.readers import FileRange
from app.storage.writers import (
    DRAFTS,
    FolderWriter,
    ObjectExists,
    StoreWriter,
    Writer,
    make_folders,
    sync_folder,
)

__all__ = ["ObjectExists", "ObjectMissing", "Storage", "Stored", "StoredWriter", "storage"]

CHUNK = 1024**2  # bytes


class ObjectMissing(Exception):
    """Nothing is stored under this key."""


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


class StoredWriter:
    """Writes one object, and measures it. Leaving its block stores the object, an error nothing."""

    def __init__(self, key: str, writer: Writer) -> None:
        self._key, self._writer = key, writer
        self._digest, self.size = sha256(), 0
        self._stored: Stored | None = None

    def __enter__(self) -> "StoredWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()

    def write(self, chunk: bytes) -> None:
        """More of its bytes."""
        self._writer.write(chunk)
        self._digest.update(chunk)
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
    """The objects below a URL: `file:///folder`, or any that obstore knows (`s3://bucket/path`)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._store: ObjectStore
        if self._folder:
            make_folders(self._folder, self._folder)
            self._store = LocalStore(self._folder)
        else:
            self._store = from_url(url)

    def open_writer(self, key: str) -> StoredWriter:
        """Where to write a new object; see the example above. Raises KeyRefused, ObjectExists."""
        writer: Writer
        if self._folder:
            if (self._folder / checked(key)).exists():
                raise ObjectExists(key)
            writer = FolderWriter(self._folder, key)
        else:
            writer = StoreWriter(self._store, checked(key))
        return StoredWriter(key, writer)

    def write(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """A new object of these bytes. Raises ObjectExists."""
        with self.open_writer(key) as writer:
            for chunk in chunks:
                writer.write(chunk)
        return writer.stored

    def size(self, key: str) -> int:
        """The size of an object, in bytes. Raises ObjectMissing."""
        try:
            return obstore.head(self._store, checked(key))["size"]
        except FileNotFoundError:
            raise ObjectMissing(key) from None

    def read(self, key: str) -> Iterator[bytes]:
        """The bytes of an object, in chunks of about 1 MiB. Raises ObjectMissing at once."""
        return self.read_range(key, 0, self.size(key))

    def read_range(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Its bytes from `start` up to `end`, excluded, in chunks of about 1 MiB.

        Raises ObjectMissing at once, not at the first chunk; an object deleted meanwhile is still
        read to its end from a folder. `end` may lie after the object's end.
        """
        if end <= start:
            return iter(())
        try:
            if self._folder:
                return FileRange(self._folder / checked(key), start, end, CHUNK)
            found = obstore.get(self._store, checked(key), options={"range": (start, end)})
        except FileNotFoundError:
            raise ObjectMissing(key) from None
        return map(bytes, found.stream(min_chunk_size=CHUNK))

    def delete(self, key: str) -> None:
        """Delete an object, durably. One that is not there is deleted already."""
        with suppress(FileNotFoundError):
            obstore.delete(self._store, checked(key))
            if self._folder:
                sync_folder((self._folder / key).parent)

    def local_copy(self, key: str, folder: Path, name: str = "input") -> Path:
        """A file `name` in `folder` with these bytes, for a tool. Raises ObjectMissing.

        It is not to be written to: when the folder is on the disk of the storage, it is the
        object itself, under a second name.
        """
        path = folder / name
        if self._folder:
            with suppress(OSError):  # another disk, or nothing there: found out below
                os.link(self._folder / checked(key), path)
                return path
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
        for page in obstore.list(self._store, prefix or None):
            for found in page:
                if not found["path"].startswith(f"{DRAFTS}/"):
                    yield Found(found["path"], found["size"], found["last_modified"])

    def delete_drafts(self, older_than: timedelta) -> int:
        """Delete what writers that died left behind, and say how many."""
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
        free = self.free_space()
        if free is not None and free - size < settings().disk_reserve:
            raise InsufficientStorage


@cache
def storage() -> Storage:
    """The storage of this process."""
    return Storage(settings().storage)
