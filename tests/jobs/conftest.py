"""A desk to ask for jobs at, and workers who know only what the test taught them."""

from collections.abc import Iterator

import pytest

from app.core.db import Database
from app.jobs.service import HANDLERS
from app.worker import discover
from tests.jobs.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture(autouse=True)
def _no_other_handlers() -> Iterator[None]:
    discover()
    known = dict(HANDLERS)
    HANDLERS.clear()
    yield
    HANDLERS.clear()
    HANDLERS.update(known)
