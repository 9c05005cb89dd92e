"""Ids that are the same from one export to the next: a right of its own, besides the role."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.models import AuditEvent
from tests.conftest import ClientFor
from tests.exports.conftest import URL, WHY, Says, rows_of, sheet_of, workbook_of
from tests.make import Make

ACCOUNTS = "/api/v1/accounts"
FOLLOWED = {"follow_up": "true"}


@pytest.fixture
def evaluator(make: Make) -> Account:
    return make.account(role="evaluator")


def ids(client: TestClient, **params: Any) -> set[str]:
    return {row["id"] for row in rows_of(client, "testimonies", **params)}


def asked(client: TestClient) -> int:
    return client.get(f"{URL}/testimonies.csv", params=WHY | FOLLOWED).status_code


def facts_of(db: Session, action: str) -> list[dict[str, Any]]:
    return list(db.scalars(select(AuditEvent.facts).where(AuditEvent.action == action)))


def test_who_has_not_the_right_is_refused(
    as_evaluator: TestClient, as_custodian: TestClient, says: Says, db: Session
) -> None:
    says("Le premier jour")
    for client in (as_evaluator, as_custodian):
        refused = client.get(f"{URL}/testimonies.csv", params=WHY | FOLLOWED)
        assert refused.status_code == 403
        assert refused.json()["permission"] == "exports:follow-up"
    assert facts_of(db, "export.made") == []


def test_an_administrator_grants_it_and_ends_it(
    client_for: ClientFor,
    as_administrator: TestClient,
    evaluator: Account,
    make: Make,
    says: Says,
    db: Session,
) -> None:
    for title in ("un", "deux"):
        says(title)
    client, url = client_for(evaluator), f"{ACCOUNTS}/{evaluator.id}/follow-up"
    for _ in "12":
        assert as_administrator.put(url).status_code == 204
    assert as_administrator.get(f"{ACCOUNTS}/{evaluator.id}").json()["follow_up_at"]
    assert "exports:follow-up" in client.get("/api/v1/me").json()["permissions"]
    assert ids(client, **FOLLOWED) == ids(client, **FOLLOWED)
    assert ids(client) != ids(client), "only where it is asked"
    assert ids(client).isdisjoint(ids(client, **FOLLOWED))
    other = make.account(role="evaluator")
    assert as_administrator.put(f"{ACCOUNTS}/{other.id}/follow-up").status_code == 204
    assert ids(client_for(other), **FOLLOWED).isdisjoint(ids(client, **FOLLOWED)), "to each theirs"
    for _ in "12":
        assert as_administrator.delete(url).status_code == 204
    assert asked(client) == 403
    made = facts_of(db, "export.made")
    assert [facts.get("follow_up") for facts in made].count(True) == 5
    assert all("follow_up" not in facts["filters"] for facts in made)
    assert len(facts_of(db, "account.follow-up-granted")) == 2
    assert len(facts_of(db, "account.follow-up-ended")) == 1


def test_datasets_can_be_joined(
    client_for: ClientFor, as_administrator: TestClient, evaluator: Account, says: Says, make: Make
) -> None:
    excerpt = make.excerpt(says("Le premier jour"))
    assert as_administrator.put(f"{ACCOUNTS}/{evaluator.id}/follow-up").status_code == 204
    client = client_for(evaluator)
    (testimony,) = rows_of(client, "testimonies", **FOLLOWED)
    (row,) = rows_of(client, "excerpts", **FOLLOWED)
    (told,) = sheet_of(workbook_of(client, "testimonies", **FOLLOWED))
    assert row["testimony_id"] == testimony["id"] == told["id"]
    assert str(excerpt.testimony_id) not in str(testimony)
    about = workbook_of(client, "testimonies", **FOLLOWED)["À propos"]
    said = {row[0].value: row[1].value for row in about.iter_rows()}
    assert "propre à ce compte" in said["Identifiants"]
    assert said["Filtres"] == "aucun"


def test_it_is_of_accounts_that_export_and_of_tokens_that_say_so(
    client_for: ClientFor, as_administrator: TestClient, evaluator: Account, make: Make, says: Says
) -> None:
    says("Le premier jour")
    assert as_administrator.put(f"{ACCOUNTS}/{evaluator.id}/follow-up").status_code == 204
    editor = make.account(role="editor")
    assert as_administrator.put(f"{ACCOUNTS}/{editor.id}/follow-up").status_code == 204
    assert "exports:follow-up" not in client_for(editor).get("/api/v1/me").json()["permissions"]
    assert asked(client_for(editor)) == 403
    client = client_for(evaluator)
    for permissions, status in ((["export"], 403), (["export", "exports:follow-up"], 200)):
        token = {"name": "R", "permissions": permissions}
        made = client.post("/api/v1/api-tokens", json=token)
        assert made.status_code == 201, made.text
        narrowed = client_for(None)
        narrowed.headers["Authorization"] = f"Bearer {made.json()['token']}"
        assert asked(narrowed) == status
    whole = client.post("/api/v1/api-tokens", json={"name": "whole"}).json()
    assert whole["permissions"] is None
    assert as_administrator.delete(f"{ACCOUNTS}/{evaluator.id}/follow-up").status_code == 204
    assert asked(narrowed) == 403


def test_another_role_ends_it(
    client_for: ClientFor, as_administrator: TestClient, evaluator: Account, db: Session
) -> None:
    url = f"{ACCOUNTS}/{evaluator.id}"
    assert as_administrator.put(f"{url}/follow-up").status_code == 204
    told = as_administrator.get(url).json()
    payload = {name: told[name] for name in ("email", "display_name", "organization_id")}
    for role in ("editor", "evaluator"):
        assert as_administrator.put(url, json=payload | {"role": role}).status_code == 200
    assert as_administrator.get(url).json()["follow_up_at"] is None
    assert asked(client_for(evaluator)) == 403
    assert len(facts_of(db, "account.follow-up-ended")) == 1


def test_nobody_else_grants_it(
    as_evaluator: TestClient, as_custodian: TestClient, as_editor: TestClient, evaluator: Account
) -> None:
    for client in (as_evaluator, as_custodian, as_editor):
        for method in ("PUT", "DELETE"):
            refused = client.request(method, f"{ACCOUNTS}/{evaluator.id}/follow-up")
            assert refused.status_code == 403
