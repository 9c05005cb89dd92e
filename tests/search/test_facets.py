"""How many of what is found are of each sort, and what is not told of few."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.testimonies.models import Nature, State
from tests.make import Make

URL = "/api/v1/search/facets"


@pytest.fixture
def world(make: Make, animator: Account, index: Callable[[], None]) -> dict[str, Any]:
    """Seven practices by film, two ideas by writing; others that are not to be counted."""
    workshop = make.workshop(organization=animator.organization)
    theme = make.theme(scheme_id=workshop.scheme_id)
    tutor = make.witness(workshop=workshop, role="tutor")
    young = make.witness(workshop=workshop, role="young_person", birth_year=1992)
    told = {"workshop": workshop, "body": "La mobilité", "territory_id": make.territory().id}
    filmed = {"method": "video", "themes": [theme], "witnesses": [young]}
    for _ in range(7):
        make.testimony(**told, nature=Nature.PRACTICE, **filmed)
    for _ in range(2):
        make.testimony(**told, nature=Nature.IDEA, method="written", witnesses=[tutor])
    make.testimony(**told, nature=Nature.IDEA, state=State.WITHDRAWN)
    make.testimony(**told, nature=Nature.FEELING, state=State.DRAFT)
    make.testimony(workshop=workshop, body="Autre chose", nature=Nature.FEELING)
    index()
    return {"theme": str(theme.id)}


def test_who_may_export_sees_exact_counts(as_evaluator: TestClient, world: dict[str, Any]) -> None:
    facets = as_evaluator.get(URL, params={"q": "mobilité"}).json()
    assert (facets["counted"], facets["complete"]) == (9, True)
    assert facets["nature"] == {"practice": 7, "idea": 2}
    assert facets["method"] == {"video": 7, "written": 2}
    assert facets["role"] == {"young_person": 7, "tutor": 2}
    assert facets["theme"] == {world["theme"]: 7}
    assert list(facets["territory"].values()) == [9]


@pytest.mark.usefixtures("world")
def test_who_may_not_is_told_of_no_few_though_they_read_the_words(as_editor: TestClient) -> None:
    facets = as_editor.get(URL, params={"q": "mobilité"}).json()
    assert facets["counted"] == 9
    assert facets["nature"] == {"practice": None, "idea": None}
    assert facets["role"] == {"young_person": None, "tutor": None}


@pytest.mark.usefixtures("world")
def test_others_are_not_told_of_few(as_animator: TestClient, as_outsider: TestClient) -> None:
    """Nor of the one beside, which a total would give away."""
    facets = as_animator.get(URL, params={"q": "mobilité"}).json()
    assert facets["nature"] == {"practice": None, "idea": None, "feeling": None}
    assert facets["method"] == {"video": None, "written": None}
    empty = as_outsider.get(URL, params={"q": "mobilité"}).json()
    assert (empty["counted"], empty["nature"]) == (0, {})


@pytest.mark.usefixtures("world")
def test_they_are_of_what_passes_the_filters(as_evaluator: TestClient) -> None:
    facets = as_evaluator.get(URL, params={"q": "mobilité", "method": "written"}).json()
    assert (facets["counted"], facets["nature"]) == (2, {"idea": 2})
    assert as_evaluator.get(URL, params={"q": "*"}).json()["counted"] == 0
