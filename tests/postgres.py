"""A PostgreSQL server for one command: `python -m tests.postgres -- COMMAND…`.

It lives in a temporary folder, on a free port of 127.0.0.1, without fsync: its data is worth
nothing. The command finds it in TEST_DATABASE_URL. When it ends, however it ends, the server is
stopped and the folder removed. `--is-there` only says whether the binaries are installed.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep

USERS = ("postgres", "nobody")  # PostgreSQL refuses to be run by root
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "max_prepared_transactions": "2",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "128MB",
}
PATIENCE = 60.0  # seconds to start


class NoServer(Exception):
    """There is no PostgreSQL here, or it does not start."""


def binaries() -> Path:
    """The folder of `initdb` and `postgres`, the newest. Raises NoServer."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    found += [Path(on_path).resolve()] if on_path else []
    for initdb in reversed(found):
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    raise NoServer("PostgreSQL is not installed: neither on PATH nor below /usr/lib/postgresql.")


def _version(initdb: Path) -> float:
    name = initdb.parents[1].name
    return float(name) if name.replace(".", "", 1).isdigit() else 0


def user() -> str | None:
    """Who runs the server, when it is not us. Raises NoServer."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in USERS:
        if name in known:
            return name
    raise NoServer(f"Root cannot run PostgreSQL, and there is none of {', '.join(USERS)}.")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """The URL of a new, empty database. Raises NoServer."""
    programs, owner = binaries(), user()
    folder = Path(mkdtemp(prefix="retours-postgres-"))
    try:
        if owner:
            shutil.chown(folder, owner)
        _run(
            [
                programs / "initdb",
                "--auth=trust",
                "--username=tests",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                f"--pgdata={folder / 'data'}",
            ],
            folder,
            owner,
        )
        with _started(programs, folder, owner) as port:
            yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(programs: Path, folder: Path, owner: str | None) -> Iterator[int]:
    port, log = free_port(), folder / "log"
    options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    command: list[str | Path] = [
        programs / "postgres",
        f"-D{folder / 'data'}",
        f"-p{port}",
        f"-k{folder}",
        *options,
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            user=owner,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the command; we stop the server after it
        )
    try:
        _wait_for(process, port, log)
        yield port
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: its data is worth nothing
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = monotonic() + PATIENCE
    while process.poll() is None and monotonic() < deadline:
        if "ready to accept connections" in log.read_text(errors="replace"):
            return
        sleep(0.05)
    raise NoServer(f"PostgreSQL does not start on port {port}:\n{log.read_text(errors='replace')}")


def _run(command: Sequence[str | Path], folder: Path, owner: str | None) -> None:
    done = subprocess.run(
        command, check=False, cwd=folder, user=owner, capture_output=True, text=True
    )
    if done.returncode:
        raise NoServer(f"{command[0]} failed:\n{done.stderr}")


def _stop(*_: object) -> None:
    raise SystemExit(143)


def main(arguments: Sequence[str]) -> int:
    """What the command returned; 2 when there is no server."""
    try:
        if list(arguments) == ["--is-there"]:
            binaries(), user()
            return 0
        command = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
        if not command:
            print(__doc__, file=sys.stderr)
            return 2
        signal.signal(signal.SIGTERM, _stop)
        with server() as url:
            return _do(command, url)
    except NoServer as error:
        print(error, file=sys.stderr)
        return 2


def _do(command: Sequence[str], url: str) -> int:
    """Run it to its end; what stops us stops it too."""
    process = subprocess.Popen(command, env=os.environ | {"TEST_DATABASE_URL": url})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # it heard it too
        except SystemExit:
            process.terminate()
            process.wait()
            raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
