"""A world in which somebody takes their words back."""

import pytest

from app.core.db import Database
from tests.conftest import ClientFor
from tests.make import Make
from tests.withdrawals.world import World, build


@pytest.fixture
def world(make: Make, database: Database, client_for: ClientFor) -> World:
    return build(make, database, client_for)
