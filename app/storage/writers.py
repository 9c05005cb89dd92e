"""Writing an object: all of it on disk under its key, or nothing under that key.

obstore's LocalStore renames without fsync (and has no option for it, in 0.12), so a folder is
written here: draft, fsync, link (which fails when the key is taken), fsync of the directory.
"""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import obstore
from obstore.store import ObjectStore

DRAFTS = ".drafts"  # no key begins with a dot
PART = 8 * 1024**2  # bytes of one part of an upload to a bucket; at least 5 MiB


class ObjectExists(Exception):
    """A key is written once, and this one was."""


class Writer(Protocol):
    """Where the bytes of one object go."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> None:
        """Make the object durable, under its key. Raises ObjectExists."""

    def abandon(self) -> None:
        """Leave nothing. After `finish` it does nothing."""


class FolderWriter:
    """Writes one object of a folder."""

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._target = folder, folder / key
        drafts = folder / DRAFTS
        make_folders(folder, drafts)
        self._draft = drafts / token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file = os.fdopen(os.open(self._draft, flags, 0o600), "wb", buffering=0)

    def write(self, chunk: bytes) -> None:
        left = memoryview(chunk)
        while left:
            left = left[self._file.write(left) :]

    def finish(self) -> None:
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
        self._file.close()
        self._draft.unlink(missing_ok=True)


class StoreWriter:
    """Writes one object of any store of obstore: durable once the store says it has it."""

    def __init__(self, store: ObjectStore, key: str) -> None:
        self._store, self._key = store, key
        self._require_new()
        self._file: obstore.WritableFile | None = obstore.open_writer(store, key, buffer_size=PART)

    def write(self, chunk: bytes) -> None:
        if self._file:
            self._file.write(chunk)

    def finish(self) -> None:
        self._require_new()  # not atomic: two writers of one key do not happen, keys are random
        if self._file:
            self._file.close()
        self._file = None

    def abandon(self) -> None:
        self._file = None  # dropped unclosed, it is never completed

    def _require_new(self) -> None:
        with suppress(FileNotFoundError):
            obstore.head(self._store, self._key)
            raise ObjectExists(self._key)


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
