"""Everybody who may call the API, every operation of it, and one word for what comes of it.

`yes`: done, or refused for what is asked and not for who asks. `no`: 403. `unseen`: 404.
`who`: 401. The words of every pair are kept in `roles.json`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session, object_session

from app.accounts.authentication import fingerprint
from app.accounts.models import Account, ApiToken
from app.accounts.passwords import hash_password
from app.accounts.permissions import Role
from app.audiences.models import Contact
from app.audit.models import CaseReading
from app.calls.case import X_REASON
from app.core.db import Database
from app.core.models import Base, now
from app.core.problems import Conflict
from app.releases.addresses import address
from app.releases.models import ReleaseItem
from app.remarks.models import Remark
from app.transcripts.models import Transcription
from app.witnesses.codes import new_receipt_code, receipt_hash
from app.witnesses.models import Notice
from app.witnesses.vault import encrypt, seal
from tests.conftest import ClientFor
from tests.document import Operation, example, operations
from tests.make import Make
from tests.withdrawals.world import API, AUDIENCE, FORM, INSIDE, World, build

KEPT = Path(__file__).with_name("roles.json")
CALLERS = (
    *("animator at home", "animator elsewhere", "filming partner", "editor", "evaluator"),
    *("custodian", "custodian on a case", "administrator", "integration at home"),
    *("witness", "another witness", "recipient", "anybody"),
    *("expired session", "revoked token", "suspended account"),
)
STATUSES = {
    "yes": {200, 201, 202, 204, 206, 303, 304, 409, 410, 412, 415, 422},
    "no": {403},
    "unseen": {404},
    "who": {401},
}
WORDS = {status: word for word, statuses in STATUSES.items() for status in statuses}
FILE = "clip-1000-2000.mp4"
NAMES = {  # of what `name` is in these addresses; elsewhere of a file of a recording
    "/api/v1/vocabularies/": "methods",
    "/api/v1/releases/{release_id}/items/": FILE,
    "/api/v1/releases/{release_id}/files/": "page.html",
    "/api/v1/shared/": "page.html",
}
TUS = {"Tus-Resumable": "1.0.0", "X-HTTP-Method-Override": "PATCH"}
TRACES = {"audit_events", "case_readings"}  # what a custodian on a case leaves
PASSWORD = "une phrase de passe"

Table = dict[str, dict[str, str]]


def title(operation: Operation) -> str:
    """How its row is called."""
    return f"{operation.method.upper()} {operation.path.removeprefix(API)}"


def word_of(answer: httpx2.Response) -> str:
    """Whether whoever asked may, in one word."""
    assert answer.status_code in WORDS, (answer.request.url, answer.status_code, answer.text)
    return WORDS[answer.status_code]


@dataclass
class Town:
    """A world, the ids of all that is in it, and who lives there, by the headers that they send."""

    world: World
    ids: dict[str, Any]
    headers: dict[str, dict[str, str]]
    signed: dict[str, str]

    def ask(
        self, operation: Operation, caller: str, url: str = "", **request: Any
    ) -> httpx2.Response:
        """What this caller is answered; what is done is never committed."""
        if operation.body and "json" not in request:
            request["json"] = self.body(operation)
        if operation.id == "media_receive":
            request["files"] = {"file": ("a.txt", b"text", "text/plain")}
        spoken = TUS if operation.path.startswith(f"{API}/uploads") else {}
        sent: dict[str, Any] = {
            "url": url or self.url(operation),
            "params": self.query(operation),
            "headers": self.headers[caller] | spoken,
        }
        client = self.world.anybody
        client.cookies.clear()
        if operation.method == "get":
            return client.get(**sent)
        with nothing_is_committed(self.world.database):
            return client.request(operation.method.upper(), **sent, **request)

    def url(self, operation: Operation, **other: Any) -> str:
        name = next((name for start, name in NAMES.items() if operation.path.startswith(start)), "")
        filmed = {"excerpt_id": self.ids["passage_id"]} if operation.path.endswith("/clip") else {}
        return operation.url(**self.ids | {"name": name or "web.mp4"} | filmed | other)

    def query(self, operation: Operation) -> dict[str, str]:
        asked = {parameter["name"] for parameter in operation.parameters("query")}
        known = {"purpose": "une étude"}
        if "{item_id}" in operation.path:
            known |= self.signed
        return {name: value for name, value in known.items() if name in asked}

    def body(self, operation: Operation) -> Any:
        """A body that passes, about what there is."""
        schema = operation.body or {}
        made = example(schema)
        if isinstance(made, list):
            return made
        known: dict[str, Any] = {
            name: str(value) for name, value in self.ids.items() if name.endswith("_id")
        }
        known |= {"witness_ids": [known["witness_id"]], "method": "video"}
        known |= {"audience": AUDIENCE, "form": FORM, "reason": "une demande de la personne"}
        members = {name: value for name, value in known.items() if name in made}
        return made | members | self.said.get(operation.id, {})

    @property
    def said(self) -> dict[str, dict[str, Any]]:
        """What only these operations ask."""
        filmed = {"partner_organization_id": str(self.ids["partner"])}
        cell = dict(zip(("medium", "audience", "form", "purpose"), INSIDE, strict=True))
        return {
            "sessions_log_in": {"email": self.ids["email"], "password": PASSWORD},
            "sessions_change_my_password": {"current": PASSWORD},
            "receipt_open_session": {"code": self.ids["receipt_code"]},
            "workshops_plan": filmed,
            "workshops_change": filmed,
            "witnesses_register": {"role": "tutor", "workshop_id": str(self.ids["workshop_id"])},
            "consents_note_consent": {"cells": [cell], "method": "paper"},
        }

    def words(self) -> Table:
        """One word for every operation and caller."""
        return {
            title(operation): {caller: word_of(self.ask(operation, caller)) for caller in CALLERS}
            for operation in operations()
        }


@contextmanager
def nothing_is_committed(database: Database) -> Iterator[None]:
    """Every deed comes to its end, and is undone: what would be done is answered 409.

    Only that a custodian is on a case is kept, for it is before the deed.
    """

    def note(_: Any, __: Any, reading: CaseReading) -> None:
        session = object_session(reading)
        assert session
        session.info["on a case"] = True

    def fail(session: Session) -> None:
        if "on a case" not in session.info:
            raise Conflict

    event.listen(CaseReading, "after_insert", note)
    event.listen(database.write, "before_commit", fail)
    try:
        yield
    finally:
        event.remove(database.write, "before_commit", fail)
        event.remove(CaseReading, "after_insert", note)


def settle(make: Make, database: Database, client_for: ClientFor) -> Town:
    """Somebody of every kind, in a world where there is something of every kind."""
    partner = make.account(role=Role.ANIMATOR)
    world = build(make, database, client_for, partner.organization)
    ids = _ids(world, client_for) | {"partner": partner.organization_id}
    with make.sessions.begin() as db:
        db.add(seal(world.witness.id, {"given_name": "Awa", "family_name": "Essai"}))
        contact = Contact(decision_maker_id=ids["decision_maker_id"])
        encrypt(contact, {"contact": "Secrétariat"})
        db.add(contact)
        item = db.scalars(select(ReleaseItem).where(ReleaseItem.file_id.is_not(None))).one()
        about = {"media_id": world.media.id, "language": "fr"}
        db.add(Transcription(**about, asked_by_id=world.account.id, asked_at=now()))
        signed = dict(httpx2.URL(address(item.release_id, item.item_id, FILE, None)).params)
        ids |= {"item_id": item.item_id, "release_item_id": item.id}
    tokens = _tokens(world, partner)
    headers = {caller: {"Authorization": f"Bearer {token}"} for caller, token in tokens.items()}
    headers["anybody"] = {}
    headers["custodian on a case"] = headers["custodian"] | {X_REASON: "Une plainte"}
    assert headers.keys() == set(CALLERS)
    return Town(world, ids, headers, signed)


def _tokens(world: World, partner: Account) -> dict[str, str]:
    make, home = world.make, world.account.organization
    revoked = make.token(world.account)
    with make.sessions.begin() as db:
        db.delete(db.scalars(select(ApiToken).filter_by(fingerprint=fingerprint(revoked))).one())
    by = {"suspended_at": now(), "suspended_by_id": world.account.id}
    suspended = make.account(organization=home, **by)
    roles = {role: make.session(make.account(role=role)) for role in Role}
    with make.sessions() as db:
        remark = db.get_one(Remark, UUID(world.remark_id))
        author = db.get_one(Account, remark.by_id)
    roles[Role.EVALUATOR] = make.session(author)
    return {
        **{str(role): token for role, token in roles.items() if str(role) in CALLERS},
        "animator at home": make.session(world.account),
        "animator elsewhere": roles[Role.ANIMATOR],
        "filming partner": make.session(partner),
        "integration at home": make.token(make.account(role=Role.INTEGRATION, organization=home)),
        "witness": make.receipt(world.witness),
        "another witness": make.receipt(world.other),
        "recipient": world.token,
        "expired session": make.session(world.account, expires_at=now() - timedelta(seconds=1)),
        "revoked token": revoked,
        "suspended account": make.session(suspended),
    }


def _ids(world: World, client_for: ClientFor) -> dict[str, Any]:
    """By the name of their path parameter. Somebody took their words back, and they are held."""
    make, home, workshop = world.make, world.account.organization, world.workshop
    code = new_receipt_code()
    young = {"role": "young_person", "birth_year": now().year - 17}
    gone = make.witness(workshop=workshop, receipt_hash=receipt_hash(code), **young)
    group = make.group(organization=home)
    decision_maker = make.decision_maker(audience=AUDIENCE)
    named = make.account(organization=home, password_hash=hash_password(PASSWORD))
    asked = {"witness_id": str(gone.id), "reason": "Une plainte"}
    hold = world.custodian.post(f"{API}/legal-holds", json=asked)
    assert hold.status_code == 201, hold.text
    guardian = world.animator.post(f"{API}/witnesses/{gone.id}/guardians", json={})
    assert guardian.status_code == 201, guardian.text
    as_named = client_for(world.account)
    token = as_named.post(f"{API}/api-tokens", json={"name": "essai"}).json()
    with make.sessions() as db:
        notice = db.scalars(select(Notice).where(Notice.language == "fr")).one()
    withdrawal = world.take_back(witness_id=str(gone.id), all=True)
    return {
        "account_id": named.id,
        "email": named.email,
        "receipt_code": code,
        "token_id": token["id"],
        "organization_id": home.id,
        "scheme_id": workshop.scheme_id,
        "code": "video",
        "territory_id": make.territory().id,
        "place_id": workshop.place_id,
        "workshop_id": workshop.id,
        "witness_id": world.witness.id,
        "notice_id": notice.id,
        "group_id": group.id,
        "member_id": make.member(group, witness=world.other).id,
        "protocol_id": make.protocol(group, adopted_at=None).id,
        "theme_id": make.theme().id,
        "decision_maker_id": decision_maker.id,
        "expectation_id": make.expectation(decision_maker_id=decision_maker.id).id,
        "testimony_id": world.testimony.id,
        "excerpt_id": world.excerpts[0].id,
        "passage_id": next(e.id for e in world.excerpts if e.media_id),
        "media_id": world.media.id,
        "upload_id": make.upload(world.account).id,
        "transcript_id": world.transcript.id,
        "bundle_id": world.bundle_id,
        "release_id": world.release_id,
        "delivery_id": world.delivery_id,
        "remark_id": world.remark_id,
        "annotation_id": world.annotation_id,
        "reaction_id": world.reaction_id,
        "mobilization_id": make.mobilization(delivery_id=UUID(world.delivery_id)).id,
        "proposition_id": world.proposition_id,
        "token": world.token,
        "withdrawal_id": withdrawal["id"],
        "hold_id": hold.json()["id"],
        "kind": "excerpt",
        "traced_id": world.excerpts[0].id,
        "figures_id": make.figures().id,
        "dataset": "testimonies",
        "format": "csv",
    }


# The kept table


def read_kept() -> Table:
    kept = json.loads(KEPT.read_text())
    return {
        row: dict(zip(kept["callers"], words.split(), strict=True))
        for row, words in kept["operations"].items()
    }


def keep(table: Table) -> None:
    """Write the table anew: a line for each operation, a column for each caller."""
    longest = max(map(len, table)) + 3
    lines = [
        f"    {json.dumps(row) + ':':{longest}} "
        + json.dumps(" ".join(f"{words[caller]:6}" for caller in CALLERS).rstrip())
        for row, words in table.items()
    ]
    text = ",\n".join(lines)
    callers = json.dumps(CALLERS)
    KEPT.write_text(f'{{\n  "callers": {callers},\n  "operations": {{\n{text}\n  }}\n}}\n')


def count_rows(database: Database) -> dict[str, int]:
    with database.read() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }
