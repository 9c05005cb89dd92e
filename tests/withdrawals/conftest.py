"""A world in which somebody takes their words back."""

from collections.abc import Iterator

import pytest

from app.core.db import Database
from app.storage.service import storage
from tests.conftest import ClientFor
from tests.make import Make
from tests.withdrawals.world import World, build


@pytest.fixture
def world(make: Make, database: Database, client_for: ClientFor) -> Iterator[World]:
    yield build(make, database, client_for)
    for found in list(storage().objects()):
        storage().delete(found.key)
