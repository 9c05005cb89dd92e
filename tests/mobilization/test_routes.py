"""The log of mobilization: who was reached, and what they said."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.models import now
from tests.make import Make
from tests.pages.conftest import Dossier, dossier, published

__all__ = ["dossier", "published"]

URL = "/api/v1/mobilizations"


@pytest.fixture
def line(make: Make) -> dict[str, Any]:
    about = {"scheme_id": str(make.the_scheme.id), "with_whom": "Madame l'Élue (démo)"}
    return about | {"what": "invited", "on": "2026-01-05"}


def test_what_happened_is_noted_and_stays(
    as_editor: TestClient,
    as_evaluator: TestClient,
    dossier: Dossier,
    line: dict[str, Any],
    db: Session,
) -> None:
    _, delivery_id = dossier.deliver()
    noted = [
        as_editor.post(URL, json=line | {"what": what, "on": on, "delivery_id": delivery_id})
        for what, on in (("invited", "2026-01-05"), ("met", "2026-01-20"))
    ]
    assert [one.status_code for one in noted] == [201, 201]
    first, second = (one.json() for one in noted)
    assert noted[0].headers["location"] == f"{URL}/{first['id']}"
    assert as_evaluator.get(f"{URL}/{first['id']}").json() == first
    listed = as_evaluator.get(URL, params={"delivery_id": delivery_id}).json()["items"]
    assert listed == [second, first], "the latest first"
    for method in ("PUT", "DELETE"):
        assert as_editor.request(method, f"{URL}/{first['id']}", json=line).status_code == 405
    noted_by = db.scalars(select(AuditEvent).where(AuditEvent.action == "mobilization.noted")).all()
    assert {str(event.subject_id) for event in noted_by} == {first["id"], second["id"]}
    assert "Élue" not in str([event.facts for event in noted_by])


def test_it_is_listed_by_what_it_is(
    as_editor: TestClient, make: Make, line: dict[str, Any]
) -> None:
    days = {"invited": "2026-01-05", "declined": "2026-02-10", "committed": "2026-03-01"}
    for what, on in days.items():
        as_editor.post(URL, json=line | {"what": what, "on": on})
    other = str(make.scheme().id)
    as_editor.post(URL, json=line | {"what": "read", "scheme_id": other})

    def found(**filters: Any) -> list[str]:
        answer = as_editor.get(URL, params=filters)
        assert answer.status_code == 200, answer.text
        return [one["what"] for one in answer.json()["items"]]

    ours = line["scheme_id"]
    assert found(scheme_id=ours) == ["committed", "declined", "invited"]
    assert found(scheme_id=other) == ["read"]
    assert found(what=["declined", "committed"]) == ["committed", "declined"]
    assert found(on_from="2026-02-10", on_to="2026-02-28") == ["declined"]
    minister, mayor = (str(make.decision_maker().id) for _ in range(2))
    for what, who in (("met", minister), ("read", mayor)):
        as_editor.post(URL, json=line | {"what": what, "decision_maker_id": who})
    assert found(decision_maker_id=minister) == ["met"]
    for of_nobody in ("by_id", "delivery_id", "decision_maker_id"):
        assert found(**{of_nobody: str(uuid4())}) == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"what": "called"}, "#/what"),
        ({"with_whom": " "}, "#/with_whom"),
        ({"with_whom": "\u202eElue"}, "#/with_whom"),
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"delivery_id": str(uuid4())}, "#/delivery_id"),
        ({"decision_maker_id": str(uuid4())}, "#/decision_maker_id"),
        ({"on": (now() + timedelta(days=2)).date().isoformat()}, "#/on"),
        ({"note": "a" * 4001}, "#/note"),
        ({"by_id": str(uuid4())}, "#/by_id"),
    ],
)
def test_what_cannot_be_is_refused(
    as_editor: TestClient, line: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    refused = as_editor.post(URL, json=line | wrong)
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]
    assert as_editor.get(URL).json()["items"] == []


def test_it_says_who_of_the_directory_was_met(
    as_editor: TestClient, as_evaluator: TestClient, make: Make, line: dict[str, Any]
) -> None:
    who = str(make.decision_maker().id)
    noted = as_editor.post(URL, json=line | {"decision_maker_id": who})
    assert (noted.status_code, noted.json()["decision_maker_id"]) == (201, who)
    assert as_evaluator.get(f"{URL}/{noted.json()['id']}").json() == noted.json()
    assert as_editor.post(URL, json=line).json()["decision_maker_id"] is None
    retired = make.decision_maker(retired_at=now(), retired_by_id=make.account().id)
    refused = as_editor.post(URL, json=line | {"decision_maker_id": str(retired.id)})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/decision_maker_id"]


def test_a_delivery_of_another_scheme_is_not_this_ones(
    as_editor: TestClient, make: Make, dossier: Dossier, line: dict[str, Any]
) -> None:
    _, delivery_id = dossier.deliver()
    elsewhere = {"scheme_id": str(make.scheme().id), "delivery_id": delivery_id}
    refused = as_editor.post(URL, json=line | elsewhere)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/delivery_id"]


def test_editors_write_it_and_the_team_of_the_bundles_reads_it(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    as_custodian: TestClient,
    line: dict[str, Any],
) -> None:
    noted = as_editor.post(URL, json=line | {"note": "Au téléphone."}).json()
    assert as_evaluator.post(URL, json=line).status_code == 403
    for client in (as_animator, as_custodian):
        assert client.post(URL, json=line).status_code == 403
        assert client.get(URL).json()["items"] == []
        assert client.get(f"{URL}/{noted['id']}").status_code == 404
    on_case = as_custodian.get(f"{URL}/{noted['id']}", headers={"X-Reason": "Une plainte"})
    assert on_case.json()["note"] == "Au téléphone."
