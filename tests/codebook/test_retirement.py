"""What retiring a theme promises: it stays on what was coded, and is given no more."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.models import AuditEvent
from app.codebook.models import Theme
from app.testimonies.models import State, Testimony
from tests.make import Make

URL = "/api/v1/themes"
API = "/api/v1"


@pytest.fixture
def theme(make: Make) -> Theme:
    return make.theme(name="Accueil")


@pytest.fixture
def retired(as_editor: TestClient, theme: Theme) -> str:
    address = f"{URL}/{theme.id}"
    assert as_editor.put(f"{address}/retirement").status_code == 204
    return address


@pytest.fixture
def testimony(make: Make, animator: Account, theme: Theme) -> Testimony:
    """A draft that is coded with the theme."""
    about: dict[str, Any] = {"organization": animator.organization, "captured_by": animator.id}
    return make.testimony(state=State.DRAFT, themes=[theme], **about)


Describes = Callable[..., dict[str, Any]]


@pytest.fixture
def describes(as_animator: TestClient) -> Describes:
    """What is sent to describe a testimony again."""

    def describes(testimony: Testimony, **given: Any) -> dict[str, Any]:
        shown = as_animator.get(f"{API}/testimonies/{testimony.id}").json()
        names = ("scheme_id", "workshop_id", "method", "witness_ids", "body", "recorded_on")
        return {name: shown[name] for name in names} | given

    return describes


def test_it_is_retired_once_and_told_by_whom(
    as_editor: TestClient, retired: str, theme: Theme, db: Session
) -> None:
    first = as_editor.get(retired).json()
    assert as_editor.put(f"{retired}/retirement").status_code == 204
    assert as_editor.get(retired).json() == first
    assert (first["version"], first["merged_into_id"]) == (2, None)
    assert first["retired_at"]
    events = select(AuditEvent.action).where(AuditEvent.subject_id == theme.id)
    assert db.scalars(events).all() == ["theme.retired"]


def test_it_comes_back(as_editor: TestClient, retired: str) -> None:
    for _ in range(2):
        assert as_editor.delete(f"{retired}/retirement").status_code == 204
    shown = as_editor.get(retired).json()
    assert (shown["retired_at"], shown["version"]) == (None, 3)


def test_the_list_tells_those_in_use_from_the_others(
    as_animator: TestClient, make: Make, retired: str
) -> None:
    make.theme(name="Tutorat")

    def listed(query: str) -> list[str]:
        return [theme["name"] for theme in as_animator.get(f"{URL}?{query}").json()["items"]]

    assert listed("") == ["Accueil", "Tutorat"]
    assert listed("retired=true") == ["Accueil"]
    assert listed("retired=false") == ["Tutorat"]


def test_what_was_coded_keeps_it_and_may_be_described_again(
    as_animator: TestClient,
    testimony: Testimony,
    theme: Theme,
    make: Make,
    describes: Describes,
    retired: str,
) -> None:
    here, kept = f"{API}/testimonies/{testimony.id}", str(theme.id)
    assert as_animator.get(here).json()["theme_ids"] == [kept]
    added = str(make.theme().id)
    answer = as_animator.put(here, json=describes(testimony, theme_ids=[added, kept]))
    assert (answer.status_code, answer.json()["theme_ids"]) == (200, [added, kept])


def test_it_is_given_to_nothing_anew(
    as_animator: TestClient,
    testimony: Testimony,
    theme: Theme,
    make: Make,
    describes: Describes,
    retired: str,
) -> None:
    here, other = f"{API}/testimonies/{testimony.id}", str(make.theme().id)
    new = describes(testimony, workshop_id=None, theme_ids=[other, str(theme.id)])
    refused = as_animator.post(f"{API}/testimonies", json=new)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/theme_ids/1", "theme_retired")
    # Once it was taken off, it does not come back either.
    assert as_animator.put(here, json=describes(testimony)).json()["theme_ids"] == []
    again = as_animator.put(here, json=describes(testimony, theme_ids=[str(theme.id)]))
    assert again.status_code == 422


def test_so_it_is_with_excerpts(
    as_editor: TestClient, make: Make, theme: Theme, retired: str
) -> None:
    testimony = make.testimony()
    exact = (testimony.body or "")[:9]
    place = {"type": "text", "start": 0, "end": len(exact), "exact": exact}
    payload = {"testimony_id": str(testimony.id), "selector": place, "nature": "feeling"}
    coded = payload | {"theme_ids": [str(theme.id)]}
    assert as_editor.post(f"{API}/excerpts", json=coded).status_code == 422
    assert as_editor.delete(f"{retired}/retirement").status_code == 204
    chosen = as_editor.post(f"{API}/excerpts", json=coded)
    assert as_editor.put(f"{retired}/retirement").status_code == 204
    here = chosen.headers["location"]
    assert as_editor.put(here, json=coded).json()["theme_ids"] == [str(theme.id)]
    assert as_editor.put(here, json=payload).json()["theme_ids"] == []
    assert as_editor.put(here, json=coded).json()["errors"][0]["code"] == "theme_retired"


def test_others_may_lie_in_it_like_in_a_group_that_codes_nothing(
    as_editor: TestClient, theme: Theme, retired: str
) -> None:
    below = {"scheme_id": str(theme.scheme_id), "name": "Le premier jour", "definition": "Voilà."}
    made = as_editor.post(URL, json=below | {"parent_id": str(theme.id)})
    assert (made.status_code, made.json()["parent_id"]) == (201, str(theme.id))


def test_nothing_lies_in_one_that_was_merged(
    as_editor: TestClient, make: Make, theme: Theme
) -> None:
    into = make.theme()
    merged = as_editor.put(f"{URL}/{theme.id}/merge", json={"into": str(into.id)})
    assert merged.status_code == 200
    below = {"scheme_id": str(theme.scheme_id), "name": "Le premier jour", "definition": "Voilà."}
    refused = as_editor.post(URL, json=below | {"parent_id": str(theme.id)})
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/parent_id", "theme_merged")


def test_only_editors_retire(
    as_animator: TestClient, as_evaluator: TestClient, as_editor: TestClient, theme: Theme
) -> None:
    address = f"{URL}/{theme.id}/retirement"
    for client in (as_animator, as_evaluator):
        assert client.put(address).status_code == 403
        assert client.delete(address).status_code == 403
    assert as_editor.put(address, headers={"If-Match": '"9"'}).status_code == 412
    assert as_editor.get(f"{URL}/{theme.id}").json()["retired_at"] is None


def test_examples_are_kept_in_their_order(as_editor: TestClient, make: Make) -> None:
    payload = {
        "scheme_id": str(make.the_scheme.id),
        "name": "Tutorat",
        "definition": "Qui accompagne.",
        "examples": ["« Karim m'a montré »", "Une heure chaque lundi"],
        "counter_examples": ["Le conseiller de la mission locale"],
    }
    made = as_editor.post(URL, json=payload)
    assert made.json().items() >= payload.items()
    assert as_editor.get(URL).json()["items"] == [made.json()]
    for wrong in ({"examples": [""]}, {"examples": ["a\nb"]}, {"counter_examples": ["a"] * 21}):
        assert as_editor.post(URL, json=payload | {"name": "Autre"} | wrong).status_code == 422


def test_a_codebook_is_six_levels_deep_at_most(as_editor: TestClient, make: Make) -> None:
    above, made = None, []
    for level in range(1, 7):
        above = make.theme(name=f"Niveau {level}", parent_id=above).id
        made.append(above)
    about = {"scheme_id": str(make.the_scheme.id), "definition": "Trop bas."}
    refused = as_editor.post(URL, json=about | {"name": "7", "parent_id": str(above)})
    assert refused.json()["errors"] == [
        {
            "pointer": "#/parent_id",
            "code": "too_deep",
            "deepest": 6,
            "detail": refused.json()["errors"][0]["detail"],
        }
    ]
    # A branch that moves takes along what lies in it.
    top = make.theme(name="Au-dessus").id
    moved = about | {"name": "Niveau 1", "parent_id": str(top)}
    assert as_editor.put(f"{URL}/{made[0]}", json=moved).status_code == 422
    assert as_editor.put(f"{URL}/{made[1]}", json=moved | {"name": "2"}).status_code == 200
