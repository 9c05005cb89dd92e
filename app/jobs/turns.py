"""Turns of the machine: how many heavy jobs are done at once, by all processes together.

A transcode keeps a core busy, and web requests need one too: of the queue `media`, one job at a
time is done for each two cores that we may use. A turn is a lock on a file of the data directory:
the kernel takes it back when its process dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.settings import settings
from app.jobs.service import MEDIA

HEAVY = frozenset({MEDIA})
CORES = 2  # for each turn


def turns() -> int:
    """How many there are on this machine: at least one."""
    return max(1, len(os.sched_getaffinity(0)) // CORES)


@contextmanager
def turn(queue: str) -> Iterator[bool]:
    """Whether a job of this queue may be done now: then nobody else has our turn meanwhile."""
    lock = _take(queue) if queue in HEAVY else None
    try:
        yield lock is not None or queue not in HEAVY
    finally:
        if lock is not None:
            os.close(lock)


def _take(queue: str) -> int | None:
    folder = settings().data_dir / "turns"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(turns()):
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        lock = os.open(folder / f"{queue}.{number}", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return lock
    return None
