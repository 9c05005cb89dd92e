"""Large files: sent by tus, beside a bare route that writes what comes; joined, beside copied.

What is sent is made of one MiB, again and again, so that the sender costs little. Both routes have
their file on disk (`fsync`) before they answer. Times are by the clock: the disk is in them.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from bench.load import Server, request, send

MIB = 1024**2
ROUNDS = 3
AT_ONCE = 8
PIECES = 16  # of a file that is joined
UPLOADS = "/api/v1/uploads"


def _head(method: str, path: str, token: str, size: int, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    lines += [f"Content-Length: {size}", *more, "", ""]
    return "\r\n".join(lines).encode()


def _answer(line: socket.socket, status: int) -> str:
    found = b""
    while b"\r\n\r\n" not in found:
        found += line.recv(65536)
    if int(found.split(b" ", 2)[1]) != status:
        raise RuntimeError(found)
    return found.decode("latin-1")


def bring(server: Server, head: bytes, mib: int, status: int = 204) -> float:
    """Send a request of so many MiB; the seconds until its answer."""
    block = os.urandom(MIB)
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        started = time.perf_counter()
        line.sendall(head)
        for _ in range(mib):
            line.sendall(block)
        _answer(line, status)
        return time.perf_counter() - started


def begin(server: Server, token: str, mib: int) -> str:
    """The address of a new upload."""
    asked = ("Tus-Resumable: 1.0.0", f"Upload-Length: {mib * MIB}")
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(_head("POST", UPLOADS, token, 0, *asked))
        return _answer(line, 201).lower().partition("location: ")[2].partition("\r\n")[0]


def by_tus(server: Server, token: str, mib: int) -> float:
    """Send a file in one PATCH; the seconds that it took."""
    told = ("Tus-Resumable: 1.0.0", "Upload-Offset: 0")
    kind = "Content-Type: application/offset+octet-stream"
    place = begin(server, token, mib)
    return bring(server, _head("PATCH", place, token, mib * MIB, *told, kind), mib)


def bare_and_tus(app: Server, bare: Server, token: str, mib: int) -> tuple[float, float, int]:
    """MiB a second by tus and by the bare route, taking turns; bytes that our server grew."""
    ours, ceiling, grown = [], [], 0
    by_tus(app, token, 8)  # warm
    for _ in range(ROUNDS):
        ceiling.append(bring(bare, _head("PUT", "/stream", token, mib * MIB), mib))
        with app.growth() as growth:
            ours.append(by_tus(app, token, mib))
        grown = max(grown, growth[0])
    return mib / median(ours), mib / median(ceiling), grown


@contextmanager
def uploading(server: Server, token: str, mib: int) -> Iterator[None]:
    """So many uploads at once, again and again."""
    over = threading.Event()

    def again() -> None:
        while not over.is_set():
            by_tus(server, token, mib)

    threads = [threading.Thread(target=again) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def answering(server: Server, path: str, token: str, times: int = 60) -> float:
    """Milliseconds by the clock of one such list, the median."""
    asked, found = request("GET", path, token), []
    for _ in range(times):
        started = time.perf_counter()
        send(server, asked)
        found.append((time.perf_counter() - started) * 1000)
    return median(found)


def joined_and_copied(database: Any, folder: Path, mib: int) -> tuple[float, float]:
    """Seconds to join a file of pieces into its original, and to copy it durably; the medians."""
    joins, copies = [], []
    for _ in range(ROUNDS):
        joins.append(_join(database, mib))
        copies.append(_copy(folder, mib))
    return median(joins), median(copies)


def _join(database: Any, mib: int) -> float:
    from app.accounts.models import Account
    from app.jobs.models import Job
    from app.jobs.service import Run
    from app.media.models import Media, Part
    from app.media.work import Work
    from app.storage.keys import new_key
    from app.storage.service import storage

    block = os.urandom(MIB)
    stored = [storage().write(new_key("uploads"), [block] * (mib // PIECES)) for _ in range(PIECES)]
    parts = [Part(part.key, part.size, part.sha256) for part in stored]
    with database.write.begin() as db:
        account = db.query(Account).first()
        media = Media(
            owner_organization_id=account.organization_id,
            created_by_id=account.id,
            filename="film",
            size=sum(part.size for part in stored),
            parts=[asdict(part) for part in stored],
        )
        job = Job(id=uuid4(), name="bench", queue="media", facts={}, token=1, attempts=1)
        job.claimed_until = job.due_at = media.created_at
        db.add_all([media, job])
        db.flush()
        job.claimed_until = media.created_at
    work = Work(Run(database, job, threading.Event()), media.id, storage())
    started = time.perf_counter()
    work._join(parts)
    took = time.perf_counter() - started
    for found in list(storage().objects("media")):
        storage().delete(found.key)
    return took


def _copy(folder: Path, mib: int) -> float:
    source, target = folder / "whole.bin", folder / "copy.bin"
    block = os.urandom(MIB)
    with source.open("wb") as file:
        for _ in range(mib):
            file.write(block)
        os.fsync(file.fileno())
    started = time.perf_counter()
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written)
        written.flush()
        os.fsync(written.fileno())
    took = time.perf_counter() - started
    source.unlink()
    target.unlink()
    return took
