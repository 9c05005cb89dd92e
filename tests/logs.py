"""What is written to standard error while a test runs."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
import structlog

from app.core.logs import SERVER, configure_logs


@contextmanager
def captured(patch: pytest.MonkeyPatch, level: str) -> Iterator[StringIO]:
    """All that the service logs at this level, whoever of it speaks."""
    written, root = StringIO(), logging.getLogger()
    names = ("", "app", SERVER)
    levels = {name: logging.getLogger(name).level for name in names}
    handlers, hook = root.handlers[:], threading.excepthook
    with patch.context() as patched:
        patched.setattr(sys, "stderr", written)
        configure_logs(level)
        structlog.configure(cache_logger_on_first_use=False)
    for name, module in list(sys.modules.items()):
        if name.startswith("app.") and hasattr(module, "log"):
            patch.setattr(module, "log", structlog.get_logger(name))
    patch.setattr(logging.getLogger("httpx2"), "disabled", True)  # the caller's own log
    try:
        yield written
    finally:
        structlog.reset_defaults()
        root.handlers, threading.excepthook = handlers, hook
        logging.captureWarnings(False)
        for name in names:
            logging.getLogger(name).setLevel(levels[name])
