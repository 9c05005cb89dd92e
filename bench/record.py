"""Record what the application runs for one request: its statements, their values, its answer."""

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event

from app.core.db import Database
from app.main import create_app

COLUMNS = re.compile(r"INSERT INTO \w+ \(([^)]*)\)")
AUTHENTICATION = "api_tokens"
NEW = {"id", "number", "rowid"}  # of a row: no other has them


@contextmanager
def noted(sessions: Any) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed meanwhile in these sessions, and their values."""
    statements: list[tuple[str, Any]] = []

    def note(_1: Any, _2: Any, statement: str, values: Any, _3: Any, _4: Any) -> None:
        if AUTHENTICATION not in statement and not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append((statement, values))

    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def record(database: Database, folder: Path, name: str, **request: Any) -> None:
    """Keep it in `<name>.pickle`; authentication apart, which the ceiling does by itself."""
    is_read = request["method"] == "GET"
    client = TestClient(create_app(database))
    with noted(database.read if is_read else database.write) as statements:
        response = client.request(**request)
    response.raise_for_status()
    if not is_read:
        statements = [(s, v) for s, v in statements if s.startswith("INSERT")]
    kept = {"statements": statements, "answer": response.content, "ids": list(_new(statements))}
    (folder / f"{name}.pickle").write_bytes(pickle.dumps(kept))


def _new(statements: list[tuple[str, Any]]) -> set[Any]:
    """What names the rows that were inserted."""
    found = set()
    for statement, values in statements:
        if not (named := COLUMNS.match(statement)):
            continue
        columns = [column.strip() for column in named[1].split(",")]
        for row in values if isinstance(values, list) else [values]:
            parts = row if isinstance(row, dict) else dict(zip(columns, row, strict=False))
            found |= {value for name, value in parts.items() if name in NEW}
    return found
