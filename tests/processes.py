"""Real processes of the command line, each on a folder and a database of its own."""

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from uuid import uuid4

import httpx
from sqlalchemy import create_engine, make_url, text

from app.core.db import Database
from tests.buckets import BUCKET

STARTS_IN, STOPS_IN = 120.0, 5.0  # seconds, on a busy machine; a first run makes videos
# Where nothing is set; what is compiled once is kept: a process starts in two thirds of the time.
BARE = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("APP_") and name != "PYTHONDONTWRITEBYTECODE"
}

Done = subprocess.CompletedProcess[str]


@cache
def _commands() -> subprocess.Popen[str]:
    """What forks a process for every command, as long as the tests last."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "tests.commands"]
    process = subprocess.Popen(command, env=BARE, stdin=pipe, stdout=pipe, text=True)
    atexit.register(process.communicate)  # which closes its input: it ends
    return process


def _ask(line: str) -> int:
    """Have a command done; its exit code."""
    asked, told = _commands().stdin, _commands().stdout
    assert asked is not None
    assert told is not None
    print(line, file=asked, flush=True)
    return int(told.readline())


class Place:
    """A data folder, a database, and the environment of the commands that work there."""

    def __init__(self, folder: Path, url: str, **more: str) -> None:
        self.folder, self.url = folder, url
        mine = {"APP_DATA_DIR": str(folder), "APP_DATABASE_URL": url}
        self.environment = BARE | mine | _storage_of(folder) | more

    def do(self, *arguments: str, said: str = "", **more: str) -> Done:
        """Run a command to its end, in a process of its own: see tests/commands.py."""
        with TemporaryDirectory() as folder:
            files = {name: Path(folder, name) for name in ("said", "out", "err")}
            for name, path in files.items():
                path.write_text(said if name == "said" else "")
            asked = {"arguments": arguments, "environment": self.environment | more}
            ended = _ask(json.dumps(asked | {name: str(path) for name, path in files.items()}))
            return Done(arguments, ended, files["out"].read_text(), files["err"].read_text())

    def migrated(self) -> "Place":
        done = self.do("migrate")
        assert done.returncode == 0, done.stderr
        return self

    @contextmanager
    def opened(self) -> Iterator[Database]:
        database = Database(self.url)
        yield database
        database.dispose()

    @contextmanager
    def started(self, *arguments: str, **more: str) -> Iterator["Started"]:
        """A command that goes on until it is told to stop."""
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield Started(process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _storage_of(folder: Path) -> dict[str, str]:
    """Where the tests keep files in a bucket, this folder has a place of its own there."""
    shared = os.environ.get("APP_STORAGE_URL", "")
    if not shared.startswith("s3://"):
        return {}
    place = sha256(str(folder).encode()).hexdigest()
    mine = shared if str(folder) == os.environ["APP_DATA_DIR"] else f"s3://{BUCKET}/{place}"
    return {"APP_STORAGE_URL": mine, "APP_STORAGE_ALLOW_HTTP": "true"}


class Started:
    """A process at work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def wait_for(self, true: Callable[[], bool]) -> None:
        deadline = monotonic() + STARTS_IN
        while not true():
            if self.process.poll() is not None or monotonic() > deadline:
                self.process.kill()
                raise AssertionError(self.process.communicate()[1])
            sleep(0.05)

    def answers(self, port: int) -> httpx.Response:
        """What /readyz says, once it does."""
        found: list[httpx.Response] = []

        def asked() -> bool:
            try:
                found.append(httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5))
            except httpx.TransportError:
                return False
            return True

        self.wait_for(asked)
        return found[-1]

    def stop(self, number: int = signal.SIGTERM, everybody: bool = False) -> str:
        """Tell it to stop; what it wrote on its standard output. Everybody: as Ctrl-C does."""
        told = monotonic()
        (os.killpg if everybody else os.kill)(self.process.pid, number)
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        assert "Traceback" not in err
        assert monotonic() - told < STOPS_IN, err
        return out


@contextmanager
def new_database(folder: Path) -> Iterator[str]:
    """An empty database, on the server of the tests."""
    given = os.environ.get("TEST_DATABASE_URL")
    if not given:
        yield f"sqlite:///{folder / 'retours.db'}"
        return
    server, name = make_url(given), f"commands_{uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def refused(done: Done) -> str:
    """The one line which says why."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def read_apart(path: Path) -> bytes:
    """The bytes of a file of SQLite, read by another process.

    Whoever closes such a file drops all locks that its own process holds on it (POSIX): others then
    believe that nobody uses the database, and delete its log.
    """
    return subprocess.run(["cat", str(path)], check=True, capture_output=True).stdout
