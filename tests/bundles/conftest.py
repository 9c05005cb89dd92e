"""Passages to choose from, and a bundle of them."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.excerpts.models import Excerpt
from app.witnesses.decision import Cell, Medium, Purpose
from tests.make import Make

URL = "/api/v1/bundles"
OFFICIALS = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "web_page", Purpose.EVALUATION)


@pytest.fixture
def consented(make: Make) -> Callable[..., Excerpt]:
    """An excerpt of a witness who agrees that elected officials read it."""

    def consented(**given: Any) -> Excerpt:
        workshop = make.workshop()
        witness = make.witness(workshop=workshop, role=given.pop("role", "tutor"))
        make.consent(witness, OFFICIALS)
        testimony = make.testimony(workshop=workshop, witnesses=[witness])
        return make.excerpt(testimony, **given)

    return consented


@pytest.fixture
def payload_of(make: Make) -> Callable[..., dict[str, Any]]:
    """A bundle for elected officials, of these items in one section."""

    def payload_of(*items: dict[str, Any], **given: Any) -> dict[str, Any]:
        return {
            "scheme_id": str(make.the_scheme.id),
            "title": "Ce que disent les tuteurs",
            "audience": "elected_officials",
            "form": "web_page",
            "introduction": "Dix personnes parlent.",
            "sections": [{"title": "Les débuts", "items": list(items)}],
        } | given

    return payload_of


@pytest.fixture
def composed(
    as_editor: TestClient, payload_of: Callable[..., dict[str, Any]]
) -> Callable[..., dict[str, Any]]:
    """A bundle of these excerpts, as the API answered it."""

    def composed(*excerpts: Excerpt, **given: Any) -> dict[str, Any]:
        items = [{"excerpt_id": str(excerpt.id)} for excerpt in excerpts]
        response = as_editor.post(URL, json=payload_of(*items, **given))
        assert response.status_code == 201, response.text
        bundle: dict[str, Any] = response.json()
        return bundle

    return composed
