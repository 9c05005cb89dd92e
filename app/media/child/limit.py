"""Become another program, with limits: `limit.py '{"cpu": …}' program argument…`.

Done here, and not between fork and exec of the service, which has threads. Limits: `cpu` seconds,
`memory` and `file` bytes, `files` open at once, `nice`.
"""

import ctypes
import json
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def become(limits: dict[str, int], command: list[str]) -> None:
    """Never returns."""
    for what, most in (
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["file"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    os.nice(limits["nice"])
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # never outlive the worker
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, others should not
        signal.signal(number, signal.SIG_DFL)
    os.execve(command[0], command, {})


if __name__ == "__main__":
    become(json.loads(sys.argv[1]), sys.argv[2:])
