"""A bundle that is ready, and what comes of publishing it."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.excerpts.models import Excerpt
from tests.bundles.conftest import URL, composed, consented, payload_of

__all__ = ["composed", "consented", "payload_of"]


@pytest.fixture
def excerpt(consented: Callable[..., Excerpt]) -> Excerpt:
    return consented()


@pytest.fixture
def bundle(
    as_editor: TestClient,
    composed: Callable[..., dict[str, Any]],
    excerpt: Excerpt,
) -> dict[str, Any]:
    """A ready bundle of one excerpt."""
    made = composed(excerpt)
    assert as_editor.put(f"{URL}/{made['id']}/readiness").status_code == 204
    return made


@pytest.fixture
def release(as_editor: TestClient, bundle: dict[str, Any]) -> dict[str, Any]:
    response = as_editor.post(f"{URL}/{bundle['id']}/releases")
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.fixture
def token(as_editor: TestClient, release: dict[str, Any]) -> str:
    """The token of a recipient's personal link."""
    url = f"/api/v1/releases/{release['id']}/deliveries"
    response = as_editor.post(url, json={"recipient": "Madame l'Élue (démo)"})
    assert response.status_code == 201, response.text
    return str(response.json()["url"]).rpartition("/r/")[2]
