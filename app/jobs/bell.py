"""Wakes the workers when a job was asked for: in this process, and in others on PostgreSQL.

It may ring for nothing, and a ring may be lost: workers look at the table every second anyway.
"""

from threading import Condition, Event

import psycopg
from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.db import Database, make_engine

CHANNEL = "jobs"
PAUSE = 1.0  # seconds between two looks at whether to stop, or tries to connect


class Bell:
    """Counts its rings, so that none is missed between a look at the table and the wait."""

    def __init__(self) -> None:
        self.rings = 0
        self._changed = Condition()

    def ring(self) -> None:
        with self._changed:
            self.rings += 1
            self._changed.notify_all()

    def wait(self, heard: int, timeout: float) -> None:
        """Until it has rung more than `heard` times, or for `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.rings != heard, timeout)


BELL = Bell()


def ring_once_committed(db: Session) -> None:
    """Ring when the present transaction is committed."""
    if db.info.get(CHANNEL):
        return
    db.info[CHANNEL] = True
    if db.get_bind().dialect.name == "postgresql":
        db.connection().execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


@event.listens_for(Session, "after_commit")
def _ring(db: Session) -> None:
    if db.info.pop(CHANNEL, False):
        BELL.ring()


@event.listens_for(Session, "after_rollback")
def _keep_silent(db: Session) -> None:
    db.info.pop(CHANNEL, None)


def listen(database: Database, stop: Event) -> None:
    """Ring for what other processes ask, until `stop`. Returns at once on SQLite."""
    if database.dialect != "postgresql":
        return
    with database.read() as db:
        url = db.get_bind().engine.url.render_as_string(hide_password=False)
    engine = make_engine(url, {})
    while not stop.is_set():
        try:
            with engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert isinstance(driver, psycopg.Connection)  # noqa: S101 - for the type checker
                driver.autocommit = True
                driver.execute(f"LISTEN {CHANNEL}")
                while not stop.is_set():
                    for _ in driver.notifies(timeout=PAUSE):
                        BELL.ring()
                connection.invalidate()
        except (SQLAlchemyError, psycopg.Error):
            stop.wait(PAUSE)
    engine.dispose()
