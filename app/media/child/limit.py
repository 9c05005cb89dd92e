"""Become another program, with limits: `limit.py '{"cpu": …}' program argument…`.

Done here, and not between fork and exec of the service, which has threads. Limits: `cpu` seconds,
`memory` and `file` bytes, `files` open at once, `nice` at least; `alone` when nothing else encloses
the program: then the kernel refuses it what `child/refusals.py` says. Ends with 127 without such a
program, and with 126 when the process `parent` is gone already.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))  # an isolated interpreter knows no folder

from app.media.child.refusals import refuse

NO_PROGRAM, NO_PARENT = 127, 126
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
AFTER_WARNING = 5  # seconds of processor between SIGXCPU and SIGKILL


def limit(what: int, most: int, hardest: int) -> None:
    """Lower a limit of this process, never raise it."""
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most, hardest = min(most, hard), min(hardest, hard)
    resource.setrlimit(what, (most, hardest))


def become(limits: dict[str, int], command: list[str]) -> None:
    """Never returns."""
    limit(resource.RLIMIT_CPU, limits["cpu"], limits["cpu"] + AFTER_WARNING)
    limit(resource.RLIMIT_AS, limits["memory"], limits["memory"])
    limit(resource.RLIMIT_FSIZE, limits["file"], limits["file"])
    limit(resource.RLIMIT_NOFILE, limits["files"], limits["files"])
    limit(resource.RLIMIT_CORE, 0, 0)
    os.nice(max(0, limits["nice"] - os.nice(0)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # never outlive the worker
    if os.getppid() != limits["parent"]:
        sys.exit(NO_PARENT)  # which was killed before we could ask for that signal
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, others should not
        signal.signal(number, signal.SIG_DFL)
    if limits["alone"]:
        refuse(libc)
    try:
        os.execve(command[0], command, {})  # noqa: S606 - the command is the service's own
    except OSError:
        sys.exit(NO_PROGRAM)


if __name__ == "__main__":
    become(json.loads(sys.argv[1]), sys.argv[2:])
