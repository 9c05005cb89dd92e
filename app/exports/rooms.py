"""Folders in which files are composed before they are sent: they hold people's words.

A room is removed when its export ends, whatever happens; that of a process which died, by whoever
comes next. A lock says who lives: the kernel takes it back from the dead.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from app.core.settings import settings


@contextmanager
def room() -> Iterator[Path]:
    """An empty folder of this export alone."""
    with _entrance() as rooms:
        _sweep(rooms)
        folder = Path(mkdtemp(dir=rooms))
        lock = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep() -> None:
    """Remove the rooms that nobody is in."""
    with _entrance() as rooms:
        _sweep(rooms)


@contextmanager
def _entrance() -> Iterator[Path]:
    """Where the rooms are; one at a time, so that no room is found before it is locked."""
    rooms = settings().data_dir.resolve() / "exports"
    rooms.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock(rooms)
    try:
        yield rooms
    finally:
        os.close(lock)


def _sweep(rooms: Path) -> None:
    for left in rooms.iterdir():
        with suppress(OSError):  # somebody is in, or it is no room of ours
            lock = _lock(left, fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def _lock(folder: Path, how: int = 0) -> int:
    """A lock of this folder. Raises BlockingIOError when another has it, and `how` is no wait."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
    except BaseException:
        os.close(lock)
        raise
    return lock
