"""A desk where tests ask for jobs, do them, and look at how they went."""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any

from sqlalchemy import func, select, update

from app.core.db import Database
from app.core.models import now
from app.jobs.models import Job
from app.jobs.runner import Worker
from app.jobs.service import DEFAULT, QUEUES, enqueue
from app.worker import discover


def wait_until(true: Callable[[], object], seconds: float = 10) -> None:
    """Fail when it is not true in time."""
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "waited in vain"
        sleep(0.02)


class Desk:
    """Each method is committed at once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def ask(self, name: str, **given: Any) -> None:
        with self.database.write.begin() as db:
            enqueue(db, name, **given)

    def run_next(self, queue: str = DEFAULT) -> bool:
        """Whether another worker than any before found something to do."""
        return Worker(self.database).run_next(queue)

    def work_all(self) -> None:
        """Do all that waits, and what that asks for, as a worker would."""
        discover()
        worker = Worker(self.database)
        while any(worker.run_next(queue) for queue in QUEUES):
            pass

    def jobs(self, name: str | None = None) -> list[Job]:
        """As they are now, the one due first, first."""
        rows = select(Job).order_by(Job.due_at)
        with self.database.read() as db:
            return list(db.scalars(rows.where(Job.name == name) if name else rows))

    def job(self, name: str | None = None) -> Job:
        (job,) = self.jobs(name)
        return job

    def count(self, name: str) -> int:
        with self.database.read() as db:
            return db.scalar(select(func.count()).select_from(Job).where(Job.name == name)) or 0

    def change(self, **columns: Any) -> None:
        """Change every job, as if time had passed or a worker had died."""
        with self.database.write.begin() as db:
            db.execute(update(Job).values(**columns))

    def end_leases(self) -> None:
        self.change(claimed_until=now() - timedelta(seconds=1))

    def make_due(self) -> None:
        self.change(due_at=now())


def in_(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
