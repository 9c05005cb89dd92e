"""Who somebody is, and what opens doors, is met by nobody else: rows, files, logs, answers.

A canary stands in every private field; every role reads everything and makes mistakes; then all
that was kept, logged and answered is searched.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.accounts.passwords import hash_password
from app.accounts.permissions import GRANTS, Permission, Role
from app.audit.models import AuditEvent
from app.calls.models import IdempotencyKey
from app.core.db import Database
from app.core.edge import Edge
from app.core.models import Base, now
from app.core.settings import settings
from app.jobs.models import Job
from app.jobs.runner import Worker
from app.jobs.service import HANDLERS, Handler, enqueue
from app.witnesses.models import Witness
from app.workshops import service as workshops
from tests.logs import captured
from tests.withdrawals.conftest import world
from tests.withdrawals.walk import addresses
from tests.withdrawals.world import API, World, bytes_of_database, bytes_of_storage

__all__ = ["world"]

WITNESS = {
    "given_name": "Zaphirine-canari",
    "family_name": "Ouzoulias-canari",
    "email": "zaphirine.canari@example.org",
    "phone": "+33698760123",
}
GUARDIAN = {
    "given_name": "Hermangarde-canari",
    "family_name": "Quillivic-canari",
    "email": "hermangarde.canari@example.org",
    "phone": "+33698764567",
}
PASSWORD, NEW_PASSWORD = "sarbacane-canari-une", "sarbacane-canari-deux"
WRONG_PASSWORD, PASSCODE = "sarbacane-canari-fausse", "guimauve-canari"
REASON, NOTE, CASE = "raison-canari-une", "remarque-canari", "motif-canari-deux"
IN_AN_ERROR, BREAKS = "turlutaine-canari", 6


@dataclass
class Answer:
    """What somebody was answered."""

    who: str
    asked: str
    content: str


@dataclass
class House:
    """Whoever calls, and all they were answered."""

    app: FastAPI
    log: StringIO
    answers: list[Answer] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def listen(self, who: str, client: TestClient) -> TestClient:
        client.event_hooks = {"response": [partial(self._keep, who)]}
        return client

    def _keep(self, who: str, response: Any) -> None:
        response.read()
        asked = f"{response.request.method} {response.request.url.raw_path.decode()}"
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self.answers.append(Answer(who, asked, f"{headers}\n{response.text}"))

    def somebody(self, who: str) -> TestClient:
        return self.listen(who, TestClient(Edge(self.app, settings())))

    def break_(self, client: TestClient, method: str, url: str, **what: Any) -> None:
        """Ask what breaks, and log it as the server does."""
        with pytest.raises(Exception) as broken:  # noqa: PT011 - whatever it is
            client.request(method, url, **what)
        logging.getLogger("uvicorn.error").error(
            "Exception in ASGI application\n", exc_info=broken.value
        )

    def met(self, word: str, *entitled: str) -> list[str]:
        """Who was answered this word, but for what these are told by: `who METHOD address`."""
        return [
            f"{answer.who} {answer.asked}"
            for answer in self.answers
            if word in answer.content
            and not any(f"{answer.who} {answer.asked}".startswith(told) for told in entitled)
        ]


@pytest.fixture
def house(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with captured(monkeypatch, "debug") as log:
        yield House(app, log)


def logged_in(house: House, world: World, who: str, role: Role) -> TestClient:
    """Somebody of this role at the animator's, who gave their password."""
    make, home = world.make, world.account.organization
    hashed = hash_password(PASSWORD)
    account = make.account(role=role, organization=home, password_hash=hashed)
    client = house.somebody(who)
    opened = client.post(f"{API}/sessions", json={"email": account.email, "password": PASSWORD})
    assert opened.status_code == 201, opened.text
    house.secrets[f"session of {who}"] = token = opened.json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def post(client: TestClient, path: str, body: Any = None, expected: int = 201, **more: Any) -> Any:
    answer = client.post(f"{API}{path}", json=body, **more)
    assert answer.status_code == expected, (path, answer.status_code, answer.text)
    return answer.json() if answer.content else {}


