"""A standing group of the animator's organization."""

from typing import Any

import pytest

from app.accounts.models import Account
from app.workshops.models import Group
from tests.make import Make

URL = "/api/v1/groups"


@pytest.fixture
def group(make: Make, animator: Account) -> Group:
    return make.group(organization=animator.organization)


def a_protocol(**given: Any) -> dict[str, Any]:
    """A protocol that allows all but names, as it is sent."""
    return {"identification": "anonymous", "rereading": "nobody"} | given
