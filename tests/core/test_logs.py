"""What is passed to a log by mistake does not get into it."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from threading import Thread
from typing import Any

import pytest
import structlog

from app.core.logs import redact
from tests.logs import captured

WORD = "canari-zinzolin"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    with captured(monkeypatch, "debug") as written:
        yield written


@pytest.mark.parametrize(
    "passed",
    [
        {"password": WORD},
        {"headers": {"X-Reason": WORD, "X-Passcode": WORD, "Cookie": WORD, "Set-Cookie": WORD}},
        {"deep": [{"deeper": ({"identity": {"given_name": WORD}},)}]},
        {"error": ValueError(WORD)},
        {"errors": [ValueError(WORD)]},
        {"content": WORD.encode()},
        {"event": f"GET /suivi/{WORD}"},
        {"event": f"GET /receipt/{WORD}?x"},
        {"event": f"GET /dossiers/{WORD}"},
        {"event": f"GET /shared/{WORD}"},
        {"event": f"GET /x?passcode={WORD}"},
    ],
)
def test_what_is_private_is_hidden_however_deep(passed: dict[str, Any]) -> None:
    assert WORD not in json.dumps(redact(None, "info", passed))


def test_what_is_not_private_is_kept() -> None:
    told = {"event": "request", "ms": 1.5, "ok": True, "none": None, "ids": [1, {"a": "b"}]}
    assert redact(None, "info", told) == told


def test_an_exception_is_its_type_and_its_places(log: StringIO) -> None:
    try:
        try:
            dict[str, int]().pop(WORD)
        except KeyError as error:
            raise ExceptionGroup(WORD, [ValueError(WORD)]) from error
    except ExceptionGroup:
        structlog.get_logger("app.essai").exception("it broke")
        logging.getLogger("uvicorn.error").exception("it broke")
    assert WORD not in log.getvalue()
    for line in map(json.loads, log.getvalue().splitlines()):
        group, cause = line["exception"]
        assert (group["exc_type"], cause["exc_type"]) == ("ExceptionGroup", "KeyError")
        assert group["exceptions"][0][0]["exc_type"] == "ValueError"
        assert group["frames"][0]["name"] == "test_an_exception_is_its_type_and_its_places"


def test_what_libraries_say_is_one_line_that_quotes_no_exception(log: StringIO) -> None:
    logging.getLogger("asyncio").error("never retrieved: %s\nfuture: %s", ValueError(WORD), WORD)
    logging.getLogger("sqlalchemy.engine.Engine").debug("Row %r", (WORD,))
    logging.getLogger("botocore").info("header %s", WORD)
    [line] = map(json.loads, log.getvalue().splitlines())
    assert line["event"] == "never retrieved: ValueError"


def test_what_ends_a_thread_is_told_without_its_message(log: StringIO) -> None:
    def fail() -> None:
        raise ValueError(WORD)

    thread = Thread(target=fail)
    thread.start()
    thread.join()
    [line] = map(json.loads, log.getvalue().splitlines())
    assert (line["event"], line["exception"][0]["exc_type"]) == ("thread ended", "ValueError")
    assert WORD not in log.getvalue()
