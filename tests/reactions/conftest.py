"""A dossier that was given, and what its recipient answers."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.witnesses.models import Witness
from tests.conftest import ClientFor
from tests.make import Make
from tests.pages.conftest import WORDS, Dossier, dossier, published

__all__ = ["WORDS", "Dossier", "dossier", "published"]

API = "/api/v1"
Answer = Callable[..., dict[str, Any]]
AsWitness = Callable[[Witness], TestClient]


@pytest.fixture
def token(dossier: Dossier) -> str:
    """The token of a recipient's personal link."""
    return dossier.deliver()[0].removeprefix("/r/")


@pytest.fixture
def answer(as_anonymous: TestClient, token: str) -> Answer:
    """Answer by this link, or by the link of another `token`."""

    def answer(**said: Any) -> dict[str, Any]:
        by = said.pop("token", token)
        made = as_anonymous.post(f"{API}/shared/{by}/reactions", json=said)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    return answer


@pytest.fixture
def items(as_anonymous: TestClient, token: str) -> list[str]:
    """The ids of the items that the link shows, in their order."""
    shared = as_anonymous.get(f"{API}/shared/{token}").json()
    return [item["id"] for section in shared["sections"] for item in section["items"]]


@pytest.fixture
def as_witness(client_for: ClientFor, make: Make) -> AsWitness:
    """A client of this witness, whose code was typed."""

    def as_witness(witness: Witness) -> TestClient:
        client = client_for(None)
        client.headers["Authorization"] = f"Bearer {make.receipt(witness)}"
        return client

    return as_witness
