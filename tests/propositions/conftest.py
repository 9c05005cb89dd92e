"""Words that somebody said, and a proposition that rests on them."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.excerpts.models import Excerpt
from tests.make import Make

URL = "/api/v1/propositions"


@pytest.fixture
def said(make: Make) -> Callable[..., Excerpt]:
    """An excerpt of an accepted testimony, or of one that is `given`."""

    def said(**given: Any) -> Excerpt:
        return make.excerpt(make.testimony(**given))

    return said


@pytest.fixture
def payload_of(make: Make) -> Callable[..., dict[str, Any]]:
    """A proposition that these excerpts speak for."""

    def payload_of(*excerpts: Excerpt, **given: Any) -> dict[str, Any]:
        return {
            "scheme_id": str(make.the_scheme.id),
            "title": "Un tuteur déchargé deux heures par semaine",
            "description": "Deux heures par semaine, payées, pour montrer le métier.",
            "kind": "training",
            "competence": "region",
            "evidence": [{"excerpt_id": str(e.id), "stance": "for"} for e in excerpts],
        } | given

    return payload_of


@pytest.fixture
def written(
    as_editor: TestClient, payload_of: Callable[..., dict[str, Any]]
) -> Callable[..., dict[str, Any]]:
    """A proposition that an editor wrote, as the API answered it."""

    def written(*excerpts: Excerpt, **given: Any) -> dict[str, Any]:
        answer = as_editor.post(URL, json=payload_of(*excerpts, **given))
        assert answer.status_code == 201, answer.text
        proposition: dict[str, Any] = answer.json()
        return proposition

    return written
