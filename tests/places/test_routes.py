"""Places and territories: where people are heard is public, and changed by few."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.accounts.permissions import GRANTS, Permission, Role
from app.core.db import Database
from app.operations.install import install_reference_data
from app.places.models import Level, Place, PlaceKind, Territory
from app.places.service import lineage, within
from tests.conftest import ClientFor
from tests.make import Make
from tests.plans import assert_read_in_the_order_of

PLACES, TERRITORIES = "/api/v1/places", "/api/v1/territories"
READERS = [role for role in Role if Permission.MANAGE_FRAME not in GRANTS[role]]


@pytest.fixture
def payload(make: Make) -> dict[str, Any]:
    return {
        "name": "ERIC de La Seyne",
        "kind": "eric",
        "organization_id": str(make.organization().id),
        "territory_id": str(make.territory().id),
        "seats": 12,
    }


# Territories


def test_the_territories_of_the_region_are_there(as_animator: TestClient, make: Make) -> None:
    listed = as_animator.get(f"{TERRITORIES}?limit=200").json()["items"]
    assert [item["code"] for item in listed] == sorted(item["code"] for item in listed)
    assert {item["code"] for item in listed} >= {"93", "04", "05", "06", "13", "83", "84", "83126"}
    url = f"{TERRITORIES}/{make.territory('83126').id}"
    assert as_animator.get(url).json()["parent_id"] == str(make.territory("83").id)


def test_one_and_all_that_lie_within_it(as_animator: TestClient, make: Make, db: Session) -> None:
    var = make.territory("83")
    listed = as_animator.get(f"{TERRITORIES}?within={var.id}").json()["items"]
    assert [item["code"] for item in listed] == ["83", "83126"]
    towns = as_animator.get(f"{TERRITORIES}?within={make.territory('93').id}&level=municipality")
    assert [item["code"] for item in towns.json()["items"]] == ["04070", "13055", "13056", "83126"]
    assert as_animator.get(f"{TERRITORIES}?within={uuid4()}").json()["items"] == []
    assert set(db.scalars(within(var.id))) == {var.id, make.territory("83126").id}
    assert [t.code for t in lineage(db, make.territory("83126").id)] == ["83126", "83", "93"]
    assert lineage(db, uuid4()) == []


def test_a_territory_lies_in_a_larger_one(as_editor: TestClient, make: Make) -> None:
    town = str(make.territory("83126").id)
    berthe = {"code": "83126-1", "name": "Berthe", "level": "district", "parent_id": town}
    response = as_editor.post(TERRITORIES, json=berthe)
    assert response.status_code == 201
    assert as_editor.get(response.headers["location"]).json() == response.json()
    assert as_editor.post(TERRITORIES, json=berthe).status_code == 409  # by level and code
    for level in ("municipality", "department"):
        wrong = berthe | {"code": "83127", "level": level}
        refused = as_editor.post(TERRITORIES, json=wrong)
        assert refused.json()["errors"][0]["pointer"] == "#/parent_id"
    orphan = as_editor.post(TERRITORIES, json=berthe | {"parent_id": str(uuid4())})
    assert orphan.json()["errors"][0]["pointer"] == "#/parent_id"
    assert as_editor.post(TERRITORIES, json=berthe | {"code": "a b"}).status_code == 422


def test_installing_them_again_changes_nothing(database: Database, db: Session) -> None:
    before = db.scalar(select(func.count()).select_from(Territory))
    db.rollback()
    install_reference_data(database)
    assert db.scalar(select(func.count()).select_from(Territory)) == before


# Places


def test_a_place_is_added_changed_and_read_by_everybody(
    as_editor: TestClient, as_evaluator: TestClient, payload: dict[str, Any]
) -> None:
    response = as_editor.post(PLACES, json=payload)
    assert response.status_code == 201
    assert response.json().items() >= (payload | {"version": 1}).items()
    url = response.headers["location"]
    assert as_evaluator.get(url).json() == response.json()
    assert as_evaluator.get(url).headers["etag"] == '"1"'

    changed = as_editor.put(url, json=payload | {"seats": None}, headers={"If-Match": '"1"'})
    assert (changed.json()["seats"], changed.json()["version"]) == (None, 2)
    assert as_editor.put(url, json=payload, headers={"If-Match": '"1"'}).status_code == 412
    assert as_evaluator.get(f"{PLACES}/{uuid4()}").status_code == 404


@pytest.mark.parametrize("role", READERS)
def test_others_do_not_change_places(
    client_for: ClientFor, make: Make, role: Role, payload: dict[str, Any]
) -> None:
    account = make.account(role=role)
    client, own = client_for(account), make.place(organization=account.organization)
    territory = {"code": "99", "name": "x", "level": "region"}
    assert client.post(PLACES, json=payload).status_code == 403
    assert client.put(f"{PLACES}/{own.id}", json=payload).status_code == 403
    assert client.post(TERRITORIES, json=territory).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": ""}, "#/name"),
        ({"kind": "castle"}, "#/kind"),
        ({"seats": 0}, "#/seats"),
        ({"seats": "12"}, "#/seats"),
        ({"organization_id": str(uuid4())}, "#/organization_id"),
        ({"territory_id": str(uuid4())}, "#/territory_id"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_editor: TestClient, payload: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    response = as_editor.post(PLACES, json=payload | wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_once_people_were_heard_there_its_organization_stays(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    empty, lived_in = make.place(), make.place()
    make.workshop(place=lived_in)
    assert as_editor.put(f"{PLACES}/{empty.id}", json=payload).status_code == 200
    refused = as_editor.put(f"{PLACES}/{lived_in.id}", json=payload)
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/conflict"
    same = payload | {"organization_id": str(lived_in.organization_id)}
    assert as_editor.put(f"{PLACES}/{lived_in.id}", json=same).status_code == 200


def test_places_are_listed_by_name_and_filtered(as_animator: TestClient, make: Make) -> None:
    digne, host = make.territory("04070"), make.organization()
    for name in ("b", "a"):
        make.place(name=name, territory_id=digne.id, organization=host, kind=PlaceKind.ERIC)
    make.place(name="c")
    for query in (
        f"territory_id={make.territory('04').id}",
        f"organization_id={host.id}",
        "kind=eric&kind=region",
    ):
        page = as_animator.get(f"{PLACES}?{query}&count=true").json()
        assert [item["name"] for item in page["items"]] == ["a", "b"], query
        assert page["total"] == 2
    assert len(as_animator.get(PLACES).json()["items"]) == 3


# What these lists cost


def test_every_list_is_read_in_the_order_of_an_index(
    as_animator: TestClient, make: Make, database: Database
) -> None:
    numbers, known = range(600), make.place()
    there = {"organization_id": known.organization_id, "territory_id": known.territory_id}
    with database.write.begin() as db:
        db.execute(
            insert(Territory),
            [{"code": f"c{n}", "name": "x", "level": Level.DISTRICT} for n in numbers],
        )
        places = [there | {"name": f"p{n}", "kind": PlaceKind.OTHER} for n in numbers]
        db.execute(insert(Place), places)
    for index, url, table in (
        ("ix_territories_code_id", TERRITORIES, "territories"),
        ("ix_places_name_id", PLACES, "places"),
    ):
        assert_read_in_the_order_of(index, database, as_animator, f"{url}?limit=20", table)
