"""`python -m tests.commands`: the command line, imported once, and forked for every command.

The import takes seconds, and hundreds of commands are tried. Each is a process of its own all the
same: its own environment, files and end. A line of JSON asks for one, a line tells how it ended.
"""

import gc
import json
import os
import signal
import sys
from typing import Any

from app.__main__ import main

PATIENCE = 60  # seconds
# In the order of their numbers: standard input, output, error.
FILES = [("said", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY)]


def become(asked: dict[str, Any]) -> int:
    """Do a command, in its own environment, from and to its own files; its exit code."""
    signal.alarm(PATIENCE)
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, (name, flags) in enumerate(FILES):
        os.dup2(os.open(asked[name], flags), number)
    sys.stdin = os.fdopen(0, closefd=False)  # what was asked is not what is said
    return main(asked["arguments"])


gc.freeze()  # what was imported is shared with every command, and no garbage
for line in sys.stdin:
    if not (child := os.fork()):
        sys.exit(become(json.loads(line)))
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    sys.stdout.flush()
