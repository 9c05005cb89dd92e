"""What has had its time is forgotten, what has not stays, and a hold keeps it all."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account, ApiToken, LoginSession
from app.audit.models import AuditEvent, CaseReading
from app.core.db import Database
from app.core.models import Base, now
from app.jobs.service import HANDLERS
from app.media.models import Media, Rendition
from app.operations import retention
from app.operations.retention import RULES, Months
from app.receipts.models import ReceiptSession
from app.releases.models import Delivery, Release
from app.storage.service import storage
from app.testimonies.models import State, Testimony
from app.witnesses import holds
from app.witnesses.decision import Cell, Medium, Purpose
from app.witnesses.models import (
    ConsentEvent,
    CurrentConsent,
    Disclosure,
    Identity,
    LegalHold,
    Witness,
)
from app.witnesses.vault import seal
from app.worker import discover
from tests.jobs.desk import Desk
from tests.make import Make
from tests.withdrawals.conftest import world
from tests.withdrawals.world import (
    CANARY,
    World,
    bytes_of_database,
    checkpoint,
    deliver,
    holding,
)

__all__ = ["world"]

CELL = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "note", Purpose.EVALUATION)
Apply = Callable[[], dict[str, int]]


@pytest.fixture
def forget(database: Database) -> Apply:
    """How much each rule forgot, of those which forgot something."""

    def forget() -> dict[str, int]:
        done = retention.totals(retention.apply(database.write.begin))
        return {rule.code: count for rule, count in done.items() if count}

    return forget


def age(database: Database, row: Base, days: int, *columns: str) -> None:
    """Make this row older."""
    model = type(row)
    moment = {name: now() - timedelta(days=days) for name in columns}
    with database.write.begin() as db:
        db.connection().execute(
            update(model.__table__).where(model.__table__.c.id == row.id).values(moment)  # type: ignore[arg-type]
        )


def add(database: Database, row: Base) -> None:
    with database.write.begin() as db:
        db.add(row)


@pytest.fixture
def silent(make: Make, database: Database) -> Callable[..., tuple[Witness, Testimony]]:
    """A witness whose last consent ended so many days ago, and what they said."""

    def silent(days: int, **given: Any) -> tuple[Witness, Testimony]:
        witness = make.witness(signature="Une voisine", birth_year=1990)
        long_ago = now() - timedelta(days=days + 100)
        said = make.consent(
            witness, CELL, valid_from=long_ago, valid_until=now() - timedelta(days=days)
        )
        testimony = make.testimony(witnesses=[witness], **given)
        with database.write.begin() as db:
            db.add(seal(witness.id, {"given_name": "Maëlys", "family_name": "Xanthopoulos"}))
        age(database, said, days + 100, "created_at")
        age(database, witness, days + 200, "created_at")
        age(database, testimony, days + 50, "updated_at", "created_at")
        return witness, testimony

    return silent


def test_every_table_has_a_rule_and_every_rule_a_table() -> None:
    for path in Path("app").glob("*/models.py"):
        import_module(f"app.{path.parent.name}.models")
    ruled = {table for rule in RULES for table in rule.tables}
    assert ruled == set(Base.metadata.tables)


def test_every_rule_says_why_and_does_what_it_says() -> None:
    discover()
    assert len({rule.code for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.what
        assert rule.because
        assert bool(rule.due) == bool(rule.forget) == (not isinstance(rule.kept, str))
        assert not (rule.due and rule.job)
        assert rule.job is None or rule.job in HANDLERS


def test_months_are_those_of_the_calendar() -> None:
    end_of_march = now().replace(year=2027, month=3, day=31)
    assert Months(1).before(end_of_march).date().isoformat() == "2027-02-28"
    assert Months(12).before(end_of_march).date().isoformat() == "2026-03-31"
    assert Months(15).before(end_of_march).date().isoformat() == "2025-12-31"


def test_what_is_young_is_left_alone(make: Make, forget: Apply, silent: Any) -> None:
    make.testimony(state=State.DRAFT)
    make.session(make.account())
    make.media()
    silent(300)
    assert forget() == {}


def test_words_whose_consents_all_ended_a_year_ago_are_erased(
    database: Database, silent: Any, forget: Apply
) -> None:
    witness, testimony = silent(400)
    assert forget() == {"testimonies": 1}
    with database.read() as db:
        found = db.get_one(Testimony, testimony.id)
        assert (found.state, found.body, found.title) == (State.WITHDRAWN, None, None)
        assert found.erased_at
        assert db.scalar(select(Identity.id).where(Identity.witness_id == witness.id))
    assert forget() == {}, "once is enough"


def test_they_leave_the_files_even_when_somebody_was_reading(
    database: Database, silent: Any, impatient: None
) -> None:
    """Who reads the database as it was is waited for, and it is not forgotten to try again."""
    discover()
    desk = Desk(database)
    silent(400, body=f"Un mot : {CANARY}.")
    desk.ask("retention.apply")
    with database.snapshot() as reading:
        assert not reading.execute(select(LegalHold.id)).all()
        while desk.run_next():
            pass
        assert desk.job("rows.erased").last_error
    desk.make_due()
    while desk.run_next():
        pass
    assert desk.job("rows.erased").done_at
    checkpoint(database)
    assert holding(CANARY, bytes_of_database(database)) == []


def test_one_witness_who_still_consents_keeps_the_words_of_all(
    make: Make, database: Database, silent: Any, forget: Apply
) -> None:
    over, _ = silent(400)
    other = make.witness()
    make.consent(other, CELL)
    both = make.testimony(witnesses=[over, other])
    age(database, both, 500, "updated_at")
    assert forget() == {"testimonies": 1}
    with database.read() as db:
        assert db.get_one(Testimony, both.id).body


def test_who_somebody_is_is_forgotten_two_years_after_their_last_consent(
    database: Database, silent: Any, forget: Apply
) -> None:
    witness, _ = silent(800)
    kept, _ = silent(500)
    assert forget() == {"testimonies": 2, "identities": 1}
    with database.read() as db:
        assert list(db.scalars(select(Identity.witness_id))) == [kept.id]
        found = db.get_one(Witness, witness.id)
        assert (found.signature, found.birth_year) == (None, None)
        assert found.pseudonym == witness.pseudonym


def test_how_they_signed_is_forgotten_in_what_was_published_too(
    make: Make, database: Database, as_editor: TestClient, forget: Apply
) -> None:
    """Although others, who speak there too, still agree, and no job recalled it yet."""
    over, other = (make.witness(signature=name) for name in ("Une voisine", "Un tuteur"))
    for person in (over, other):
        make.consent(person, CELL._replace(medium=Medium.SIGNED_TEXT))
    testimony = make.testimony(witnesses=[over, other])
    bundle = {
        "scheme_id": str(testimony.scheme_id),
        "title": "Ensemble",
        "audience": CELL.audience,
        "form": CELL.form,
        "purpose": CELL.purpose,
        "sections": [
            {"title": "Tous", "items": [{"testimony_id": str(testimony.id), "signed": True}]}
        ],
    }
    here = f"/api/v1/bundles/{as_editor.post('/api/v1/bundles', json=bundle).json()['id']}"
    as_editor.put(f"{here}/readiness")
    assert as_editor.post(f"{here}/releases").status_code == 201
    ended = {"valid_from": now() - timedelta(days=900), "valid_until": now() - timedelta(days=800)}
    with database.write.begin() as db:
        said = ConsentEvent.witness_id == over.id
        db.execute(update(ConsentEvent).where(said).values(created_at=ended["valid_from"], **ended))
        kept = CurrentConsent.witness_id == over.id
        until = {"starts_at": ended["valid_from"], "valid_until": ended["valid_until"]}
        db.execute(update(CurrentConsent).where(kept).values(until))
    age(database, over, 900, "created_at")
    with database.read() as db:
        assert "Une voisine, Un tuteur" in str(list(db.scalars(select(Release.content))))
    assert forget() == {"identities": 1}
    with database.read() as db:
        assert "Une voisine" not in str(list(db.scalars(select(Release.content))))


@pytest.fixture
def hold(make: Make) -> Callable[[Witness], None]:
    """A legal hold on this witness."""

    def hold(witness: Witness) -> None:
        with make.sessions.begin() as db:
            by = make.account().id
            db.add(LegalHold(witness_id=witness.id, reason="Plainte", placed_by_id=by))

    return hold


@pytest.mark.parametrize("state", [State.DRAFT, State.REJECTED])
def test_what_nobody_took_further_is_erased_after_a_year(
    make: Make, database: Database, forget: Apply, state: State
) -> None:
    witness = make.witness()
    make.consent(witness, CELL)
    testimony = make.testimony(state=state, witnesses=[witness])
    age(database, testimony, 370, "updated_at")
    assert set(forget()) == {"drafts" if state is State.DRAFT else "rejected"}
    with database.read() as db:
        assert db.get_one(Testimony, testimony.id).body is None


def test_a_hold_keeps_everything_of_a_witness(
    make: Make, database: Database, silent: Any, forget: Apply
) -> None:
    witness, testimony = silent(800)
    hold = LegalHold(witness_id=witness.id, reason="Plainte", placed_by_id=make.account().id)
    with database.write.begin() as db:
        db.add(hold)
    assert forget() == {}
    with database.read() as db:
        assert db.get_one(Testimony, testimony.id).body
        assert holds.held(db, [witness.id]) == {witness.id}
    with database.write.begin() as db:
        lifted = db.get_one(LegalHold, hold.id)
        lifted.lifted_at, lifted.lifted_by_id = now(), hold.placed_by_id
    assert forget() == {"testimonies": 1, "identities": 1}


def test_files_joined_to_nothing_go_after_a_month_bytes_included(
    make: Make, database: Database, forget: Apply
) -> None:
    alone, kept = make.media(files={"original": b"alone"}), make.media(files={"original": b"kept"})
    make.testimony(media=[kept])
    for media in (alone, kept):
        age(database, media, 31, "deposited_at")
    with database.read() as db:
        keys = {file.media_id: file.key for file in db.scalars(select(Rendition))}
    assert forget() == {"media-of-nobody": 1}
    assert [found.key for found in storage().objects("media")].count(keys[alone.id]) == 0
    assert b"".join(storage().read(keys[kept.id])) == b"kept"
    with database.read() as db:
        assert db.get_one(Media, alone.id).erased_at
        assert not db.get_one(Media, kept.id).erased_at


def test_what_has_ended_opens_nothing_and_is_deleted(
    make: Make, database: Database, forget: Apply
) -> None:
    account, ended = make.account(), {"expires_at": now() - timedelta(seconds=1)}
    make.session(account, **ended)
    make.token(account, **ended)
    make.session(account)
    make.token(account)
    assert forget() == {"sessions": 1, "api-tokens": 1}
    with database.read() as db:
        assert len(db.scalars(select(LoginSession.id)).all()) == 1
        assert len(db.scalars(select(ApiToken.id)).all()) == 1


def test_a_suspended_account_loses_its_name_after_two_years(
    make: Make, database: Database, forget: Apply
) -> None:
    by = make.account().id
    long_ago = now() - timedelta(days=750)
    gone = make.account(suspended_at=long_ago, suspended_by_id=by, display_name="Anne Exemple")
    make.account(suspended_at=now(), suspended_by_id=by)
    assert forget() == {"accounts": 1}
    with database.read() as db:
        found = db.get_one(Account, gone.id)
        assert "Exemple" not in found.display_name
        assert found.email.endswith(".invalid")
    assert forget() == {}


@pytest.mark.parametrize("state", [State.DRAFT, State.REJECTED])
def test_unless_it_is_young_or_somebody_in_it_is_held(
    make: Make, database: Database, forget: Apply, hold: Callable[[Witness], None], state: State
) -> None:
    one, held = make.witness(), make.witness()
    hold(held)
    young = make.testimony(state=state, witnesses=[one])
    theirs = make.testimony(state=state, witnesses=[one, held])
    age(database, young, 350, "updated_at")
    age(database, theirs, 370, "updated_at")
    assert forget() == {}


def test_files_that_anything_points_to_are_not_of_nobody(
    make: Make, database: Database, forget: Apply
) -> None:
    proof, heard, seen, young = (make.media() for _ in range(4))
    make.consent(make.witness(), CELL, evidence_media_id=proof.id)
    make.testimony(media=[heard])
    make.appearance(seen, make.witness())
    for media, days in ((proof, 31), (heard, 31), (seen, 31), (young, 29)):
        age(database, media, days, "created_at")
    assert forget() == {}


def test_what_proves_a_consent_goes_after_the_identity_and_leaves_its_hash(
    make: Make, database: Database, forget: Apply, hold: Callable[[Witness], None]
) -> None:
    gone, held = make.witness(erased_at=now()), make.witness(erased_at=now())
    hold(held)
    proofs = {}
    for name, witnesses in {
        "gone": [gone],
        "known": [make.witness()],
        "held": [held],
        "of both": [gone, held],
        "words too": [gone],
    }.items():
        proofs[name] = make.media(files={"original": name.encode()}, sha256=name.ljust(64, "0"))
        for witness in witnesses:
            make.consent(witness, CELL, evidence_media_id=proofs[name].id)
    make.testimony(media=[proofs["words too"]])
    assert forget() == {"evidence": 1}
    with database.read() as db:
        left = {n for n, media in proofs.items() if not db.get_one(Media, media.id).erased_at}
        digests = db.scalars(
            select(ConsentEvent.evidence_sha256).where(
                ConsentEvent.evidence_media_id == proofs["gone"].id
            )
        ).all()
    assert left == {"known", "held", "of both", "words too"}
    assert digests == ["gone".ljust(64, "0")]
    assert b"gone" not in [b"".join(storage().read(o.key)) for o in storage().objects("media")]


def test_who_asked_for_an_identity_is_forgotten_a_year_later_once_it_is_gone(
    make: Make, database: Database, forget: Apply, hold: Callable[[Witness], None]
) -> None:
    gone, known = make.witness(erased_at=now()), make.witness()
    held = make.witness(erased_at=now())
    hold(held)
    by = make.account().id
    for witness, days in ((gone, 370), (gone, 350), (known, 370), (held, 370)):
        asked = Disclosure(witness_id=witness.id, by_id=by, by_role="animator", reason=f"{days}")
        add(database, asked)
        age(database, asked, days, "created_at")
    assert forget() == {"disclosures": 1}
    with database.read() as db:
        left = {(d.witness_id, d.reason) for d in db.scalars(select(Disclosure))}
    assert left == {(gone.id, "350"), (known.id, "370"), (held.id, "370")}


def test_whom_a_link_was_for_is_forgotten_a_year_after_it_ended(
    world: World, forget: Apply
) -> None:
    opened = world.delivery_id
    ids = [deliver(world.editor, world.release_id)[1] for _ in range(3)]
    year, less = now() - timedelta(days=370), now() - timedelta(days=350)
    by = world.account.id
    changes: list[dict[str, Any]] = [
        {"expires_at": year, "passcode_hash": "x"},
        {"revoked_at": year, "revoked_by_id": by},
        {"expires_at": less},
    ]
    with world.make.sessions.begin() as db:
        for id_, change in zip(ids, changes, strict=True):
            db.execute(update(Delivery).where(Delivery.id == UUID(id_)).values(change))
    assert forget() == {"recipients": 2}
    with world.database.read() as db:
        named = [str(d.id) for d in db.scalars(select(Delivery)) if d.recipient != "Destinataire"]
        assert set(named) == {opened, ids[2]}
        assert db.get_one(Delivery, UUID(ids[0])).passcode_hash is None
    assert forget() == {}


def test_readings_on_a_case_are_forgotten_after_a_year(
    make: Make, database: Database, forget: Apply
) -> None:
    for days in (370, 350):
        read = CaseReading(account_id=make.account().id, route="/testimonies", reason=f"{days}")
        add(database, read)
        age(database, read, days, "created_at")
    assert forget() == {"case-readings": 1}
    with database.read() as db:
        assert db.scalars(select(CaseReading.reason)).all() == ["350"]


def test_holds_are_forgotten_a_year_after_they_were_lifted_and_never_before(
    make: Make, database: Database, forget: Apply
) -> None:
    by, witness = make.account().id, make.witness()
    about: dict[str, Any] = {"witness_id": witness.id, "placed_by_id": by}
    for days in (370, 350, None):
        lifted = days and {"lifted_at": now() - timedelta(days=days), "lifted_by_id": by}
        found = LegalHold(reason=f"{days}", **about, **(lifted or {}))
        add(database, found)
        age(database, found, 900, "created_at")
    assert forget() == {"legal-holds": 1}
    with database.read() as db:
        assert set(db.scalars(select(LegalHold.reason))) == {"350", "None"}


def test_a_witness_who_left_leaves_no_session(
    make: Make, database: Database, forget: Apply
) -> None:
    witness = make.witness()
    make.receipt(witness, expires_at=now() - timedelta(seconds=1))
    make.receipt(witness)
    assert forget() == {"receipt-sessions": 1}
    with database.read() as db:
        assert len(db.scalars(select(ReceiptSession.id)).all()) == 1


def test_an_account_suspended_for_less_or_not_at_all_keeps_its_name(
    make: Make, database: Database, forget: Apply
) -> None:
    by = make.account()
    age(database, by, 900, "created_at")
    make.account(suspended_at=now() - timedelta(days=720), suspended_by_id=by.id)
    assert forget() == {}


def test_files_go_even_if_the_process_dies_right_after_the_commit(
    make: Make, database: Database, forget: Apply, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = make.media(files={"original": b"alone"})
    age(database, alone, 31, "deposited_at")
    with database.read() as db:
        key = db.scalars(select(Rendition.key).where(Rendition.media_id == alone.id)).one()

    def die() -> None:
        raise SystemExit

    monkeypatch.setattr("app.operations.retention.storage", die)
    with pytest.raises(SystemExit):
        forget()
    with database.read() as db:
        assert db.get_one(Media, alone.id).erased_at
    assert b"".join(storage().read(key)) == b"alone"

    Desk(database).work_all()
    assert key not in {found.key for found in storage().objects("media")}


def test_each_rule_says_in_the_log_how_much_and_nothing_else(
    db: Session, silent: Any, forget: Apply
) -> None:
    silent(800)
    forget()
    events = db.scalars(select(AuditEvent).where(AuditEvent.action == "retention.applied")).all()
    assert sorted((e.facts["rule"], e.facts["n"]) for e in events) == [
        ("identities", 1),
        ("testimonies", 1),
    ]
    assert {frozenset(event.facts) for event in events} == {frozenset({"rule", "n"})}


def test_to_ask_what_is_due_changes_nothing(database: Database, db: Session, silent: Any) -> None:
    _, testimony = silent(800)
    counts = {rule.code: count for rule, count in retention.due_now(db).items() if count}
    assert counts == {"testimonies": 1, "identities": 1}
    assert db.get_one(Testimony, testimony.id).body


def test_many_are_forgotten_in_several_transactions(
    make: Make, database: Database, forget: Apply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    account = make.account()
    for _ in range(5):
        make.session(account, expires_at=now() - timedelta(seconds=1))
    assert forget() == {"sessions": 5}
    with database.read() as db:
        counts = [
            event.facts["n"]
            for event in db.scalars(
                select(AuditEvent).where(AuditEvent.action == "retention.applied")
            )
        ]
    assert sorted(counts) == [1, 2, 2]
