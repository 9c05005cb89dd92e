"""The demo keeps its promises: its numbers, its secrets, and that it is added once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.accounts.models import Account
from app.accounts.passwords import is_right
from app.audit.models import ActorKind, AuditEvent
from app.bundles.checks import check
from app.bundles.models import Bundle
from app.core.db import Database
from app.core.figures import SUPPRESSED
from app.core.models import Base, now
from app.core.settings import Env, settings
from app.demo import service
from app.demo.service import PASSWORD, Demo, is_wanted, seed, tell
from app.demo.stories import load
from app.excerpts.models import Excerpt
from app.media.models import Media, Status
from app.mobilization.models import Mobilization, What
from app.operations.failures import Failure
from app.propositions.models import Competence, Proposition, PropositionState
from app.propositions.service import shown
from app.propositions.steps import told
from app.reactions.models import Commitment, Reaction
from app.releases import events
from app.releases.models import Delivery, Release
from app.schemes.models import Term
from app.testimonies.models import State, Testimony
from app.witnesses.models import Identity, Witness
from tests.make import Make
from tests.processes import read_apart

STATES = {
    State.ACCEPTED: 50,
    State.SUBMITTED: 4,
    State.DRAFT: 3,
    State.RETURNED: 2,
    State.REJECTED: 1,
}


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def count(database: Database, model: type[Base], *conditions: Any) -> int:
    with database.read() as db:
        return db.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def rows(database: Database) -> dict[str, list[str]]:
    """Everything that is in the database, as text."""
    with database.read() as db:
        tables = Base.metadata.sorted_tables
        return {table.name: [str(tuple(r)) for r in db.execute(select(table))] for table in tables}


def files_of(database: Database) -> bytes:
    """What SQLite has on the disk; nothing for another database."""
    if database.dialect != "sqlite":
        return b""
    with database.read() as db:
        path = Path(str(db.get_bind().engine.url.database))
    return b"".join(map(read_apart, path.parent.glob(f"{path.name}*")))


@pytest.mark.slow
def test_the_demo_is_told_once_and_keeps_its_promises(
    database: Database, as_anonymous: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.read() as db:
        assert is_wanted(db)
        assert tell(db, None) == []
    _interrupt_it(database, monkeypatch)

    added = seed(database)

    assert added
    _has_the_promised_numbers(database)
    _was_done_by_people(database)
    _lets_its_accounts_in(database, added)
    _gives_back_one_bundle(as_anonymous, added)
    _is_answered(database)
    _shows_everybody_an_exhibition(as_anonymous)
    _balances_as_told(database)
    _tells_of_an_event(database)
    _follows_two_propositions(database)
    _keeps_its_secrets(database, added)

    before = rows(database)
    with database.read() as db:
        assert not is_wanted(db)
    assert seed(database) is None, "it is there already"
    assert rows(database) == before


def _interrupt_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts are there, and the rest is not: the next try goes on."""

    def interrupted(_: Database) -> None:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(service, "_make_ready", interrupted)
        with pytest.raises(Interrupted):
            seed(database)
    with database.read() as db:
        assert is_wanted(db)


def _has_the_promised_numbers(database: Database) -> None:
    with database.read() as db:
        roles = set(db.scalars(select(Witness.role)))
        known = set(db.scalars(select(Term.code).where(Term.vocabulary == "witness_roles")))
        states = Counter(db.scalars(select(Testimony.state)))
    assert count(database, Witness) == 30
    assert roles == known
    assert states == STATES
    assert count(database, Media) == count(database, Media, Media.status == Status.READY) == 5
    assert count(database, Excerpt) == 40
    assert count(database, Bundle) == 4
    assert count(database, Proposition) == 2
    assert count(database, Release) == 3
    assert count(database, Delivery) == 3, "two recipients, and the codes of the exhibition"
    assert count(database, Account) == 9


def _was_done_by_people(database: Database) -> None:
    """The operator opened one account; machines made media ready and undid what was taken back."""
    with database.read() as db:
        events = db.execute(select(AuditEvent.action, AuditEvent.actor_kind)).all()
    actions = Counter(action for action, _ in events)
    assert actions["witness.registered"] == 30
    assert actions["testimony.deposited"] == 60
    assert actions["excerpt.chosen"] == 40
    assert actions["release.published"] == 3
    assert actions["delivery.made"] == 3
    assert actions["reaction.received"] == 2
    assert actions["reaction.published"] == 1
    assert actions["mobilization.noted"] == 3
    assert actions["event.recorded"] == 1
    by = {kind: {a for a, k in events if k is kind} for kind in ActorKind}
    of_links = {"delivery.opened", "delivery.acknowledged", "reaction.received"}
    assert by[ActorKind.LINK] == of_links
    assert by[ActorKind.COMMAND] == {"organization.added", "account.added"}
    of_machines = {action for action in by[ActorKind.SYSTEM] if not action.startswith("media.")}
    assert of_machines == {"withdrawal.noted", "withdrawal.purged"}  # one said no afterwards


def _lets_its_accounts_in(database: Database, added: Demo) -> None:
    with database.read() as db:
        accounts = list(db.scalars(select(Account)))
        lines = "\n".join(tell(db, added))
    assert {(a.email, a.role) for a in accounts} == set(added.accounts)
    assert is_right(PASSWORD, accounts[0].password_hash)
    assert len({account.password_hash for account in accounts}) == 9
    told = [PASSWORD, *(a.email for a in accounts), *(url for _, url in added.links)]
    assert all(word in lines for word in [*told, *(code for _, code in added.receipts)])


