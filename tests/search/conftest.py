"""What was written is in the index."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

import app.search.jobs  # noqa: F401 - registers the handler
from app.core.db import Database
from tests.jobs.desk import Desk

Search = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def index(database: Database) -> Callable[[], None]:
    """Make good what the index lacks of the rows that tests wrote by themselves."""

    def index() -> None:
        desk = Desk(database)
        desk.ask("search.complete")
        assert desk.run_next()
        assert desk.jobs("search.complete")[-1].last_error is None

    return index


@pytest.fixture
def search(index: Callable[[], None]) -> Search:
    """What somebody finds."""

    def search(client: TestClient, q: str, **filters: Any) -> list[dict[str, Any]]:
        index()
        answer = client.get("/api/v1/search", params={"q": q, **filters})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    return search
