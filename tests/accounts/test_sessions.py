"""Logging in and out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.authentication import fingerprint
from app.accounts.models import Account, LoginSession, Tries
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.edge import Edge
from app.core.models import now
from app.core.settings import settings
from app.main import create_app
from tests.accounts.conftest import HASH, PASSWORD, SESSIONS, LogIn, Spy
from tests.conftest import ClientFor
from tests.make import Make

ME = "/api/v1/me"
AsBearer = Callable[[str], TestClient]


def test_who_logs_in_is_told_a_token_once(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account, db: Session
) -> None:
    response = log_in()
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["location"] == f"{SESSIONS}/current"
    opened = response.json()
    expires_in = datetime.fromisoformat(opened["expires_at"]) - now()
    assert timedelta(hours=11, minutes=59) < expires_in <= timedelta(hours=12)

    me = as_bearer(opened["token"]).get(ME)
    assert me.json() == opened["account"]
    assert me.json()["permissions"] == [
        "assess",
        "disclose_identity",
        "hear_witnesses",
        "read_consent_proof",
        "run_workshops",
        "study",
        "tell_witnesses",
        "withdraw",
        "write_testimonies",
    ]
    assert "password" not in response.text.lower()

    kept = db.scalars(select(LoginSession)).one()
    assert kept.fingerprint == fingerprint(opened["token"])
    assert len(opened["token"]) >= 43  # 256 bits
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "session.opened")).one()
    assert (event.actor_id, event.subject_id) == (berthe.id, berthe.id)


def test_the_address_is_written_in_any_case(log_in: LogIn, berthe: Account) -> None:
    assert log_in("Berthe@Example.ORG").status_code == 201


def test_no_answer_tells_whether_an_account_exists(
    log_in: LogIn, make: Make, berthe: Account, spy: Spy
) -> None:
    make.account(email="passwordless@example.org")
    suspended = {"suspended_at": now(), "suspended_by_id": berthe.id}
    make.account(email="suspended@example.org", password_hash=HASH, **suspended)
    make.account(email="broken@example.org", password_hash="not a hash")

    answers = []
    for email, password in (
        ("berthe@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        ("passwordless@example.org", PASSWORD),
        ("suspended@example.org", PASSWORD),
    ):
        before = spy.verified
        response = log_in(email, password)
        assert spy.verified == before + 1, f"{email} takes another time"
        answers.append((response.status_code, response.json() | {"request_id": ""}))
    assert answers == [answers[0]] * len(answers)
    assert answers[0][0] == 401
    assert answers[0][1]["type"] == "/problems/invalid-credentials"


def test_logging_out_ends_this_session_only(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account
) -> None:
    one, other = (as_bearer(log_in().json()["token"]) for _ in range(2))
    assert one.delete(f"{SESSIONS}/current").status_code == 204
    assert one.get(ME).status_code == 401
    assert one.delete(f"{SESSIONS}/current").status_code == 401
    assert other.get(ME).status_code == 200


def test_a_session_ends_by_itself(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account, database: Database
) -> None:
    client = as_bearer(log_in().json()["token"])
    with database.write.begin() as db:
        db.execute(update(LoginSession).values(expires_at=now()))
    assert client.get(ME).status_code == 401
    log_in()
    with database.read() as db:
        assert len(db.scalars(select(LoginSession)).all()) == 1  # the other is forgotten


def test_a_session_token_is_no_api_token_and_the_other_way_round(
    log_in: LogIn, as_bearer: AsBearer, make: Make, berthe: Account
) -> None:
    session, token = log_in().json()["token"], make.token(berthe)
    assert as_bearer(token.replace("t_", "s_", 1)).get(ME).status_code == 401
    assert as_bearer(session.replace("s_", "t_", 1)).get(ME).status_code == 401


@pytest.mark.parametrize(
    "payload",
    [{}, {"email": "a@example.org"}, {"email": 1, "password": "a"}, {"email": "a", "password": ""}],
)
def test_what_is_no_login_is_refused(as_anonymous: TestClient, payload: Any) -> None:
    assert as_anonymous.post(SESSIONS, json=payload).status_code == 422


# Limits


def test_five_tries_a_minute_whichever_process_answers(database: Database, berthe: Account) -> None:
    processes = [TestClient(Edge(create_app(database), settings())) for _ in range(2)]
    wrong = {"email": "berthe@example.org", "password": "wrong"}
    for number in range(5):
        assert processes[number % 2].post(SESSIONS, json=wrong).status_code == 401
    for process in processes:
        for password in ("wrong", PASSWORD):
            response = process.post(SESSIONS, json=wrong | {"password": password})
            assert response.status_code == 429
            assert response.json()["type"] == "/problems/rate-limited"
            assert 1 <= int(response.headers["retry-after"]) <= 60
    assert processes[0].post(SESSIONS, json=wrong | {"email": "o@example.org"}).status_code == 401


def test_tries_at_once_are_counted_one_by_one(log_in: LogIn, berthe: Account) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = sorted(threads.map(lambda _: log_in(password="wrong").status_code, range(12)))
    assert answers == [401] * 5 + [429] * 7


def test_after_a_minute_one_may_try_again(
    log_in: LogIn, berthe: Account, database: Database
) -> None:
    for _ in range(6):
        refused = log_in(password="wrong")
    assert refused.status_code == 429
    with database.write.begin() as db:
        db.execute(update(Tries).values(expires_at=now()))
    assert log_in().status_code == 201


def test_who_logs_in_is_not_counted(log_in: LogIn, berthe: Account) -> None:
    for _ in range(2):
        assert [log_in(password="wrong").status_code for _ in range(4)] == [401] * 4
        assert log_in().status_code == 201


def test_tries_tell_nobody_who_tried(log_in: LogIn, berthe: Account, db: Session) -> None:
    log_in(password="wrong")
    [tries] = db.scalars(select(Tries))
    assert len(tries.key) == 64
    assert "berthe" not in tries.key


# Suspended


def test_a_suspended_account_is_nobody_until_it_is_restored(
    log_in: LogIn,
    as_bearer: AsBearer,
    client_for: ClientFor,
    as_administrator: TestClient,
    berthe: Account,
) -> None:
    clients = [as_bearer(log_in().json()["token"]), client_for(berthe)]
    url = f"/api/v1/accounts/{berthe.id}/suspension"
    for _ in range(2):
        assert as_administrator.put(url).status_code == 204
    assert [client.get(ME).status_code for client in clients] == [401, 401]
    assert log_in().status_code == 401
    for _ in range(2):
        assert as_administrator.delete(url).status_code == 204
    assert [client.get(ME).status_code for client in clients] == [200, 200]
    assert log_in().status_code == 201


# One's own password


def change(client: TestClient, current: str, new: str = "another horse battery") -> int:
    response = client.put("/api/v1/me/password", json={"current": current, "new": new})
    return response.status_code


def test_a_new_password_ends_the_other_sessions(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account, db: Session
) -> None:
    here, elsewhere = (as_bearer(log_in().json()["token"]) for _ in range(2))
    assert change(here, PASSWORD) == 204
    assert here.get(ME).status_code == 200
    assert elsewhere.get(ME).status_code == 401
    assert log_in().status_code == 401
    assert log_in(password="another horse battery").status_code == 201
    changed = AuditEvent.action == "account.password-changed"
    assert db.scalars(select(AuditEvent.actor_id).where(changed)).all() == [berthe.id]


def test_who_found_a_session_open_does_not_find_the_password(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account, db: Session
) -> None:
    client = as_bearer(log_in().json()["token"])
    assert [change(client, f"guess {number}") for number in range(5)] == [401] * 5
    assert change(client, PASSWORD) == 429
    assert client.get(ME).status_code == 200
    refused = AuditEvent.action == "password.refused"
    assert db.scalars(select(AuditEvent.actor_id).where(refused)).all() == [berthe.id] * 5


@pytest.mark.parametrize("new", ["too short", "", "a" * 201, "a\x00" * 12, 12])
def test_a_password_has_12_to_200_characters(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account, new: Any
) -> None:
    assert change(as_bearer(log_in().json()["token"]), PASSWORD, new) == 422


def test_a_password_is_kept_as_argon2id(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account, database: Database
) -> None:
    change(as_bearer(log_in().json()["token"]), PASSWORD)
    with database.read() as db:
        kept = db.scalar(select(Account.password_hash).where(Account.id == berthe.id))
    assert str(kept).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != HASH


# What is recorded


def test_logging_out_and_a_refused_login_are_recorded(
    log_in: LogIn, as_bearer: AsBearer, berthe: Account, db: Session
) -> None:
    log_in(password="wrong")
    log_in("nobody@example.org")
    as_bearer(log_in().json()["token"]).delete(f"{SESSIONS}/current")
    events = db.scalars(select(AuditEvent).order_by(AuditEvent.created_at)).all()
    assert [(event.action, event.subject_id, event.actor_id) for event in events] == [
        ("login.refused", berthe.id, None),
        ("session.opened", berthe.id, berthe.id),
        ("session.closed", berthe.id, berthe.id),
    ]
    assert events[0].facts == {}