def _gives_back_one_bundle(as_anonymous: TestClient, added: Demo) -> None:
    """Its links work, and its passages show."""
    assert len(added.links) == 2
    tokens = [url.rpartition("/")[2] for _, url in added.links]
    shared = as_anonymous.get(f"/api/v1/shared/{tokens[0]}")
    assert shared.status_code == 200, shared.text
    items = [item for section in shared.json()["sections"] for item in section["items"]]
    assert len(items) == 12
    assert not any(item["withdrawn"] for item in items)
    films = [item["media"]["url"] for item in items if item["media"]]
    assert len(films) == 2
    assert as_anonymous.get(films[0], headers={"Range": "bytes=0-9"}).status_code == 206


def _is_answered(database: Database) -> None:
    """One recipient answered, and all of it is visibly invented; the other did not open it yet."""
    with database.read() as db:
        given = select(Delivery).where(Delivery.recipient.endswith("(démo)"))
        opened = [delivery.opened_at is not None for delivery in db.scalars(given)]
        answers = list(db.scalars(select(Reaction)))
        lines = list(db.scalars(select(Mobilization)))
    assert sorted(opened) == [False, True]
    assert all("inventée" in (answer.text or "") for answer in answers)
    assert [a.commitment for a in answers if a.published_at] == [Commitment.PLANNED]
    assert {line.what for line in lines} == {What.MET, What.COMMITTED, What.INVITED}
    assert all((line.note or "").endswith("(démo)") for line in lines)


def _shows_everybody_an_exhibition(as_anonymous: TestClient) -> None:
    address = "/p/ma-fille-fait-le-jour-et-la-nuit"
    assert address in as_anonymous.get("/p/").text
    assert as_anonymous.get(address).status_code == 200


def _tells_of_an_event(database: Database) -> None:
    """Its papers have all that they may tell; few roles are not told; all of it is invented."""
    with database.read() as db:
        last_week = (now() - timedelta(days=7)).date()
        assert not db.scalars(events.with_words(last_week)).all(), "old words are soon erased"
        release = db.scalars(select(Release).where(Release.form == events.FORM)).one()
        told = events.for_print(db, release)
    assert told
    assert told["place"] == "ERIC-Cyber-base Berthe"
    assert len(told["programme"]) == 11
    assert len([turn for turn in told["programme"] if turn["item_id"]]) == 7
    assert len(told["shown"]) == 6, "one was not read, for want of time"
    assert told["attendance"]["at_least"] == 25  # of 29
    shares = {row["label"]: row["share"] for row in told["attendance"]["roles"]}
    assert shares == {"Jeunes": 0.4, "Employeurs": 0.25, "Élus": 0.2, "Autres": SUPPRESSED}
    assert {one["item_id"] for one in told["reactions"]} < set(told["shown"])
    words = [told["minutes"], *(one["text"] for one in told["reactions"])]
    assert all("invent" in said for said in words)


def _follows_two_propositions(database: Database) -> None:
    """One was adopted after it was tried, one refused with its reason."""
    roads = {}
    with database.read() as db:
        for proposition in db.scalars(select(Proposition)):
            steps = told(db, proposition.id)
            assert "inventée" in proposition.description
            assert shown(db, proposition)["needs_review"] is False
            assert steps[-1].reason
            roads[proposition.competence] = [step.state for step in steps][-2:]
    assert roads == {
        Competence.REGION: [PropositionState.EXPERIMENT, PropositionState.ADOPTED],
        Competence.STATE: [PropositionState.SENT, PropositionState.REFUSED],
    }


def _balances_as_told(database: Database) -> None:
    """The exhibition is short of practices; the others are not. Nothing forbids any of them."""
    short = {}
    with database.read() as db:
        for bundle in db.scalars(select(Bundle)):
            found = check(db, bundle, now())
            assert found["blockers"] == [], bundle.title
            short[bundle.form] = "few-practices" in {w["code"] for w in found["warnings"]}
    assert short == {"web_page": False, "note": False, "exhibition": True, "event": False}


def _keeps_its_secrets(database: Database, added: Demo) -> None:
    """No name, address, number, link, code or password is anywhere in clear."""
    identities = [row["identity"] for row in load()["witnesses"] if "identity" in row]
    assert count(database, Identity) == len(identities) == 11
    secrets = [PASSWORD, *(code for _, code in added.receipts)]
    secrets += [url.rpartition("/")[2] for _, url in added.links]
    for identity in identities:
        secrets += [identity["given_name"], *identity.get("email", "").split()]
        if phone := identity.get("phone", ""):
            secrets += [phone, phone.replace(" ", ""), phone.replace(" ", "")[1:]]
    kept, on_disk = str(rows(database)), files_of(database)
    for secret in secrets:
        assert secret not in kept
        assert secret.encode() not in on_disk


def test_production_has_no_demo(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "env", Env.PRODUCTION)
    with pytest.raises(Failure, match="ne s'installe pas en production"):
        seed(database)
    assert count(database, Account) == 0


def test_a_scheme_of_ones_own_wants_no_demo(database: Database, make: Make) -> None:
    assert make.the_scheme
    with database.read() as db:
        assert not is_wanted(db)
