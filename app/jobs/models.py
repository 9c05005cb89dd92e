"""A job: a name, its facts, and how its life goes."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, now

UNFINISHED = text("done_at IS NULL AND failed_at IS NULL")
WAITING = text("claimed_until IS NULL AND done_at IS NULL AND failed_at IS NULL")
DONE = text("done_at IS NOT NULL")


class State(StrEnum):
    """Where a job is in its life. Never stored: read from the facts and the clock."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


def state_of(
    claimed_until: datetime | None, done_at: datetime | None, failed_at: datetime | None
) -> State:
    """The state, now. A job whose worker died is waiting again once its lease has ended."""
    if done_at:
        return State.DONE
    if failed_at:
        return State.DEAD
    return State.RUNNING if claimed_until and claimed_until > now() else State.WAITING


def periodic_id(name: str) -> UUID:
    """The id of the one job of this name that is done again and again."""
    return uuid5(NAMESPACE_OID, name)


class Job(Base):
    """Something to do once it is due. `facts` hold ids and codes, never anybody's words.

    A worker holds it while it knows `token`, which grows at every claim, and `claimed_until` is
    not null. Past that moment another worker may claim it.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("done_at IS NULL OR failed_at IS NULL", name="ends_once"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress_is_a_share"),
        Index(
            "ix_jobs_unfinished",
            "queue",
            "due_at",
            postgresql_where=UNFINISHED,
            sqlite_where=UNFINISHED,
        ),
        Index(
            "uq_jobs_waiting",
            "dedupe_key",
            unique=True,
            postgresql_where=WAITING,
            sqlite_where=WAITING,
        ),
        Index("ix_jobs_done", "done_at", postgresql_where=DONE, sqlite_where=DONE),
        Index(None, "created_at", "id"),
    )

    name: Mapped[str] = mapped_column(String(80))
    queue: Mapped[str] = mapped_column(String(40))
    facts: Mapped[dict[str, Any]]
    due_at: Mapped[datetime] = mapped_column(default=now)
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    claimed_until: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(500))
    progress: Mapped[float | None]
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]

    @property
    def is_periodic(self) -> bool:
        return self.id == periodic_id(self.name)

    @property
    def state(self) -> State:
        return state_of(self.claimed_until, self.done_at, self.failed_at)