def tell(house: House, world: World) -> None:
    """Everything that is private is said once, by who has to, to who has to know."""
    animator = logged_in(house, world, "animator", Role.ANIMATOR)
    custodian = logged_in(house, world, "custodian", Role.CUSTODIAN)
    editor = house.listen("editor", world.editor)
    minor = {
        "scheme_id": str(world.workshop.scheme_id),
        "workshop_id": str(world.workshop.id),
        "role": "young_person",
        "birth_year": now().year - 17,
        "identity": WITNESS,
    }
    key = {"Idempotency-Key": str(uuid4())}
    known = post(animator, "/witnesses", minor, headers=key)
    post(animator, "/witnesses", minor, headers=key)  # again: the kept answer
    code, here = known["receipt_code"], f"/witnesses/{known['id']}"
    post(animator, f"{here}/guardians", {"relation": "parent", "identity": GUARDIAN})
    notice = animator.get(f"{API}/notices").json()["items"][0]
    said = {"verb": "give", "notice_id": notice["id"], "choices": [notice["choices"][0]["code"]]}
    post(
        animator,
        f"{here}/consents",
        said | {"territory": "region", "method": "paper", "note": NOTE},
    )
    post(animator, f"{here}/disclosures", {"reason": REASON})

    secret = post(animator, "/api-tokens", {"name": "essai"})["token"]
    given = {"recipient": "Madame l'Élue (essai)", "passcode": PASSCODE}
    url = post(editor, f"/releases/{world.release_id}/deliveries", given)["url"]
    share = url.rpartition("/r/")[2]
    witness = house.somebody("witness")
    session = post(witness, "/receipt-sessions", {"code": code})["token"]
    witness.headers["Authorization"] = f"Bearer {session}"
    assert REASON in witness.get(f"{API}/receipt").text
    assert witness.get(f"{API}/receipt/archive").status_code == 200
    visitor = house.somebody("witness in a browser")
    assert visitor.post("/suivi", data={"code": code}).status_code == 200
    house.secrets |= {"receipt code": code, "receipt code typed": code.replace("-", "")}
    house.secrets |= {"API token": secret, "share token": share, "receipt session": session}
    house.secrets |= {f"cookie {c.name}": str(c.value) for c in visitor.cookies.jar}

    reader = house.somebody("reader")
    shared = f"{API}/shared/{share}"
    assert reader.get(shared).status_code == 403
    assert reader.get(shared, headers={"X-Passcode": f"{PASSCODE}-faux"}).status_code == 403
    assert reader.get(shared, headers={"X-Passcode": PASSCODE}).status_code == 200
    assert reader.post(f"/r/{share}", data={"passcode": PASSCODE}).status_code == 200
    house.secrets |= {f"cookie {c.name}": str(c.value) for c in reader.cookies.jar}
    custodian.headers["X-Reason"] = CASE
    assert custodian.get(f"{API}/testimonies").status_code == 200
    changed = {"current": PASSWORD, "new": NEW_PASSWORD}
    wrong = {"current": WRONG_PASSWORD, "new": NEW_PASSWORD}
    assert animator.put(f"{API}/me/password", json=wrong).status_code == 401
    assert animator.put(f"{API}/me/password", json=changed).status_code == 204
    everybody = {"animator": animator, "custodian": custodian, "editor": editor}
    everybody |= {"reader": reader, "witness": witness, "nobody": house.somebody("nobody")}
    for who in (Role.EVALUATOR, Role.INTEGRATION, Role.ADMINISTRATOR):
        everybody[who] = logged_in(house, world, who, who)
    for client in everybody.values():
        for address in addresses(world):
            client.get(address)
        for address in (here, f"{here}/guardians", f"{here}/consents"):
            client.get(f"{API}{address}")
        err(client, world, house.secrets, minor)


def err(client: TestClient, world: World, secrets: dict[str, str], minor: Any) -> None:
    """Mistakes, with something private in the wrong place."""
    name, phone = WITNESS["given_name"], WITNESS["phone"]
    client.post(f"{API}/witnesses", json=minor | {"birth_year": name, "role": phone})
    client.post(f"{API}/witnesses", json=minor | {"identity": WITNESS | {"email": name}})
    client.post(f"{API}/witnesses", json=minor | {"identity": name})
    client.post(f"{API}/witnesses", content=f'{{"identity": "{name}')
    client.post(f"{API}/sessions", json={"email": name, "password": WRONG_PASSWORD})
    client.post(f"{API}/receipt-sessions", json={"code": [secrets["receipt code"]]})
    client.get(f"{API}/witnesses", params={"workshop_id": name, "q": phone, "limit": phone})
    client.get(f"{API}/witnesses/{name}")
    client.get(f"{API}/workshops", params={"access_token": secrets["API token"], "sort": name})
    client.put(f"{API}/workshops/{world.workshop.id}/closure", headers={"If-Match": f'"{name}"'})
    for secret in secrets.values():
        for path in ("/suivi/", "/receipt/", "/shared/", f"{API}/shared/", "/dossiers/", "/r/"):
            client.get(f"{path}{secret}x/{secret}")


