"""An application for each test: they add routes to it."""

import pytest
from fastapi import FastAPI

from app.core.db import Database
from app.main import create_app


@pytest.fixture
def app(database: Database) -> FastAPI:
    """An application of one's own, to add routes to."""
    return create_app(database)
