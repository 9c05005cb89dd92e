"""Ask for work, and say how it is done.

A job is asked for inside the caller's transaction: kept with the deed, or undone with it. It is
done at least once: a worker may die halfway and another begin again. So a handler is idempotent by
the key of what it makes: it writes `renditions/<media>/<name>`, finds it there, and is done.

    @handles("media.received", queue="media")
    def transcode(run: Run, media_id: str) -> None:
        with run.reading() as db:
            ...                        # what is there to do, and is it still?
        ...                            # the long work, outside any transaction
        with run.writing() as db:
            ...                        # nothing is kept if another worker took over meanwhile
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from sqlalchemy import Table, case, delete, literal, select, update
from sqlalchemy.orm import Session

from app.core.db import Database, insert_new, locked
from app.core.models import now
from app.jobs.bell import ring_once_committed
from app.jobs.models import WAITING, Job, periodic_id

DEFAULT, MEDIA = "default", "media"
QUEUES = (DEFAULT, MEDIA)
KEPT = timedelta(days=7)  # after it was done
BATCH = 1000
JOBS: Table = Job.metadata.tables["jobs"]


class HandlerTaken(Exception):
    """Two functions want to handle the jobs of one name."""


class Interrupted(Exception):
    """Stop here: what is left of the job is done later, or elsewhere."""


class LeaseLost(Interrupted):
    """This job is no longer ours: another worker has it, or may have it."""


class Stopping(Interrupted):
    """This worker was asked to stop; the job is handed back."""


class Run:
    """One try to do a job. Its methods are short transactions of their own: do not nest them."""

    def __init__(self, database: Database, job: Job, stop: Event) -> None:
        self.job, self.attempt = job, job.attempts
        self._database, self._stop, self._lost = database, stop, Event()
        self._held = (
            Job.id == job.id,
            Job.token == job.token,
            Job.claimed_until.is_not(None),
        )
        self._shown: float | None = None

    @property
    def database(self) -> Database:
        """For what is no transaction: erasing what the files of the database still hold."""
        return self._database

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that cannot write."""
        with self._database.read() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction, committed only while the job is ours. Raises LeaseLost.

        Nobody can take the job over between its first statement and its commit.
        """
        with self._database.write.begin() as db:
            if not db.scalar(locked(db, select(Job.id).where(*self._held))):
                self.lose()
                raise LeaseLost
            yield db

    def progress(self, share: float) -> None:
        """Say how much is done, from 0 to 1; kept to the hundredth. Raises LeaseLost."""
        share = round(min(max(share, 0.0), 1.0), 2)
        if share != self._shown:
            self.save(progress=share)
            self._shown = share

    def check(self) -> None:
        """Between two steps of a long work. Raises LeaseLost, or Stopping: clean up and let go."""
        if self._lost.is_set():
            raise LeaseLost
        if self._stop.is_set():
            raise Stopping

    def save(self, **columns: Any) -> None:
        """Change the job's own row, while it is ours. Raises LeaseLost. For the worker."""
        with self._database.write.begin() as db:
            held = update(JOBS).where(*self._held).values(**columns)
            if not db.connection().execute(held).rowcount:
                self.lose()
                raise LeaseLost

    def drop(self) -> None:
        """Delete the job's own row, while it is ours. For the worker."""
        with self._database.write.begin() as db:
            db.connection().execute(delete(JOBS).where(*self._held))

    def lose(self) -> None:
        """From now on `check` raises LeaseLost."""
        self._lost.set()


@dataclass(frozen=True)
class Handler:
    """How the jobs of one name are done, from which queue, and how often by themselves."""

    do: Callable[..., None]
    queue: str
    every: timedelta | None


HANDLERS: dict[str, Handler] = {}
Decorated = Callable[[Callable[..., None]], Callable[..., None]]


def handles(name: str, queue: str = DEFAULT, every: timedelta | None = None) -> Decorated:
    """Make a function the handler of the jobs of this name: `handler(run, **facts)`.

    It must be idempotent by the key of what it makes, for a job may be done twice. With `every`, it
    is also one job without facts, done again each time this long after it was done. Raises
    HandlerTaken.
    """

    def register(do: Callable[..., None]) -> Callable[..., None]:
        if name in HANDLERS:
            raise HandlerTaken(name)
        HANDLERS[name] = Handler(do, queue, every)
        return do

    return register


def enqueue(
    db: Session,
    name: str,
    *,
    dedupe_key: str | None = None,
    due_at: datetime | None = None,
    **facts: Any,
) -> None:
    """Have this done once the present transaction is committed, and not before `due_at`.

    `facts` fit in JSON. What waits already under this `dedupe_key` is not asked for again, but
    becomes due at the earlier moment, and waits for our commit: it will see what we changed. What
    runs already is asked for again, for it may have looked too early.
    """
    due_at, handler = due_at or now(), HANDLERS.get(name)
    queue = handler.queue if handler else DEFAULT  # a worker who knows better moves it
    asked = {"name": name, "queue": queue, "facts": facts, "due_at": due_at}
    insert_new(db, Job, **asked, dedupe_key=dedupe_key)
    if dedupe_key:
        ours = literal(due_at, JOBS.c.due_at.type)
        earlier = case((JOBS.c.due_at > ours, ours), else_=JOBS.c.due_at)
        twin = update(JOBS).where(JOBS.c.dedupe_key == dedupe_key, WAITING)
        while not db.connection().execute(twin.values(due_at=earlier)).rowcount:
            insert_new(db, Job, **asked, dedupe_key=dedupe_key)  # claimed meanwhile
    ring_once_committed(db)


def request_periodic(database: Database) -> None:
    """Have the periodic jobs done from now on. The same request twice is one request."""
    with database.write.begin() as db:
        for name, handler in sorted(HANDLERS.items()):
            if handler.every:
                job = {"name": name, "queue": handler.queue, "facts": {}}
                insert_new(db, Job, id=periodic_id(name), dedupe_key=f"periodic:{name}", **job)


def forget_done(db: Session) -> int:
    """Delete jobs that were done more than 7 days ago, at most 1 000; how many that was."""
    old = select(Job.id).where(Job.done_at < now() - KEPT).order_by(Job.done_at).limit(BATCH)
    return db.connection().execute(delete(JOBS).where(JOBS.c.id.in_(old))).rowcount
