"""A right code always opens; wrong ones stop being tried; a session ends."""

from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from app.audit.models import AuditEvent
from app.core.edge import Edge
from app.core.logs import redact
from app.core.models import now
from app.core.settings import settings
from app.receipts import sessions
from app.receipts.models import ReceiptSession
from app.witnesses.codes import ALPHABET, new_receipt_code, receipt_hash
from app.witnesses.models import Witness
from tests.make import Make
from tests.receipts.conftest import RECEIPT, SESSIONS, Kept


def from_address(app: FastAPI, address: str) -> TestClient:
    return TestClient(Edge(app, settings()), client=(address, 50_000))


def test_a_code_opens_a_session(as_anonymous: TestClient, kept: Kept, db: Session) -> None:
    answer = as_anonymous.post(SESSIONS, json={"code": kept.code})
    assert answer.status_code == 201
    assert answer.json().keys() == {"token", "expires_at"}
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["token"]
    assert token.startswith("r_")
    assert len(token) == 45  # 256 bits
    session = db.scalars(select(ReceiptSession)).one()
    assert token not in (session.fingerprint, str(vars(session)))
    shown = as_anonymous.get(RECEIPT, headers={"Authorization": f"Bearer {token}"})
    assert shown.json()["pseudonym"] == kept.witness.pseudonym
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "receipt.opened")).one()
    assert (event.actor_kind, event.actor_id) == ("receipt", kept.witness.id)
    assert event.facts == {}


def test_a_code_has_120_bits_and_only_its_hash_is_kept(kept: Kept, db: Session) -> None:
    symbols = kept.code.replace("-", "")
    assert len(symbols) * (len(ALPHABET).bit_length() - 1) == 120
    assert len({new_receipt_code() for _ in range(1000)}) == 1000
    witness = db.get_one(Witness, kept.witness.id)
    assert kept.code not in str(vars(witness))
    assert symbols not in str(vars(witness))


@pytest.mark.parametrize(
    "typed",
    [
        "7gq2-m0xk-9t4v-b1c3-d5e6-f7h8",
        " 7GQ2M0XK9T4VB1C3D5E6F7H8 ",
        "7GQ2 MOXK 9T4V BIC3 D5E6 F7H8",
        "7gq2.moxk.9t4v.blc3.d5e6.f7h8",
        "7GQ2\u2013M0XK\u00a09T4V_B1C3/D5E6\tF7H8".replace("\t", " "),
    ],
)
def test_codes_are_read_as_people_type_them(
    as_anonymous: TestClient, make: Make, typed: str
) -> None:
    make.witness(receipt_hash=receipt_hash("7GQ2-M0XK-9T4V-B1C3-D5E6-F7H8"))
    assert as_anonymous.post(SESSIONS, json={"code": typed}).status_code == 201


def test_a_wrong_code_is_told_so(as_anonymous: TestClient) -> None:
    answer = as_anonymous.post(SESSIONS, json={"code": new_receipt_code()})
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/invalid-receipt-code"


def test_five_wrong_codes_from_one_address_are_enough(
    app: FastAPI, kept: Kept, db: Session
) -> None:
    here, elsewhere = from_address(app, "10.0.0.1"), from_address(app, "10.0.0.2")
    wrong = {"code": new_receipt_code()}
    assert [here.post(SESSIONS, json=wrong).status_code for _ in range(6)] == [401] * 5 + [429]
    late = here.post(SESSIONS, json=wrong)
    assert late.json()["type"] == "/problems/rate-limited"
    assert 800 < int(late.headers["retry-after"]) <= 900
    assert elsewhere.post(SESSIONS, json=wrong).status_code == 401
    for client in (here, elsewhere):
        assert client.post(SESSIONS, json={"code": kept.code}).status_code == 201
    reached = select(AuditEvent).where(AuditEvent.action == "receipt.limit-reached")
    (event,) = db.scalars(reached)
    assert (event.actor_kind, event.actor_id) == ("receipt", None)
    assert event.facts == {"whose": "address"}


