"""Servers and what they cost: processor time and memory of their process, from `/proc`."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
ROOT = Path(__file__).parents[1]


@dataclass
class Server:
    """A server of ours, in a process of its own."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Processor time so far, in seconds, of all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> int:
        """Resident bytes now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    @contextmanager
    def growth(self) -> Iterator[list[int]]:
        """The highest resident bytes meanwhile, less those at the beginning, in a list of one."""
        before, found, over = self.memory(), [0], threading.Event()

        def watch() -> None:
            while not over.wait(0.005):
                found[0] = max(found[0], self.memory() - before)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            over.set()
            thread.join()


@contextmanager
def serving(factory: str, environment: dict[str, str]) -> Iterator[Server]:
    """This ASGI application factory behind uvicorn, on a free port; stopped by its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--no-access-log", "--no-server-header", "--log-level", "error"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.05)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def request(
    method: str, path: str, token: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """A request, as it is sent."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    lines += [f"Content-Length: {len(body)}", f"Content-Type: {content_type}", "", ""]
    return "\r\n".join(lines).encode() + body


async def _send(
    port: int, what: bytes, times: int, status: int, spent: list[float] | None = None
) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    answer = b""
    for _ in range(times):
        begun = time.perf_counter()
        writer.write(what)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        answer = await _body(reader, head)
        if spent is not None:
            spent.append(time.perf_counter() - begun)
        if int(head.split(b" ", 2)[1]) != status:
            raise RuntimeError(head + answer[:2000])
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return answer


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    fields = head.lower()
    if b"content-length: " in fields:
        length = int(fields.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return await reader.readexactly(length)
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)


def send(server: Server, what: bytes, times: int = 1, status: int = 200) -> bytes:
    """Send this request so many times on one connection; the last answer's body."""
    return asyncio.run(_send(server.port, what, times, status))


def clocked(server: Server, what: bytes, times: int, status: int = 200) -> list[float]:
    """How long each of so many such requests takes, in seconds, one after the other."""
    spent: list[float] = []
    asyncio.run(_send(server.port, what, times, status, spent))
    return spent


def cost(server: Server, what: bytes, times: int, status: int = 200) -> float:
    """Processor time of the server for one such request, in milliseconds."""
    send(server, what, max(3, times // 10), status)  # warm
    before = server.cpu()
    send(server, what, times, status)
    return (server.cpu() - before) / times * 1000


def alternately(
    first: tuple[Server, bytes], second: tuple[Server, bytes], times: int, status: int = 200
) -> tuple[float, float]:
    """The costs of two requests, the median of three rounds in which they take turns."""
    costs: tuple[list[float], list[float]] = ([], [])
    for _ in range(3):
        for (server, what), found in zip((first, second), costs, strict=True):
            found.append(cost(server, what, times, status))
    return sorted(costs[0])[1], sorted(costs[1])[1]
