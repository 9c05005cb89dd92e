"""Accounts, API tokens and organizations, as the API answers for them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account, ApiToken, Kind, Organization
from app.accounts.permissions import GRANTS, Permission, Role
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from tests.accounts.conftest import LogIn, Spy
from tests.conftest import ClientFor
from tests.make import Make
from tests.plans import assert_read_in_the_order_of

ACCOUNTS, TOKENS = "/api/v1/accounts", "/api/v1/api-tokens"
ORGANIZATIONS, ME = "/api/v1/organizations", "/api/v1/me"
NOT_ADMINISTRATORS = [role for role in Role if role is not Role.ADMINISTRATOR]


@pytest.fixture
def payload(make: Make) -> dict[str, Any]:
    return {
        "email": "Awa@Example.org",
        "display_name": "Awa (démo)",
        "role": "animator",
        "organization_id": str(make.organization().id),
    }


def facts_told(db: Session, action: str) -> Any:
    return db.scalars(select(AuditEvent.facts).where(AuditEvent.action == action)).one()


# Accounts


def test_an_administrator_opens_an_account(
    as_administrator: TestClient, payload: dict[str, Any], log_in: LogIn, db: Session
) -> None:
    password = {"password": "correct horse battery"}
    response = as_administrator.post(ACCOUNTS, json=payload | password)
    assert response.status_code == 201
    shown = payload | {
        "email": "awa@example.org",
        "version": 1,
        "suspended_at": None,
        "follow_up_at": None,
    }
    assert response.json().items() >= shown.items()
    assert as_administrator.get(response.headers["location"]).json() == response.json()
    assert "correct horse" not in response.text
    assert log_in("awa@example.org").status_code == 201
    assert facts_told(db, "account.added") == {"role": "animator", "reads_words": True}


def test_and_changes_it(
    as_administrator: TestClient,
    log_in: LogIn,
    berthe: Account,
    payload: dict[str, Any],
    db: Session,
) -> None:
    url = f"{ACCOUNTS}/{berthe.id}"
    evaluator = payload | {"role": "evaluator", "email": "berthe@example.org"}
    response = as_administrator.put(url, json=evaluator, headers={"If-Match": '"1"'})
    assert response.json().items() >= (evaluator | {"version": 2}).items()
    assert log_in().status_code == 201  # the password stays as it is
    late = as_administrator.put(url, json=evaluator, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert facts_told(db, "account.changed") == {"role": "evaluator", "reads_words": True}


def test_a_new_password_from_an_administrator_ends_every_session(
    as_administrator: TestClient,
    client_for: ClientFor,
    log_in: LogIn,
    berthe: Account,
    payload: dict[str, Any],
) -> None:
    client = client_for(None)
    client.headers["Authorization"] = f"Bearer {log_in().json()['token']}"
    changed = payload | {"email": "berthe@example.org", "password": "another horse battery"}
    assert as_administrator.put(f"{ACCOUNTS}/{berthe.id}", json=changed).status_code == 200
    assert client.get(ME).status_code == 401
    assert log_in(password="another horse battery").status_code == 201


def test_an_address_has_one_account(
    as_administrator: TestClient, berthe: Account, payload: dict[str, Any]
) -> None:
    taken = payload | {"email": "BERTHE@example.org"}
    response = as_administrator.post(ACCOUNTS, json=taken)
    assert response.status_code == 409
    assert response.json()["type"] == "/problems/conflict"


@pytest.mark.parametrize("role", NOT_ADMINISTRATORS)
def test_nobody_else_manages_accounts(
    client_for: ClientFor,
    make: Make,
    berthe: Account,
    payload: dict[str, Any],
    role: Role,
    spy: Spy,
) -> None:
    client = client_for(make.account(role=role))
    for method, url, body in (
        ("GET", ACCOUNTS, None),
        ("POST", ACCOUNTS, payload | {"password": "correct horse battery"}),
        ("GET", f"{ACCOUNTS}/{berthe.id}", None),
        ("GET", f"{ACCOUNTS}/{uuid4()}", None),
        ("PUT", f"{ACCOUNTS}/{berthe.id}", payload),
        ("PUT", f"{ACCOUNTS}/{berthe.id}/suspension", None),
        ("DELETE", f"{ACCOUNTS}/{berthe.id}/suspension", None),
    ):
        response = client.request(method, url, json=body)
        assert response.status_code == 403, f"{method} {url}"
        assert response.json()["permission"] == "manage_accounts"
    assert spy.hashed == 0


def test_somebody_else_does_this_to_ones_own_account(client_for: ClientFor, make: Make) -> None:
    administrator = make.account(role=Role.ADMINISTRATOR)
    client, url = client_for(administrator), f"{ACCOUNTS}/{administrator.id}"
    own = {
        "email": "myself@example.org",
        "display_name": "Moi (démo)",
        "role": "administrator",
        "organization_id": str(administrator.organization_id),
    }
    for response in (
        client.put(f"{url}/suspension"),
        client.put(url, json=own | {"role": "custodian"}),
    ):
        assert response.status_code == 409
        assert response.json()["type"] == "/problems/own-account"
    assert client.put(url, json=own).status_code == 200
    assert client.get(ME).json()["display_name"] == "Moi (démo)"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"email": "nobody"}, "#/email"),
        ({"email": "a@b@c"}, "#/email"),
        ({"role": "king"}, "#/role"),
        ({"password": "short"}, "#/password"),
        ({"organization_id": str(uuid4())}, "#/organization_id"),
        ({"permissions": ["export"]}, "#/permissions"),
    ],
)
def test_a_mistake_is_pointed_at_in_french(
    as_administrator: TestClient, payload: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    response = as_administrator.post(ACCOUNTS, json=payload | wrong)
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].endswith(".")


def test_accounts_are_listed_by_address(as_administrator: TestClient, make: Make) -> None:
    home = make.organization()
    for letter in "cab":
        make.account(email=f"{letter}@example.org", organization=home, role=Role.EDITOR)
    make.account(organization=home)
    make.account(role=Role.EDITOR)
    url = f"{ACCOUNTS}?organization_id={home.id}&role=editor&suspended=false&count=true"
    page = as_administrator.get(url).json()
    assert [item["email"][0] for item in page["items"]] == ["a", "b", "c"]
    assert page["total"] == 3
    assert as_administrator.get(f"{ACCOUNTS}?suspended=true").json()["items"] == []


# API tokens


def test_a_token_is_shown_once_and_kept_as_a_hash(
    as_animator: TestClient, client_for: ClientFor, database: Database
) -> None:
    response = as_animator.post(TOKENS, json={"name": "borne"})
    assert response.status_code == 201
    token = response.json()["token"]
    assert len(token) >= 43  # 256 bits
    client = client_for(None)
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.get(ME).status_code == 200

    listed = as_animator.get(TOKENS)
    assert [item["name"] for item in listed.json()["items"]] == ["tests", "borne"]
    assert "token" not in listed.json()["items"][1]
    assert token not in listed.text
    with database.read() as db:
        kept = [str(row) for row in db.execute(select(*ApiToken.__table__.columns))]
        told = [str(row) for row in db.execute(select(*AuditEvent.__table__.columns))]
    assert token not in "".join(kept + told)


def test_a_token_may_do_a_part_of_what_its_owner_may(
    as_animator: TestClient, client_for: ClientFor
) -> None:
    asked = {"name": "borne", "permissions": ["write_testimonies"]}
    client = client_for(None)
    made = as_animator.post(TOKENS, json=asked).json()
    client.headers["Authorization"] = f"Bearer {made['token']}"
    assert client.get(ME).json()["permissions"] == ["write_testimonies"]
    wider = client.post(TOKENS, json={"name": "x", "permissions": ["run_workshops"]})
    assert wider.json()["errors"][0]["pointer"] == "#/permissions/0"
    heir = client.post(TOKENS, json={"name": "x"}).json()
    assert heir["permissions"] == ["write_testimonies"]


@pytest.mark.parametrize("role", Role)
def test_permissions_are_never_wider_than_ones_own(
    client_for: ClientFor, make: Make, role: Role
) -> None:
    client = client_for(make.account(role=role))
    for permission in Permission:
        asked = {"name": "x", "permissions": [permission]}
        status = client.post(TOKENS, json=asked).status_code
        assert status == (201 if permission in GRANTS[role] else 422)
    assert client.post(TOKENS, json={"name": "x", "permissions": []}).status_code == 201


def test_what_a_role_loses_its_tokens_lose_too(
    client_for: ClientFor, make: Make, database: Database
) -> None:
    editor = make.account(role=Role.EDITOR)
    client = client_for(None)
    token = make.token(editor, permissions=["moderate", "manage_frame"])
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.get(ME).json()["permissions"] == ["manage_frame", "moderate"]
    with database.write.begin() as db:
        db.execute(update(Account).where(Account.id == editor.id).values(role=Role.ADMINISTRATOR))
    assert client.get(ME).json()["permissions"] == ["manage_frame"]


def test_a_token_ends_when_it_was_said_or_when_it_is_revoked(
    as_animator: TestClient, client_for: ClientFor, make: Make, animator: Account
) -> None:
    client = client_for(None)
    expired = make.token(animator, expires_at=now() - timedelta(seconds=1))
    client.headers["Authorization"] = f"Bearer {expired}"
    assert client.get(ME).status_code == 401

    soon = (now() + timedelta(hours=1)).isoformat()
    made = as_animator.post(TOKENS, json={"name": "x", "expires_at": soon}).json()
    client.headers["Authorization"] = f"Bearer {made['token']}"
    assert client.get(ME).status_code == 200
    assert as_animator.delete(f"{TOKENS}/{made['id']}").status_code == 204
    assert client.get(ME).status_code == 401
    assert as_animator.delete(f"{TOKENS}/{made['id']}").status_code == 404

    past = as_animator.post(TOKENS, json={"name": "x", "expires_at": "2020-01-01T00:00:00Z"})
    assert past.json()["errors"][0]["pointer"] == "#/expires_at"


def test_nobody_sees_or_revokes_the_tokens_of_others(
    as_outsider: TestClient, as_administrator: TestClient, as_animator: TestClient
) -> None:
    [mine] = as_animator.get(TOKENS).json()["items"]
    for client in (as_outsider, as_administrator):
        assert mine["id"] not in client.get(TOKENS).text
        assert client.delete(f"{TOKENS}/{mine['id']}").status_code == 404
    assert as_animator.get(ME).status_code == 200


# Organizations


def test_who_manages_the_frame_adds_and_changes_organizations(
    as_editor: TestClient, as_administrator: TestClient
) -> None:
    payload = {"name": "Mission locale (démo)", "kind": "mission_locale", "in_mapping": False}
    response = as_editor.post(ORGANIZATIONS, json=payload)
    assert response.status_code == 201
    url = response.headers["location"]
    assert response.headers["etag"] == '"1"'
    assert as_administrator.get(url).json() == response.json()

    mapped = payload | {"in_mapping": True}
    changed = as_administrator.put(url, json=mapped, headers={"If-Match": '"1"'})
    assert changed.json().items() >= (mapped | {"version": 2}).items()
    assert as_editor.put(url, json=payload, headers={"If-Match": '"1"'}).status_code == 412
    assert as_editor.post(ORGANIZATIONS, json=payload).status_code == 409  # by its name


@pytest.mark.parametrize("role", [r for r in Role if Permission.MANAGE_FRAME not in GRANTS[r]])
def test_everybody_reads_them_and_others_do_not_write(
    client_for: ClientFor, make: Make, role: Role
) -> None:
    known, client = make.organization(), client_for(make.account(role=role))
    url, payload = f"{ORGANIZATIONS}/{known.id}", {"name": "Autre", "kind": "other"}
    assert client.get(url).status_code == 200
    assert client.get(f"{ORGANIZATIONS}/{uuid4()}").status_code == 404
    assert client.put(url, json=payload).status_code == 403
    assert client.post(ORGANIZATIONS, json=payload).status_code == 403


def test_organizations_are_listed_by_name_and_filtered(as_editor: TestClient, make: Make) -> None:
    for name in ("b", "c", "a"):
        make.organization(name=name, kind=Kind.CHAMBER, in_mapping=name != "c")
    make.organization(in_mapping=True)
    url = f"{ORGANIZATIONS}?kind=chamber&in_mapping=true&kind=employer"
    assert [item["name"] for item in as_editor.get(url).json()["items"]] == ["a", "b"]


# What these lists cost


def test_every_list_is_read_in_the_order_of_an_index(
    client_for: ClientFor, make: Make, database: Database
) -> None:
    administrator = make.account(role=Role.ADMINISTRATOR)
    client, home = client_for(administrator), administrator.organization_id
    with database.write.begin() as db:
        numbers = range(600)
        db.execute(insert(Organization), [{"name": f"o{n}", "kind": Kind.OTHER} for n in numbers])
        someone = {"organization_id": home, "role": Role.EDITOR, "display_name": "x"}
        emails = [f"{n}@example.org" for n in numbers]
        db.execute(insert(Account), [someone | {"email": email} for email in emails])
        others = db.scalars(select(Account.id).limit(4)).all()
        key = {"name": "x", "permissions": None}
        owners = [administrator.id, *others]
        db.execute(
            insert(ApiToken),
            [key | {"account_id": owners[n % 5], "fingerprint": f"{n}"} for n in numbers],
        )
    for index, url, table in (
        ("ix_organizations_name_id", ORGANIZATIONS, "organizations"),
        ("ix_accounts_email_id", ACCOUNTS, "accounts"),
        ("ix_api_tokens_account_id_created_at_id", TOKENS, "api_tokens"),
    ):
        assert_read_in_the_order_of(index, database, client, f"{url}?limit=20", table)
