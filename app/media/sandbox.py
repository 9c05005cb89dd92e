"""Run a tool on a file that nobody trusts: limits, no environment, no network when possible.

The tool has its own folder, its own process group, and sees bubblewrap's view of the system when
`bwrap` is installed and allowed to work: its libraries, its folder (the input read-only), no
network. Without it, the kernel refuses it sockets, and to leave its group (`child/refusals.py`).
Whatever happens, nothing of its group is left when `run` returns.
"""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic
from typing import IO

from app.core.settings import GIB, MIB, settings

LIMIT = Path(__file__).with_name("child") / "limit.py"
MEMORY = 2 * GIB  # bytes of address space
FILES = 64
NICE = 10
NO_PROGRAM = 127  # as `child/limit.py`, and shells, say it
SIGNALLED = 128  # added to the signal that ended a tool, by who ran it for us
KEPT = 64 * 1024  # bytes of each of its outputs
TOO_FULL = 16 * MIB  # bytes left on the disk
TURN = 0.5  # seconds between two looks at whether to go on
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives")


class OutOfBudget(Exception):
    """The tool was stopped: it wanted more time, or wrote more, than it may."""


class ToolFailed(Exception):
    """The tool ended badly, or crashed."""


class Hindered(Exception):
    """The machine, and not the file, kept the tool from its work: to be tried again later."""


@dataclass
class Output:
    """What a tool wrote: the first 64 KiB of it."""

    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)


Heed = Callable[[bytes], None]
Pipes = dict[IO[bytes], bytearray]


def go_on(_: bytes) -> None:
    """Heed nothing."""


def run(command: Sequence[str], folder: Path, heed: Heed = go_on) -> bytes:
    """What this command writes on its standard output, up to 64 KiB. Raises the errors above.

    `heed` is called with each piece of that output, and at least every half second with nothing;
    what it raises stops the tool. The time limit, of the clock and of the processor, is
    `media_timeout`.
    """
    if not os.access(command[0], os.X_OK):
        raise Hindered(f"There is no {Path(command[0]).name}.")
    started = subprocess.Popen(  # noqa: S603 - a list of ours, file names too
        _limited(_enclosed(command, folder), bubblewrap() is not None),
        cwd=folder,
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    output = Output()
    with started:
        try:
            _listen(started, output, heed)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)  # not reaped yet: the number is still its
    _judge(started.returncode, output, folder)
    return bytes(output.stdout)


def _judge(code: int, output: Output, folder: Path) -> None:
    """Raise what this return code means; nothing for 0."""
    if code > SIGNALLED and bubblewrap():
        code = SIGNALLED - code
    if -code in (signal.SIGXCPU, signal.SIGXFSZ):
        raise OutOfBudget(f"signal {-code}")
    if code in (NO_PROGRAM, -signal.SIGKILL):  # killed by none of our limits: for want of memory
        raise Hindered(f"code {code}")
    if code and output.stderr.startswith(b"bwrap: "):  # no tool was started
        raise Hindered(output.stderr.decode(errors="replace").strip()[-500:])
    if code and shutil.disk_usage(folder).free < TOO_FULL:
        raise Hindered("The disk is full.")
    if code:
        error = output.stderr.decode(errors="replace").strip()
        raise ToolFailed(f"code {code}: {error[-500:]}")


def _limited(command: Sequence[str], is_enclosed: bool) -> list[str]:
    most = settings()
    cpu = max(1, int(most.media_timeout))
    limits = {"cpu": cpu, "memory": MEMORY, "file": most.video_max, "files": FILES, "nice": NICE}
    limits |= {"parent": os.getpid(), "alone": int(not is_enclosed)}
    return [sys.executable, "-I", "-S", str(LIMIT), json.dumps(limits), *command]


def _listen(started: subprocess.Popen[bytes], output: Output, heed: Heed) -> None:
    """Until the tool's process has ended, of itself. Raises OutOfBudget, and what `heed` raises."""
    assert started.stdout  # noqa: S101 - for the type checker
    assert started.stderr  # noqa: S101
    pipes: Pipes = {started.stdout: output.stdout, started.stderr: output.stderr}
    deadline = monotonic() + settings().media_timeout
    ended = os.pidfd_open(started.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            for pipe in pipes:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            while monotonic() < deadline:
                ready = {key.fileobj for key, _ in selector.select(TURN)}
                for pipe in pipes.keys() & ready:
                    if not _read(pipe, pipes, heed if pipe is started.stdout else go_on):
                        selector.unregister(pipe)
                heed(b"")
                if ended in ready:
                    break
            else:
                raise OutOfBudget("clock")
        for pipe in pipes:  # what is still in it
            while _read(pipe, pipes, go_on):
                pass
    finally:
        os.close(ended)


def _read(pipe: IO[bytes], pipes: Pipes, heed: Heed) -> bool:
    """Read what there is, now, and keep its beginning. False at the end."""
    try:
        piece = os.read(pipe.fileno(), KEPT)
    except BlockingIOError:
        return False
    kept = pipes[pipe]
    kept.extend(piece[: KEPT - len(kept)])
    heed(piece)
    return bool(piece)


@cache
def bubblewrap() -> str | None:
    """The path of `bwrap`, when it is installed and may make namespaces here."""
    path = shutil.which("bwrap")
    if not path:
        return None
    command = [path, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "/bin/true"]
    with suppress(OSError, subprocess.SubprocessError):
        started = _limited(command, is_enclosed=True)
        subprocess.run(started, check=True, capture_output=True, timeout=10)  # noqa: S603
        return path
    return None


def enclosure() -> str:
    """What encloses tools here: `bubblewrap`, or `limits` alone."""
    return "bubblewrap" if bubblewrap() else "limits"


def _enclosed(command: Sequence[str], folder: Path) -> list[str]:
    """The command, in bubblewrap when there is one."""
    bwrap = bubblewrap()
    if not bwrap:
        return list(command)
    python = {sys.prefix, sys.base_prefix}
    seen = [*SYSTEM, *sorted(python), str(Path(command[0]).parent), str(LIMIT.parents[2])]
    read_only = [part for path in seen for part in ("--ro-bind-try", path, path)]
    source = str(folder / "input")
    return [
        *(bwrap, "--unshare-all", "--die-with-parent", "--new-session"),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *read_only),  # noqa: S108
        *("--bind", str(folder), str(folder), "--ro-bind-try", source, source),
        *("--chdir", str(folder), "--", *command),
    ]
