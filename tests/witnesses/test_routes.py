"""What the API of witnesses promises: heard under a pseudonym, known by name to almost nobody."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.calls.models import IdempotencyKey
from app.core.db import Database
from app.core.models import Base, now
from app.witnesses.codes import receipt_hash
from app.witnesses.models import Disclosure, Identity, Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/witnesses"
IDENTITY = {
    "given_name": "Maëlys",
    "family_name": "Xanthopoulos",
    "email": "maelys.xanthopoulos@example.org",
    "phone": "06 12 34 56 78",
}
REASON = {"reason": "Elle demande à être rappelée."}
AS_A_RULE = {"Maëlys", "Xanthopoulos", "maelys.xanthopoulos@example.org", "+33612345678"}


@pytest.fixture
def payload(workshop: Workshop) -> dict[str, Any]:
    return {
        "scheme_id": str(workshop.scheme_id),
        "workshop_id": str(workshop.id),
        "role": "tutor",
        "identity": IDENTITY,
    }


def everything_kept(database: Database) -> bytes:
    """All that somebody finds who steals the database: each row, and the files themselves."""
    engine = database.read.kw["bind"]
    kept = b""
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(text(f"SELECT * FROM {table.name}")):
                kept += b"|".join(
                    bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row
                )
    if database.dialect == "sqlite":
        file = engine.url.database
        for path in (file, f"{file}-wal"):
            with open(path, "rb") as found:
                kept += found.read()
    return kept


# Registering


def test_an_animator_registers_somebody(
    as_animator: TestClient, payload: dict[str, Any], workshop: Workshop
) -> None:
    response = as_animator.post(URL, json=payload)

    assert response.status_code == 201
    shown = response.json()
    assert shown["owner_organization_id"] == str(workshop.owner_organization_id)
    assert re.fullmatch(r"\w+ \d{4}", shown["pseudonym"])
    assert "identity" not in shown
    again = as_animator.get(response.headers["location"]).json()
    assert again == {name: shown[name] for name in shown if name != "receipt_code"}


def test_the_receipt_code_is_told_once_and_kept_as_a_hash(
    as_animator: TestClient, payload: dict[str, Any], db: Session, database: Database
) -> None:
    shown = as_animator.post(URL, json=payload).json()
    code = shown["receipt_code"]

    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code)
    assert "receipt_code" not in as_animator.get(f"{URL}/{shown['id']}").json()
    assert "receipt_code" not in as_animator.get(URL).json()["items"][0]
    assert db.scalars(select(Witness.receipt_hash)).one() == receipt_hash(code)
    kept = everything_kept(database)
    assert shown["pseudonym"].encode() in kept
    assert code.encode() not in kept
    assert code.replace("-", "").encode() not in kept


def test_a_retry_gets_the_same_code_which_is_encrypted_meanwhile(
    as_animator: TestClient, payload: dict[str, Any], db: Session, database: Database
) -> None:
    key = str(uuid4())
    first, again = (
        as_animator.post(URL, json=payload, headers={"Idempotency-Key": key}) for _ in range(2)
    )

    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert db.scalar(select(func.count()).select_from(Witness)) == 1
    kept = db.scalars(select(IdempotencyKey)).one()
    assert kept.answer
    stolen = everything_kept(database)
    for secret in (first.json()["receipt_code"], first.json()["receipt_code"][:9], key):
        assert secret.encode() not in stolen


def test_an_identity_is_never_echoed_nor_kept_in_clear(
    as_animator: TestClient, payload: dict[str, Any], db: Session, database: Database
) -> None:
    response = as_animator.post(URL, json=payload)
    url = response.headers["location"]
    told = response.text + as_animator.get(url).text + as_animator.get(URL).text
    told += as_animator.get(f"{url}/consents").text
    told += str(db.scalars(select(AuditEvent.facts)).all())

    kept = everything_kept(database)
    assert db.scalars(select(Identity)).one()
    for name in AS_A_RULE | set(IDENTITY.values()):
        assert name not in told
        assert name.encode() not in kept


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"email": "nobody"}, "#/identity/email"),
        ({"phone": "12"}, "#/identity/phone"),
        ({"phone": "call me"}, "#/identity/phone"),
        ({"given_name": ""}, "#/identity/given_name"),
        ({"family_name": "a\u202eb"}, "#/identity/family_name"),
        ({"nickname": "Lé"}, "#/identity/nickname"),
    ],
)
def test_a_mistake_in_an_identity_is_pointed_at_and_not_repeated(
    as_animator: TestClient, payload: dict[str, Any], wrong: dict[str, str], pointer: str
) -> None:
    response = as_animator.post(URL, json=payload | {"identity": IDENTITY | wrong})

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert "Xanthopoulos" not in response.text


# Who may be heard


def test_young_people_tell_their_birth_year(
    as_animator: TestClient, payload: dict[str, Any]
) -> None:
    for role in ("young_person", "eligible_young_person"):
        response = as_animator.post(URL, json=payload | {"role": role})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "#/birth_year"

        adult = payload | {"role": role, "birth_year": now().year - 22}
        assert as_animator.post(URL, json=adult).status_code == 201


@pytest.mark.parametrize(
    ("today", "status"),
    [(date(2026, 12, 31), 422), (date(2027, 1, 1), 201), (date(2020, 1, 1), 422)],
)
def test_nobody_is_heard_before_the_end_of_the_year_when_they_become_16(
    as_animator: TestClient,
    payload: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    today: date,
    status: int,
) -> None:
    moment = now().replace(year=today.year, month=today.month, day=today.day)
    monkeypatch.setattr("app.witnesses.service.now", lambda: moment)
    young = payload | {"role": "young_person", "birth_year": 2010}

    response = as_animator.post(URL, json=young)
    assert response.status_code == status
    if status == 422:
        assert response.json()["type"] == "/problems/too-young"


def test_a_field_actor_belongs_to_an_organization_of_the_mapping(
    as_animator: TestClient, payload: dict[str, Any], make: Make
) -> None:
    actor = payload | {"role": "field_actor"}
    known, unknown = make.organization(in_mapping=True), make.organization()
    for wrong in (None, str(unknown.id), str(uuid4())):
        response = as_animator.post(URL, json=actor | {"organization_id": wrong})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "#/organization_id"

    right = actor | {"organization_id": str(known.id)}
    assert as_animator.post(URL, json=right).json()["organization_id"] == str(known.id)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"role": "elected"}, "#/role"),
        ({"sector": "nonsense"}, "#/sector"),
        ({"territory_id": str(uuid4())}, "#/territory_id"),
        ({"birth_year": "1990"}, "#/birth_year"),
        ({"birth_year": 1899}, "#/birth_year"),
        ({"signature": "a" * 65}, "#/signature"),
        ({"receipt_code": "mine"}, "#/receipt_code"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_animator: TestClient, payload: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    response = as_animator.post(URL, json=payload | wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_nobody_is_heard_in_a_workshop_that_is_closed_or_not_begun(
    as_animator: TestClient, payload: dict[str, Any], make: Make, animator: Account
) -> None:
    ended = make.workshop(
        organization=animator.organization, closed_at=now(), closed_by_id=animator.id
    )
    planned = make.workshop(
        organization=animator.organization, starts_at=now() + timedelta(hours=1)
    )
    for workshop, state in ((ended, "closed"), (planned, "planned")):
        response = as_animator.post(URL, json=payload | {"workshop_id": str(workshop.id)})
        assert (response.status_code, response.json()["state"]) == (409, state)
        assert response.json()["type"] == "/problems/workshop-not-open"


def test_nor_in_somebody_elses_or_about_another_scheme(
    as_animator: TestClient, payload: dict[str, Any], make: Make, animator: Account
) -> None:
    elsewhere = make.workshop()
    other = make.workshop(organization=animator.organization, scheme_id=make.scheme().id)
    for workshop_id in (elsewhere.id, other.id, uuid4()):
        response = as_animator.post(URL, json=payload | {"workshop_id": str(workshop_id)})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "#/workshop_id"


def test_the_association_that_films_hears_people_for_the_place(
    client_for: ClientFor, make: Make, payload: dict[str, Any]
) -> None:
    films = make.account()
    workshop = make.workshop(partner_organization_id=films.organization_id)
    as_films = client_for(films)

    response = as_films.post(URL, json=payload | {"workshop_id": str(workshop.id)})
    assert response.json()["owner_organization_id"] == str(workshop.owner_organization_id)
    assert as_films.get(response.headers["location"]).status_code == 200


@pytest.mark.parametrize("role", [Role.EDITOR, Role.EVALUATOR, Role.CUSTODIAN, Role.ADMINISTRATOR])
def test_only_who_captures_registers(
    client_for: ClientFor, make: Make, payload: dict[str, Any], animator: Account, role: Role
) -> None:
    colleague = make.account(role=role, organization=animator.organization)
    response = client_for(colleague).post(URL, json=payload)
    assert response.status_code == 403
    assert response.json()["permission"] == "hear_witnesses"


# Who sees them


def test_somebody_elses_witness_is_nobody(as_outsider: TestClient, witness: Witness) -> None:
    nobody = uuid4()
    for path in ("", "/consents"):
        theirs = as_outsider.get(f"{URL}/{witness.id}{path}")
        unknown = as_outsider.get(f"{URL}/{nobody}{path}")
        assert theirs.status_code == 404
        assert blank(theirs) == blank(unknown)
    for path, body in (("disclosures", REASON), ("consents", a_consent())):
        theirs = as_outsider.post(f"{URL}/{witness.id}/{path}", json=body)
        unknown = as_outsider.post(f"{URL}/{nobody}/{path}", json=body)
        assert theirs.status_code == 404
        assert blank(theirs) == blank(unknown)
    assert as_outsider.get(URL).json()["items"] == []


def blank(response: Any) -> tuple[int, dict[str, str], bytes]:
    """An answer but for what names the request."""
    request_id = response.json()["request_id"]
    headers = {k: v for k, v in response.headers.items() if v != request_id}
    return response.status_code, headers, response.content.replace(request_id.encode(), b"")


def a_consent(**given: Any) -> dict[str, Any]:
    cell = {"medium": "voice", "audience": "team", "form": "note", "purpose": "evaluation"}
    return {"verb": "give", "cells": [cell], "territory": "world", "method": "oral"} | given


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.EDITOR, True),
        (Role.EVALUATOR, True),
        (Role.CUSTODIAN, True),
        (Role.ADMINISTRATOR, False),
        (Role.INTEGRATION, False),
    ],
)
def test_who_sees_witnesses_of_others(
    client_for: ClientFor, make: Make, witness: Witness, role: Role, seen: bool
) -> None:
    client = client_for(make.account(role=role))
    assert client.get(f"{URL}/{witness.id}").status_code == (200 if seen else 404)
    assert [w["id"] for w in client.get(URL).json()["items"]] == [str(witness.id)] * seen


def test_the_list_is_filtered(as_animator: TestClient, make: Make, workshop: Workshop) -> None:
    var, marseille = make.territory("83"), make.territory("13055")
    tutor = make.witness(workshop=workshop, sector="construction", territory_id=marseille.id)
    young = make.witness(workshop=workshop, role="young_person", territory_id=make.territory().id)
    elsewhere = make.workshop(
        scheme_id=make.scheme().id,
        place=make.place(organization=make.account().organization),
        partner_organization_id=workshop.owner_organization_id,
    )
    filmed = make.witness(workshop=elsewhere, created_at=now() + timedelta(minutes=1))
    make.witness()  # of another organization

    def listed(query: str) -> list[str]:
        return [item["id"] for item in as_animator.get(f"{URL}?{query}").json()["items"]]

    assert listed("") == [str(w.id) for w in (filmed, young, tutor)]
    assert listed("limit=1") == [str(filmed.id)]
    assert listed("role=young_person&role=employer") == [str(young.id)]
    assert listed("sector=construction") == [str(tutor.id)]
    assert listed(f"territory_id={var.id}") == [str(young.id)]
    assert listed(f"workshop_id={elsewhere.id}") == [str(filmed.id)]
    assert listed(f"scheme_id={elsewhere.scheme_id}") == [str(filmed.id)]
    later = (now() + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    assert listed(f"updated_since={later}") == []
    assert as_animator.get(f"{URL}?name=x").status_code == 422


# Disclosure


@pytest.fixture
def known(as_animator: TestClient, payload: dict[str, Any]) -> str:
    """The address of a witness whose name is in the vault."""
    return as_animator.post(URL, json=payload).headers["location"]


@pytest.fixture
def as_logged_in(client_for: ClientFor, make: Make) -> Callable[..., TestClient]:
    """A client of this account, which typed its password so long ago."""

    def logged_in(account: Account, ago: timedelta = timedelta()) -> TestClient:
        client = client_for(None)
        token = make.session(account, created_at=now() - ago)
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    return logged_in


def test_an_identity_is_disclosed_for_a_reason_and_recorded_once(
    as_logged_in: Callable[..., TestClient], animator: Account, known: str, db: Session
) -> None:
    response = as_logged_in(animator).post(f"{known}/disclosures", json=REASON)

    assert response.status_code == 201
    shown = response.json()
    assert str(shown.pop("witness_id")) in known
    assert shown == IDENTITY | {"phone": "+33612345678", "guardians": []}
    assert response.headers["cache-control"] == "no-store"
    record = db.scalars(select(Disclosure)).one()
    assert (record.by_id, record.by_role) == (animator.id, "animator")
    assert record.reason == REASON["reason"]
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "identity.disclosed")).one()
    assert (event.actor_id, event.subject_id) == (animator.id, record.witness_id)
    assert not AS_A_RULE & set(str(event.facts).split())


def test_a_retry_of_a_disclosure_is_another_one(
    as_logged_in: Callable[..., TestClient], animator: Account, known: str, db: Session
) -> None:
    client, key = as_logged_in(animator), {"Idempotency-Key": str(uuid4())}
    for count in (1, 2):
        response = client.post(f"{known}/disclosures", json=REASON, headers=key)
        assert response.status_code == 201
        assert "idempotency-replayed" not in response.headers
        assert db.scalar(select(func.count()).select_from(Disclosure)) == count
        db.rollback()
    assert db.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


@pytest.mark.parametrize(
    "ago", [timedelta(minutes=9, seconds=50), timedelta(minutes=10, seconds=1)]
)
def test_it_asks_for_a_login_of_the_last_ten_minutes(
    as_logged_in: Callable[..., TestClient],
    animator: Account,
    known: str,
    db: Session,
    ago: timedelta,
) -> None:
    response = as_logged_in(animator, ago).post(f"{known}/disclosures", json=REASON)
    if ago < timedelta(minutes=10):
        assert response.status_code == 201
    else:
        assert response.status_code == 403
        assert response.json()["type"] == "/problems/fresh-login-needed"
        assert db.scalar(select(func.count()).select_from(Disclosure)) == 0


def test_a_token_is_no_login(as_animator: TestClient, known: str) -> None:
    response = as_animator.post(f"{known}/disclosures", json=REASON)
    assert response.json()["type"] == "/problems/fresh-login-needed"


@pytest.mark.parametrize("wrong", [{}, {"reason": ""}, {"reason": "  "}, {"reason": None}])
def test_it_asks_for_a_reason(
    as_logged_in: Callable[..., TestClient], animator: Account, known: str, wrong: dict[str, Any]
) -> None:
    response = as_logged_in(animator).post(f"{known}/disclosures", json=wrong)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/reason"


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.CUSTODIAN, 201),
        (Role.EDITOR, 403),
        (Role.EVALUATOR, 403),
        (Role.ADMINISTRATOR, 404),
        (Role.ANIMATOR, 404),
    ],
)
def test_who_else_may_know(
    as_logged_in: Callable[..., TestClient], make: Make, known: str, role: Role, status: int
) -> None:
    client = as_logged_in(make.account(role=role))
    assert client.post(f"{known}/disclosures", json=REASON).status_code == status


def test_of_whom_nobody_knows_the_name_nothing_is_disclosed(
    as_logged_in: Callable[..., TestClient], animator: Account, witness: Witness, db: Session
) -> None:
    response = as_logged_in(animator).post(f"{URL}/{witness.id}/disclosures", json=REASON)
    assert response.status_code == 404
    assert db.scalar(select(func.count()).select_from(Disclosure)) == 0


def test_there_is_no_list_of_identities(as_custodian: TestClient, known: str) -> None:
    assert as_custodian.get(f"{known}/disclosures").status_code == 405
    assert as_custodian.get(f"{known}/identity").status_code == 404
