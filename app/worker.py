"""Workers empty the jobs table: threads of the web process, or `python -m app worker`.

They import every feature's `jobs.py`, where handlers register.
"""

import signal
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

from app.core.db import Database
from app.core.settings import settings
from app.jobs.bell import BELL, listen
from app.jobs.runner import Worker
from app.jobs.service import QUEUES, request_periodic
from app.jobs.turns import HEAVY

GRACE = 10.0  # seconds to finish the present job, before it is handed back


def discover() -> None:
    """Import every feature's `jobs.py`, so that its handlers register."""
    for path in sorted(Path(__file__).parent.glob("*/jobs.py")):
        import_module(f"app.{path.parent.name}.jobs")


class Workers:
    """The threads at work in this process."""

    def __init__(self, database: Database, count: int, queues: Sequence[str]) -> None:
        self._stop = Event()
        self._workers = [Worker(database, shares, self._stop) for shares in share(queues, count)]
        tasks = [worker.work for worker in self._workers]
        self._threads = [
            Thread(target=task, name=f"worker {number}", daemon=True)
            for number, task in enumerate(tasks, 1)
        ]
        if count:
            listener = Thread(target=listen, args=(database, self._stop), name="bell", daemon=True)
            self._threads.append(listener)
        for thread in self._threads:
            thread.start()

    def stop(self, grace: float = GRACE) -> None:
        """Begin no other job; wait `grace` seconds for the present ones, then hand them back.

        What is handed back is taken by another worker at once, and can write nothing here.
        """
        self._stop.set()
        BELL.ring()
        deadline = monotonic() + grace
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        for worker in self._workers:
            worker.hand_back()


def share(queues: Sequence[str], count: int) -> list[Sequence[str]]:
    """The queues of each of `count` threads: of several, one is kept free of heavy jobs."""
    light = [queue for queue in queues if queue not in HEAVY]
    if count > 1 and light:
        return [light, *[queues] * (count - 1)]
    return [queues] * count


def start(database: Database, count: int = 2, queues: Sequence[str] = QUEUES) -> Workers:
    """Do the jobs of these queues in `count` threads, the periodic ones included.

    Two at least, or a long job of one queue makes the others wait: see `share`. None with
    `count=0`.
    """
    discover()
    if count:
        request_periodic(database)
    return Workers(database, count, queues)


def main(queues: Sequence[str] = QUEUES, count: int = 2, grace: float = GRACE) -> None:
    """`python -m app worker`: work on the database of the settings until SIGTERM or Ctrl-C."""
    asked = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    database = Database(settings().database)
    workers = start(database, count, queues)
    while not asked.is_set():
        sleep(0.2)  # not `asked.wait()`: the handler runs in this thread, and needs its lock
    workers.stop(grace)
    database.dispose()
