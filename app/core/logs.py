"""Logs: one JSON object a line on standard error. No words, names or tokens go there."""

import logging
import re
import sys
from typing import Any

import structlog

SECRET = re.compile(
    r"(?i)(bearer\s+|\b[rst]_|token=|signature=|/r/|/shared/|/p/)[\w.~+/=-]{8,}"
    r"|\b(?:[0-9a-z]{4}-){5}[0-9a-z]{4}\b"  # a receipt code
)
HIDDEN = frozenset({"password", "token", "authorization", "cookie", "code", "body", "identity"})
# Neither the values of local variables nor those of statements: they are people's words.
TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def redact(_: Any, __: str, event: Any) -> Any:
    """Hide what must never be logged, were it passed by mistake."""
    for key, value in event.items():
        if key in HIDDEN:
            event[key] = "[hidden]"
        elif isinstance(value, str):
            event[key] = SECRET.sub(r"\1[hidden]", value)
    return event


def configure_logs(level: str) -> None:
    """Make structlog and the standard library write JSON lines, redacted."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            TRACEBACKS,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                TRACEBACKS,
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").disabled = True
