"""Targets, who was heard beside them, and who is missing."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.models import AuditEvent
from app.schemes.reference import TERMS
from app.testimonies.models import Testimony
from tests.conftest import ClientFor
from tests.indicators.conftest import HIDDEN, Willing
from tests.make import Make

API = "/api/v1"
URL = f"{API}/indicators/coverage"


def targets_of(make: Make) -> str:
    return f"{API}/schemes/{make.the_scheme.id}/targets"


def target(make: Make, role: str, code: str, witnesses: int) -> dict[str, Any]:
    return {"role": role, "territory_id": str(make.territory(code).id), "witnesses": witnesses}


def cells(answer: Any, make: Make) -> dict[tuple[str, str | None], tuple[Any, ...]]:
    """Target, witnesses, testimonies and gap, by role and code of the department."""
    assert answer.status_code == 200, answer.text
    codes = {str(make.territory(code).id): code for code in ("83", "04", "13", "06", "93")}
    names = ("target", "witnesses", "testimonies", "gap")
    return {
        (c["role"], codes.get(c["territory_id"])): tuple(c[name] for name in names)
        for c in answer.json()["cells"]
    }


# Targets


def test_targets_are_set_all_at_once_and_read_by_everybody(
    as_editor: TestClient, as_animator: TestClient, make: Make, db: Session
) -> None:
    url = targets_of(make)
    assert as_animator.get(url).json() == []
    wanted = [target(make, "employer", "04", 6), target(make, "tutor", "83", 3)]
    answer = as_editor.put(url, json=wanted)
    assert (answer.status_code, answer.json()) == (200, wanted)
    assert as_animator.get(url).json() == wanted
    assert as_editor.put(url, json=wanted[1:]).json() == wanted[1:], "these alone"
    assert as_editor.put(url, json=[]).json() == []
    rows = select(AuditEvent.facts).where(AuditEvent.action == "targets.set")
    told = db.scalars(rows.order_by(AuditEvent.created_at)).all()
    assert [facts["targets"] for facts in told] == [wanted, wanted[1:], []], "their history"


def test_what_somebody_else_set_meanwhile_is_not_lost(as_editor: TestClient, make: Make) -> None:
    url = targets_of(make)
    known = {"If-Match": as_editor.get(url).headers["etag"]}
    wanted = [target(make, "employer", "04", 6)]
    assert as_editor.put(url, json=wanted, headers=known).status_code == 200
    assert as_editor.put(url, json=[], headers=known).status_code == 412
    assert as_editor.get(url).json() == wanted


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"role": "astronaut"}, "#/1/role"),
        ({"territory_id": str(uuid4())}, "#/1/territory_id"),
        ({"territory_id": "Var"}, "#/1/territory_id"),
        ({"witnesses": 0}, "#/1/witnesses"),
        ({"witnesses": 2.5}, "#/1/witnesses"),
        ({"witnesses": 2**40}, "#/1/witnesses"),
        ({"share": 1}, "#/1/share"),
        ({}, "#/1"),  # the same role and territory again
    ],
)
def test_a_mistake_is_pointed_at_and_nothing_is_set(
    as_editor: TestClient, make: Make, wrong: dict[str, Any], pointer: str
) -> None:
    first = target(make, "employer", "04", 6)
    answer = as_editor.put(targets_of(make), json=[first, first | wrong])
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert as_editor.get(targets_of(make)).json() == []


@pytest.mark.parametrize("code", ["93", "83126"])
def test_a_target_is_of_a_department(as_editor: TestClient, make: Make, code: str) -> None:
    answer = as_editor.put(targets_of(make), json=[target(make, "employer", code, 6)])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "not_a_department"


def test_who_does_not_manage_the_frame_sets_none(
    as_evaluator: TestClient, as_animator: TestClient, as_anonymous: TestClient, make: Make
) -> None:
    for client in (as_evaluator, as_animator):
        assert client.put(targets_of(make), json=[]).status_code == 403
    assert as_anonymous.put(targets_of(make), json=[]).status_code == 401
    nowhere = f"{API}/schemes/{uuid4()}/targets"
    assert as_evaluator.get(nowhere).status_code == 404


# Coverage


def test_what_was_heard_stands_beside_the_targets(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, heard: list[Testimony]
) -> None:
    wanted = [
        target(make, "employer", "04", 6),
        target(make, "young_person", "83", 2),
        target(make, "support_worker", "13", 4),
    ]
    assert as_editor.put(targets_of(make), json=wanted).status_code == 200
    elsewhere = f"{API}/schemes/{make.scheme().id}/targets"
    as_editor.put(elsewhere, json=[target(make, "employer", "04", 100)])

    answer = as_evaluator.get(URL, params={"scheme_id": str(make.the_scheme.id)})
    assert cells(answer, make) == {
        ("employer", "04"): (6, 1, 2, 5),
        ("young_person", "83"): (2, 2, 3, 0),
        ("support_worker", "13"): (4, 0, 0, 4),
        # Heard without a target:
        ("field_actor", "93"): (None, 1, 1, None),
        ("tutor", "93"): (None, 1, 1, None),
        ("tutor", "04"): (None, 1, 1, None),
        ("tutor", "83"): (None, 1, 1, None),
        ("young_person", "13"): (None, 1, 1, None),
        ("young_person", None): (None, 1, 1, None),
    }
    found = answer.json()
    assert (found["has_targets"], found["witnesses"], found["testimonies"]) == (True, 8, 9)
    missing = {"role": "support_worker", "territory_id": wanted[2]["territory_id"], "target": 4}
    assert found["missing"] == [missing]
    assert found["overused"] == []


def test_without_targets_every_role_is_wanted_where_somebody_is_heard(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    answer = as_evaluator.get(URL, params={"scheme_id": str(make.the_scheme.id)})
    found = cells(answer, make)
    roles = [code for code, *_ in TERMS["witness_roles"]]
    grid = {(role, code) for role in roles for code in ("83", "04", "13", "93")}
    assert found.keys() == grid | {("young_person", None)}
    assert not answer.json()["has_targets"]
    assert len(answer.json()["missing"]) == len(grid) - 7
    nobody = as_evaluator.get(URL, params={"scheme_id": str(make.scheme().id)}).json()
    assert (nobody["cells"], nobody["missing"], nobody["witnesses"]) == ([], [], 0)


def test_only_some_days_are_looked_at(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    params = {"scheme_id": str(make.the_scheme.id), "recorded_from": "2014-01-01"}
    found = cells(as_evaluator.get(URL, params=params), make)
    assert found["young_person", "13"] == (None, 1, 1, None)
    assert found["employer", "13"] == (None, 0, 0, None)


def test_few_witnesses_are_not_told_to_who_may_not_export(
    as_editor: TestClient, make: Make, willing: Willing
) -> None:
    var = make.territory("83126").id
    for role, many in (("employer", 7), ("tutor", 6), ("young_person", 2)):
        for _ in range(many):
            make.testimony(witnesses=[willing(role=role)], territory_id=var)
    wanted = [target(make, "young_person", "83", 10), target(make, "employer", "83", 10)]
    as_editor.put(targets_of(make), json=wanted)
    answer = as_editor.get(URL, params={"scheme_id": str(make.the_scheme.id)})
    found = cells(answer, make)
    assert found["young_person", "83"] == (10, HIDDEN, HIDDEN, HIDDEN), "10 - gap would tell"
    assert found["tutor", "83"] == (None, HIDDEN, HIDDEN, None)
    assert found["employer", "83"] == (10, 7, 7, 3)
    assert answer.json()["witnesses"] == 15
    assert answer.json()["missing"] == []


def test_an_animator_covers_what_is_their_own(
    as_animator: TestClient, animator: Account, make: Make, heard: list[Testimony]
) -> None:
    for _ in range(6):
        make.testimony(organization=animator.organization, territory_id=make.territory("06").id)
    answer = as_animator.get(URL)
    assert cells(answer, make)["tutor", "06"] == (None, 6, 6, None)
    assert answer.json()["witnesses"] == 6
    assert answer.json()["overused"] is None, "bundles are not for them"


@pytest.mark.parametrize("query", ["recorded_to=demain", "method=video", "scheme_id='--"])
def test_what_is_not_asked_so_is_refused(as_evaluator: TestClient, query: str) -> None:
    assert as_evaluator.get(f"{URL}?{query}").status_code == 422


@pytest.mark.parametrize("name", ["counts", "coverage"])
def test_who_may_ask(
    as_anonymous: TestClient, client_for: ClientFor, make: Make, name: str
) -> None:
    for role, status in (
        *(("animator", 200), ("editor", 200), ("evaluator", 200)),
        *(("custodian", 403), ("administrator", 403), ("integration", 403)),
    ):
        client = client_for(make.account(role=role))
        for ending in ("", ".csv", ".svg"):
            assert client.get(f"{API}/indicators/{name}{ending}").status_code == status, role
    assert as_anonymous.get(f"{API}/indicators/{name}").status_code == 401
