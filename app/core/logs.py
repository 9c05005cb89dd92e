"""Logs: one JSON object a line on standard error. No words, names or tokens go there.

An exception is its type, the database's code for it, and the places of the code: its message may
quote a row, a parameter or what was sent (« Key (email)=(…) », « input_value=… »). Other people's
libraries speak from `warning` on, whatever the level: below, some tell rows and headers.
"""

import logging
import re
import sys
import threading
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import ExcInfo

SECRET = re.compile(
    r"(?i)(bearer\s+|\b[rst]_|(?:token|code|passcode|password|signature)=|/r/|/shared/|/p/"
    r"|/suivi/|/receipt/|/dossiers/)[\w.~+/=%-]{8,}"
    r"|\b(?:[0-9a-z]{4}[- ]){5}[0-9a-z]{4}\b"  # a receipt code
)
HIDDEN = frozenset(
    {
        *("password", "token", "authorization", "cookie", "set_cookie", "code", "receipt_code"),
        *("passcode", "x_passcode", "reason", "x_reason", "body", "note", "input", "input_value"),
        *("identity", "given_name", "family_name", "email", "phone", "params", "parameters"),
    }
)
PLAIN, BINARY = (int, float, type(None)), (bytes, bytearray, memoryview)
OURS, SERVER = "app", "uvicorn"


class Traceback(structlog.tracebacks.ExceptionDictTransformer):
    """Which exceptions, where: neither their messages nor the values of local variables."""

    def __init__(self) -> None:
        super().__init__(show_locals=False)

    def __call__(self, exc_info: ExcInfo) -> list[dict[str, Any]]:
        return [_without_words(stack) for stack in super().__call__(exc_info)]


def _without_words(stack: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: stack[name] for name in ("exc_type", "is_cause", "frames")}
    if stack.get("exceptions"):
        groups = stack["exceptions"]
        kept["exceptions"] = [[_without_words(inner) for inner in group] for group in groups]
    return kept


def note_database_code(_: Any, __: str, event: Any) -> Any:
    """Say what the database calls an error, by PostgreSQL's SQLSTATE or SQLite's name for it."""
    info = event.get("exc_info")
    error = info[1] if isinstance(info, tuple) else info if info is not True else sys.exc_info()[1]
    cause = getattr(error, "orig", error)
    for name in ("sqlstate", "sqlite_errorname"):
        if found := getattr(cause, name, None):
            event["database_code"] = found
    return event


def redact(_: Any, __: str, event: Any) -> Any:
    """Hide what must never be logged, were it passed by mistake, however deep it lies."""
    return {key: _hidden(key, value) for key, value in event.items()}


def _hidden(key: object, value: Any) -> Any:
    if str(key).lower().replace("-", "_") in HIDDEN:
        return "[hidden]"
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, Mapping):
        return {_masked(str(inner)): _hidden(inner, one) for inner, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden("", one) for one in value]
    if isinstance(value, BaseException):
        return type(value).__qualname__
    return _masked(str(value)) if not isinstance(value, BINARY) else "[hidden]"


def _masked(text: str) -> str:
    """Without what looks like a secret; letters and digits alone do not."""
    return text if text.isalnum() else SECRET.sub(r"\1[hidden]", text)


def keep_first_line(_: Any, __: str, event: Any) -> Any:
    """Of what libraries say: asyncio, for one, shows the exception of a task below it."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def name_exceptions(record: logging.LogRecord) -> bool:
    """Let a message of the standard library name an exception, and not quote it."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            type(one).__qualname__ if isinstance(one, BaseException) else one for one in record.args
        )
    return True


def configure_logs(level: str) -> None:
    """Make structlog and the standard library write JSON lines, redacted."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [
        note_database_code,
        structlog.processors.ExceptionRenderer(Traceback()),
        redact,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, keep_first_line],
            processors=[remove_meta, *last],
        )
    )
    handler.addFilter(name_exceptions)
    _set_levels(logging.getLevelName(level.upper()), handler)
    threading.excepthook = _tell_uncaught_in_thread


def _set_levels(level: int, handler: logging.Handler) -> None:
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)
    logging.getLogger(SERVER).setLevel(max(level, logging.INFO))
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(True)


def _tell_uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    """What ends a thread is told like the rest."""
    if told.exc_value:
        about = (told.exc_type, told.exc_value, told.exc_traceback)
        structlog.get_logger(OURS).error("thread ended", exc_info=about)
