"""A bundle that is there to be taken apart, and what is said of it."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.excerpts.models import Excerpt
from tests.bundles.conftest import URL, composed, consented, payload_of

__all__ = ["composed", "consented", "payload_of"]

API = "/api/v1"
Bundle = dict[str, Any]


@pytest.fixture
def excerpt(consented: Callable[..., Excerpt]) -> Excerpt:
    return consented()


@pytest.fixture
def bundle(as_editor: TestClient, composed: Callable[..., Bundle], excerpt: Excerpt) -> Bundle:
    """A martyr, of one section of one passage."""
    made = composed(excerpt)
    assert as_editor.put(f"{URL}/{made['id']}/martyr").status_code == 204
    return made


@pytest.fixture
def beside(bundle: Bundle) -> str:
    return f"{URL}/{bundle['id']}/annotations"


def said(client: TestClient, url: str, **what: Any) -> dict[str, Any]:
    """A new annotation."""
    answer = client.post(url, json={"kind": "question", "text": "Qui manque ici ?"} | what)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def texts(client: TestClient, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return [annotation["text"] for annotation in answer.json()["items"]]


def at(annotation: dict[str, Any]) -> str:
    return f"{API}/annotations/{annotation['id']}"
