"""What is told of a decision maker and of an expectation, as somebody sends it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.bundles.conftest import composed, consented, payload_of
from tests.make import Make

__all__ = ["composed", "consented", "payload_of"]

DIRECTORY = "/api/v1/decision-makers"
EXPECTATIONS = "/api/v1/expectations"

Told = Callable[..., dict[str, Any]]


def official(**given: Any) -> dict[str, Any]:
    """Somebody who can act."""
    return {
        "title": "Vice-présidente déléguée à l'emploi des jeunes (démo)",
        "kind": "elected_official",
        "audience": "elected_officials",
    } | given


@pytest.fixture
def asked(make: Make) -> Told:
    """What the elected officials want to know."""

    def asked(**given: Any) -> dict[str, Any]:
        return {
            "scheme_id": str(make.the_scheme.id),
            "audience": "elected_officials",
            "question": "Pourquoi des jeunes quittent-ils leur poste ?",
            "asked_on": "2013-04-02",
        } | given

    return asked