def break_everything(
    house: House, world: World, database: Database, patch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw, with something private in its message."""
    client, url = house.listen("animator at home", world.animator), f"{API}/workshops"
    row = {"id": uuid4(), "signature": IN_AN_ERROR, "pseudonym": None, "role": IN_AN_ERROR}

    def a_row(db: Session, *_: Any, **__: Any) -> None:
        db.execute(insert(Witness), [row])

    def a_type(db: Session, *_: Any, **__: Any) -> None:
        db.execute(select(Witness.id).where(Witness.created_at == IN_AN_ERROR)).all()

    def a_message(*_: Any, **__: Any) -> None:
        cause = ExceptionGroup(IN_AN_ERROR, [ValueError(IN_AN_ERROR)])
        cause.add_note(IN_AN_ERROR)
        raise RuntimeError({"deep": [IN_AN_ERROR]}) from cause

    for breaks in (a_row, a_type, a_message):
        with patch.context() as broken:
            broken.setattr(workshops, "find", breaks)
            house.break_(client, "GET", f"{url}/{world.workshop.id}")
            house.break_(client, "PUT", f"{url}/{world.workshop.id}/closure")
    with patch.context() as broken:
        broken.setitem(HANDLERS, "breaks", Handler(a_message, "default", None))
        with database.write.begin() as db:
            enqueue(db, "breaks")
        assert Worker(database).run_next("default")
        world.work()


def rows_of(database: Database) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    with database.read() as db:
        for table in Base.metadata.sorted_tables:
            for row in db.execute(select(table)):
                yield table.name, repr(tuple(row))


def kept_in_clear(database: Database, word: str) -> set[str]:
    """Where the rows, the files of the database and the stored objects hold this word."""
    found = {name for name, row in rows_of(database) if word in row}
    files = [bytes_of_storage()]
    if database.dialect == "sqlite":
        files.append(bytes_of_database(database))
    return found | {name for those in files for name, content in those if word.encode() in content}


@pytest.fixture
def told(house: House, world: World, database: Database, monkeypatch: pytest.MonkeyPatch) -> House:
    """The story, and the jobs that follow it."""
    tell(house, world)
    world.work()
    break_everything(house, world, database, monkeypatch)
    return house


@pytest.mark.slow
def test_what_is_private_is_met_by_nobody_else(told: House, database: Database) -> None:
    broken = [json.loads(line) for line in told.log.getvalue().splitlines() if "exc_type" in line]
    assert len(broken) == BREAKS, "what broke is told, without the words"
    assert all(line["exception"][0]["frames"] for line in broken)
    identities = [*WITNESS.values(), *GUARDIAN.values()]
    passwords = [PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, PASSCODE]
    for word in (*identities, *passwords, *told.secrets.values()):
        assert kept_in_clear(database, word) == set(), word
    for word in (*identities, *passwords, *told.secrets.values(), REASON, NOTE, CASE, IN_AN_ERROR):
        assert word not in told.log.getvalue(), word
        assert facts_with(database, word) == [], word

    for word in identities:
        assert told.met(word, "animator POST /api/v1/witnesses/") == [], word
        assert told.met(word), "whoever disclosed it was told"
    for word in (*passwords, IN_AN_ERROR, CASE):
        assert told.met(word) == [], word
    entitled = {
        "receipt code": ("animator POST /api/v1/witnesses",),
        "API token": ("animator POST /api/v1/api-tokens",),
        "share token": (
            *("editor POST /api/v1/releases/", "reader POST /r/", "reader GET /r/"),
            "reader GET /api/v1/shared/",
        ),
        "receipt session": ("witness POST /api/v1/receipt-sessions",),
    }
    for name, secret in told.secrets.items():
        if name.startswith("session of"):
            allowed: tuple[str, ...] = (
                f"{name.removeprefix('session of ')} POST /api/v1/sessions",
            )
        elif name.startswith("cookie"):
            allowed = ("witness in a browser POST /suivi", "reader POST /r/")
        else:
            allowed = entitled.get(name, ())
        assert told.met(secret, *allowed) == [], name
    own = ("witness GET /api/v1/receipt", "witness in a browser GET /suivi/mes-paroles")
    assert told.met(REASON, *own) == []
    proof = {role for role in Role if Permission.READ_CONSENT_PROOF in GRANTS[role]}
    assert {
        met.split()[0] for met in told.met(NOTE, "witness GET /api/v1/receipt/archive")
    } == proof


def facts_with(database: Database, word: str) -> list[str]:
    """The audit events, jobs and kept answers that hold this word."""
    with database.read() as db:
        found = [
            *((event.action, event.facts) for event in db.scalars(select(AuditEvent))),
            *((job.name, (job.facts, job.last_error)) for job in db.scalars(select(Job))),
            *(("answer", (key.key_hash, key.answer)) for key in db.scalars(select(IdempotencyKey))),
        ]
    return [name for name, told in found if word in repr(told)]


# The search finds what is there


def test_it_would_be_found_in_a_log(house: House) -> None:
    structlog.get_logger("app.essai").info("somebody", who=WITNESS["family_name"])
    logging.getLogger("essai").warning("met %s", GUARDIAN["given_name"])
    assert WITNESS["family_name"] in house.log.getvalue()
    assert GUARDIAN["given_name"] in house.log.getvalue()


def test_it_would_be_found_in_a_row_and_in_a_file(world: World, database: Database) -> None:
    world.make.witness(workshop=world.workshop, signature=WITNESS["family_name"])
    found = kept_in_clear(database, WITNESS["family_name"])
    assert "witnesses" in found
    assert (len(found) > 1) == (database.dialect == "sqlite")
