"""Whether the service can work now: its database, its storage, its media tools.

Each check answers a code when something is wrong, never the message of an error: addresses and
passwords stand there. The whole takes 2 seconds at most, and needs none of the API's threads.
"""

import subprocess
from collections.abc import Callable, Mapping
from functools import cache

import anyio
import anyio.to_thread
import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.core.db import Database
from app.core.problems import Problem
from app.jobs.runner import describe
from app.media.ffmpeg import ffmpeg
from app.media.sandbox import enclosure
from app.operations.install import migrations
from app.storage.service import StorageUnavailable, storage

PATIENCE = 2.0  # seconds for each check; they run side by side
Check = Callable[[], None]

log = structlog.get_logger(__name__)


class NotReady(Problem):
    """The service cannot answer yet."""

    status = 503
    headers = {"Retry-After": "5"}  # seconds


class Wrong(Exception):
    """A check found what is wrong; its code says it."""


@cache
def newest_migrations() -> frozenset[str]:
    """The heads of our migrations."""
    return frozenset(ScriptDirectory.from_config(migrations("")).get_heads())


def is_migrated(connection: Connection) -> bool:
    """Whether this database is at the version of this code."""
    return newest_migrations() == set(MigrationContext.configure(connection).get_current_heads())


def check_database(database: Database) -> None:
    """It answers, and is at the version of this code. Raises Wrong("not-migrated")."""
    with database.read() as db:
        if not is_migrated(db.connection()):
            raise Wrong("not-migrated")


def check_storage() -> None:
    """It answers. A full disk is no reason not to serve: reading and withdrawing still work.

    Raises Wrong("refused") when a bucket is not open to us.
    """
    try:
        storage().check()
    except StorageUnavailable as outage:
        if outage.refused:
            raise Wrong("refused") from None
        raise


@cache
def check_media_tools() -> None:
    """The ffmpeg of the settings starts. Asked once, until the answer is yes.

    What encloses it is looked for here too: `enclosure()` knows it from then on.
    """
    command = [ffmpeg(), "-version"]
    subprocess.run(  # noqa: S603 - no words of anybody's
        command, env={}, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=10
    )
    enclosure()


class Readiness:
    """The checks of one application. Each runs at most once at a time."""

    def __init__(self, database: Database) -> None:
        self._checks: Mapping[str, Check] = {
            "database": lambda: check_database(database),
            "storage": check_storage,
            "media_tools": check_media_tools,
        }
        self._turns = {name: anyio.CapacityLimiter(1) for name in self._checks}

    async def look(self) -> list[dict[str, object]]:
        """What each check found: `name`, `ok`, and `why` not."""
        found: dict[str, str | None] = {}

        async def run(name: str, check: Check) -> None:
            found[name] = await self._why_not(name, check)

        async with anyio.create_task_group() as group:
            for name, check in self._checks.items():
                group.start_soon(run, name, check)
        return [{"name": n, "ok": found[n] is None, "why": found[n]} for n in self._checks]

    async def _why_not(self, name: str, check: Check) -> str | None:
        """A check that is stuck keeps its thread, and no other: the next ones wait in vain."""
        try:
            with anyio.fail_after(PATIENCE):
                await anyio.to_thread.run_sync(
                    check, abandon_on_cancel=True, limiter=self._turns[name]
                )
        except TimeoutError:
            return "no-answer"
        except Wrong as wrong:
            return str(wrong)
        except Exception as error:  # whatever it is, it is not ready
            log.warning("not_ready", check=name, error=describe(error))
            return "unreachable"
        return None
