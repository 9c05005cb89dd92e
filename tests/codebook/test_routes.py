"""What the API of themes promises: one tree for each scheme, which everybody may read."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.make import Make

URL = "/api/v1/themes"


@pytest.fixture
def payload(make: Make) -> dict[str, Any]:
    return {
        "scheme_id": str(make.the_scheme.id),
        "name": "Accueil",
        "definition": "Les premiers jours, et qui les accompagne.",
    }


@pytest.fixture
def branch(make: Make, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Four themes, each within the one before: what is sent for each, and its id."""
    made: list[dict[str, Any]] = []
    for name in "ABCD":
        parent = made[-1]["id"] if made else None
        theme = make.theme(name=name, parent_id=parent)
        about = {"name": name, "parent_id": str(parent) if parent else None}
        made.append({"id": theme.id, "sent": payload | about})
    return made


def test_an_editor_adds_one_within_another(
    as_editor: TestClient, as_evaluator: TestClient, payload: dict[str, Any]
) -> None:
    above = as_editor.post(URL, json=payload | {"color": "#aA0099"})
    assert above.status_code == 201
    below = payload | {"name": "Tuteur", "parent_id": above.json()["id"]}
    response = as_editor.post(URL, json=below)

    assert response.json().items() >= {**below, "version": 1, "color": None}.items()
    assert as_evaluator.get(response.headers["location"]).json() == response.json()
    names = [theme["name"] for theme in as_evaluator.get(URL).json()["items"]]
    assert names == ["Accueil", "Tuteur"]


def test_the_list_is_by_name_and_filtered(
    as_animator: TestClient, make: Make, branch: list[dict[str, Any]]
) -> None:
    other = make.theme(scheme_id=make.scheme().id, name="Aa")

    def listed(query: str) -> list[str]:
        return [theme["name"] for theme in as_animator.get(f"{URL}?{query}").json()["items"]]

    assert sorted(listed("")) == ["A", "Aa", "B", "C", "D"]
    assert listed(f"scheme_id={make.the_scheme.id}") == ["A", "B", "C", "D"]
    assert listed(f"scheme_id={other.scheme_id}") == ["Aa"]
    assert listed(f"parent_id={branch[1]['id']}") == ["C"]
    first = as_animator.get(f"{URL}?limit=3")
    rest = as_animator.get(first.links["next"]["url"]).json()
    assert len(first.json()["items"]) + len(rest["items"]) == 5


def test_it_moves_to_another_branch(as_editor: TestClient, branch: list[dict[str, Any]]) -> None:
    top, _, _, bottom = branch
    moved = as_editor.put(
        f"{URL}/{bottom['id']}", json=bottom["sent"] | {"parent_id": str(top["id"])}
    )
    assert (moved.status_code, moved.json()["parent_id"]) == (200, str(top["id"]))
    assert moved.json()["version"] == 2


@pytest.mark.parametrize("below", [0, 1, 2, 3])
def test_it_never_lies_within_itself(
    as_editor: TestClient, branch: list[dict[str, Any]], below: int
) -> None:
    top = branch[0]
    parent = {"parent_id": str(branch[below]["id"])}
    response = as_editor.put(f"{URL}/{top['id']}", json=top["sent"] | parent)
    assert (response.status_code, response.json()["type"]) == (409, "/problems/conflict")
    assert as_editor.get(f"{URL}/{top['id']}").json()["parent_id"] is None


def test_two_moves_at_once_close_no_circle(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    for round_ in range(5):
        one, other = (make.theme(name=f"{name} {round_}") for name in "AB")

        def move(ids: tuple[Any, Any]) -> int:
            moved, parent = ids
            body = payload | {"name": str(moved), "parent_id": str(parent)}
            return as_editor.put(f"{URL}/{moved}", json=body).status_code

        with ThreadPoolExecutor(2) as threads:
            answers = threads.map(move, [(one.id, other.id), (other.id, one.id)])
            assert sorted(answers) == [200, 409]


def test_its_scheme_stays(as_editor: TestClient, make: Make, payload: dict[str, Any]) -> None:
    theme, other = make.theme(), make.scheme()
    response = as_editor.put(f"{URL}/{theme.id}", json=payload | {"scheme_id": str(other.id)})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/scheme_id"


def test_a_name_is_taken_once_in_a_scheme(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    assert as_editor.post(URL, json=payload).status_code == 201
    assert as_editor.post(URL, json=payload).json()["type"] == "/problems/conflict"
    elsewhere = payload | {"scheme_id": str(make.scheme().id)}
    assert as_editor.post(URL, json=elsewhere).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": ""}, "#/name"),
        ({"color": "red"}, "#/color"),
        ({"color": "#00000g"}, "#/color"),
        ({"definition": ""}, "#/definition"),
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"parent_id": str(uuid4())}, "#/parent_id"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_editor: TestClient, payload: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    response = as_editor.post(URL, json=payload | wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_a_parent_is_of_the_same_scheme(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    stranger = make.theme(scheme_id=make.scheme().id)
    response = as_editor.post(URL, json=payload | {"parent_id": str(stranger.id)})
    assert response.json()["errors"][0]["pointer"] == "#/parent_id"


def test_only_editors_write_it(
    as_animator: TestClient, as_evaluator: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    theme = make.theme()
    for client in (as_animator, as_evaluator):
        assert client.post(URL, json=payload).status_code == 403
        assert client.put(f"{URL}/{theme.id}", json=payload).status_code == 403
        # Not even when it is wrong otherwise.
        itself = payload | {"parent_id": str(theme.id)}
        assert client.put(f"{URL}/{theme.id}", json=itself).status_code == 403


def test_what_changed_meanwhile_is_not_overwritten(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    theme, read = make.theme(), {"If-Match": '"1"'}
    address = f"{URL}/{theme.id}"
    assert as_editor.put(address, json=payload, headers=read).status_code == 200
    assert as_editor.put(address, json=payload, headers=read).status_code == 412