def test_50_wrong_codes_from_rotating_addresses_stop_being_tried_and_the_right_one_works(
    app: FastAPI, kept: Kept, db: Session
) -> None:
    codes = [
        from_address(app, f"10.1.{n // 5}.{n % 5}").post(SESSIONS, json={"code": f"A{n}"})
        for n in range(60)
    ]
    assert [answer.status_code for answer in codes] == [401] * 50 + [429] * 10
    assert all(int(answer.headers["retry-after"]) > 0 for answer in codes[50:])
    for address in ("10.1.0.0", "10.9.9.9"):
        answer = from_address(app, address).post(SESSIONS, json={"code": kept.code})
        assert answer.status_code == 201
    facts = db.scalars(select(AuditEvent.facts).where(AuditEvent.actor_id.is_(None)))
    assert [fact for fact in facts if fact == {"whose": "all"}] == [{"whose": "all"}]


def test_codes_may_be_tried_again_later(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    here, wrong = from_address(app, "10.0.0.1"), {"code": "NOTHING"}
    for _ in range(6):
        late = here.post(SESSIONS, json=wrong)
    assert late.status_code == 429
    later = now() + timedelta(minutes=16)
    monkeypatch.setattr("app.accounts.tries.now", lambda: later)
    assert here.post(SESSIONS, json=wrong).status_code == 401


def test_a_session_ends_after_five_idle_minutes(
    as_anonymous: TestClient, kept: Kept, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {make.receipt(kept.witness)}"}
    begun = now()
    for minutes in (3, 6, 9):  # somebody is there
        monkeypatch.setattr(sessions, "now", lambda m=minutes: begun + timedelta(minutes=m))
        assert as_anonymous.get(RECEIPT, headers=headers).status_code == 200
    monkeypatch.setattr(sessions, "now", lambda: begun + timedelta(minutes=14, seconds=1))
    for method, path in (("GET", RECEIPT), ("DELETE", f"{SESSIONS}/current")):
        answer = as_anonymous.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/not-authenticated"


def test_a_session_ends_after_an_hour_in_any_case(
    as_anonymous: TestClient, kept: Kept, make: Make
) -> None:
    token = make.receipt(kept.witness, expires_at=now() - timedelta(seconds=1))
    headers = {"Authorization": f"Bearer {token}"}
    assert as_anonymous.get(RECEIPT, headers=headers).status_code == 401
    opened = as_anonymous.post(SESSIONS, json={"code": kept.code}).json()
    left = datetime.fromisoformat(opened["expires_at"]) - now()
    assert timedelta(minutes=59) < left <= timedelta(minutes=60)


def test_being_there_is_written_at_most_every_20_seconds(
    as_anonymous: TestClient, kept: Kept, make: Make, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {make.receipt(kept.witness)}"}
    seen = select(func.max(ReceiptSession.seen_at))
    first, begun = db.scalar(seen), now()
    for seconds, is_written in ((10, False), (21, True), (35, False)):
        db.rollback()
        before = db.scalar(seen)
        monkeypatch.setattr(sessions, "now", lambda s=seconds: begun + timedelta(seconds=s))
        assert as_anonymous.get(RECEIPT, headers=headers).status_code == 200
        db.rollback()
        assert (db.scalar(seen) != before) == is_written
    assert first


def test_leaving_ends_this_session_and_no_other(
    as_anonymous: TestClient, kept: Kept, make: Make
) -> None:
    here, there = ({"Authorization": f"Bearer {make.receipt(kept.witness)}"} for _ in range(2))
    assert as_anonymous.delete(f"{SESSIONS}/current", headers=here).status_code == 204
    assert as_anonymous.get(RECEIPT, headers=here).status_code == 401
    assert as_anonymous.get(RECEIPT, headers=there).status_code == 200


def test_neither_codes_nor_tokens_are_logged(as_anonymous: TestClient, kept: Kept) -> None:
    with capture_logs() as lines:
        opened = as_anonymous.post(SESSIONS, json={"code": kept.code})
        as_anonymous.post(SESSIONS, json={"code": "7GQ2-M0XK-NOPE"})
        headers = {"Authorization": f"Bearer {opened.json()['token']}"}
        as_anonymous.get(RECEIPT, headers=headers)
    assert len(lines) == 3
    for secret in (kept.code, "7GQ2", opened.json()["token"]):
        assert secret not in str(lines)


def test_what_is_logged_by_mistake_is_hidden(kept: Kept, make: Make) -> None:
    told = f"typed {kept.code.lower()} got {make.receipt(kept.witness)}-0123456789."
    hidden = redact(None, "info", {"event": told})["event"]
    assert kept.code.lower() not in hidden
    assert "receipt-" not in hidden
