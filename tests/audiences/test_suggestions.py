"""Who can act on a theme, in a territory: best first, and why."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.codebook.models import Theme
from app.core.models import now
from tests.audiences.conftest import DIRECTORY
from tests.make import Make

Suggested = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def suggested(as_editor: TestClient) -> Suggested:
    def suggested(**params: Any) -> list[dict[str, Any]]:
        found = as_editor.get(DIRECTORY, params=params)
        assert found.status_code == 200, found.text
        items: list[dict[str, Any]] = found.json()["items"]
        return items

    return suggested


@pytest.fixture
def mobility(make: Make) -> Theme:
    return make.theme(name="Mobilité")


@pytest.fixture
def car(make: Make, mobility: Theme) -> Theme:
    return make.theme(name="Voiture", parent_id=mobility.id)


def titles(items: list[dict[str, Any]]) -> list[str]:
    return [item["title"] for item in items]


def why(item: dict[str, Any]) -> list[tuple[str, int]]:
    return [(reason["code"], reason["steps"]) for reason in item["reasons"]]


def test_who_names_the_theme_comes_before_who_names_the_one_that_holds_it(
    suggested: Suggested, make: Make, mobility: Theme, car: Theme
) -> None:
    make.decision_maker(title="A. Transports", themes=[mobility])
    make.decision_maker(title="B. Permis", themes=[car])
    make.decision_maker(title="Autre chose", themes=[make.theme()])
    make.decision_maker(title="Sans thème")
    found = suggested(theme_id=str(car.id))
    assert titles(found) == ["B. Permis", "A. Transports"]
    assert [why(item) for item in found] == [[("theme_exact", 0)], [("theme_parent", 1)]]
    exact, parent = (item["reasons"][0] for item in found)
    assert exact["message"] == "Le thème « Voiture » est dans ses compétences."
    assert parent["message"] == (
        "Le thème « Mobilité », qui contient « Voiture », est dans ses compétences."
    )
    assert (exact["theme_id"], parent["theme_id"]) == (str(car.id), str(mobility.id))
    assert titles(suggested(theme_id=str(mobility.id))) == ["A. Transports"], "a part is not all"


def test_who_acts_there_comes_before_who_acts_around_it(suggested: Suggested, make: Make) -> None:
    for title, code in (("Région", "93"), ("Commune", "83126"), ("Var", "83"), ("Alpes", "04")):
        make.decision_maker(title=title, territory_id=make.territory(code).id)
    make.decision_maker(title="Partout")
    found = suggested(territory_id=str(make.territory("83126").id))
    assert titles(found) == ["Commune", "Var", "Région"]
    assert [why(item) for item in found] == [
        [("territory_exact", 0)],
        [("territory_containing", 1)],
        [("territory_containing", 2)],
    ]
    assert [item["reasons"][0]["level"] for item in found] == [
        "municipality",
        "department",
        "region",
    ]
    assert found[1]["reasons"][0]["message"] == (
        "Agit à l'échelle du département : Var, qui contient La Seyne-sur-Mer."
    )


def test_of_both_the_fewest_steps_in_all_come_first(
    suggested: Suggested, make: Make, mobility: Theme, car: Theme
) -> None:
    here, department, region = (make.territory(code).id for code in ("83126", "83", "93"))
    for title, themes, territory_id in (
        ("Thème ici", [car], here),
        ("Thème en région", [car], region),
        ("Au-dessus, ici", [mobility], here),
        ("Thème partout", [car], None),
        ("Généraliste d'ici", [], here),
        ("Thème dans le 04", [car], make.territory("04").id),
        ("Autre thème ici", [make.theme()], here),
        ("Ni l'un ni l'autre", [], None),
        ("Généraliste du 83", [], department),
    ):
        make.decision_maker(title=title, themes=themes, territory_id=territory_id)
    found = suggested(theme_id=str(car.id), territory_id=str(here))
    assert titles(found) == [
        "Thème ici",
        "Au-dessus, ici",
        "Thème en région",
        "Thème partout",
        "Généraliste d'ici",
        "Généraliste du 83",
    ]
    assert why(found[3]) == [("theme_exact", 0), ("everywhere", 5)]
    assert why(found[4]) == [("every_theme", 6), ("territory_exact", 0)]


def test_of_several_themes_and_territories_one_is_enough_and_each_is_told(
    suggested: Suggested, make: Make, mobility: Theme, car: Theme
) -> None:
    housing = make.theme(name="Logement")
    both = make.decision_maker(title="B", themes=[housing, mobility])
    make.decision_maker(title="A", themes=[housing])
    found = suggested(theme_id=[str(car.id), str(housing.id)])
    assert titles(found) == ["A", "B"]
    assert found[1]["id"] == str(both.id)
    assert why(found[1]) == [("theme_exact", 0), ("theme_parent", 1)]
    var, alpes = make.territory("83").id, make.territory("04").id
    make.decision_maker(title="Alpes", territory_id=alpes)
    make.decision_maker(title="Var", territory_id=var)
    assert titles(suggested(territory_id=[str(var), str(alpes)])) == ["Alpes", "Var"]


def test_a_merged_theme_is_followed_whoever_names_it(
    as_editor: TestClient, suggested: Suggested, make: Make, car: Theme, mobility: Theme
) -> None:
    bicycle = make.theme(name="Vélo")
    make.decision_maker(title="A", themes=[bicycle])
    into = {"into": str(car.id)}
    assert as_editor.put(f"/api/v1/themes/{bicycle.id}/merge", json=into).status_code == 200
    for theme in (bicycle, car):
        [found] = suggested(theme_id=str(theme.id))
        assert why(found) == [("theme_exact", 0)]
        assert found["theme_ids"] == [str(car.id)]
    assert suggested(theme_id=str(mobility.id)) == []


def test_nobody_retired_is_suggested_and_filters_still_hold(
    suggested: Suggested, make: Make, car: Theme
) -> None:
    by = {"retired_at": now(), "retired_by_id": make.account().id}
    make.decision_maker(themes=[car], **by)
    make.decision_maker(title="Service", audience="services", themes=[car])
    make.decision_maker(title="Élue", themes=[car])
    asked = {"theme_id": str(car.id)}
    assert titles(suggested(**asked)) == ["Service", "Élue"]
    assert titles(suggested(**asked, audience="services")) == ["Service"]
    assert suggested(**asked, retired="true") == []


def test_nothing_is_suggested_of_what_there_is_not(suggested: Suggested, make: Make) -> None:
    make.decision_maker()
    for name in ("theme_id", "territory_id"):
        assert suggested(**{name: str(uuid4())}) == []


def test_suggestions_come_in_pages_in_the_same_order(
    as_editor: TestClient, make: Make, mobility: Theme, car: Theme
) -> None:
    for title in ("C", "A", "B"):
        make.decision_maker(title=title, themes=[mobility])
    make.decision_maker(title="Z", themes=[car])
    make.decision_maker(title="A", themes=[mobility])
    seen: list[str] = []
    params: dict[str, Any] = {"theme_id": str(car.id), "limit": 2, "count": "true"}
    while True:
        answer = as_editor.get(DIRECTORY, params=params)
        page = answer.json()
        assert page["total"] == 5
        seen += titles(page["items"])
        if not page["next_cursor"]:
            break
        assert 'rel="next"' in answer.headers["link"]
        params["cursor"] = page["next_cursor"]
    assert seen == ["Z", "A", "A", "B", "C"]


def test_a_cursor_of_the_list_is_none_of_the_suggestions(
    as_editor: TestClient, make: Make, car: Theme
) -> None:
    for _ in range(2):
        make.decision_maker(themes=[car])
    asked = {"theme_id": str(car.id)}
    cursors = [
        as_editor.get(DIRECTORY, params=params | {"limit": 1}).json()["next_cursor"]
        for params in ({}, asked)
    ]
    for params, cursor in ((asked, cursors[0]), ({}, cursors[1]), (asked, "junk")):
        refused = as_editor.get(DIRECTORY, params=params | {"cursor": cursor})
        assert refused.json()["type"] == "/problems/invalid-cursor"
