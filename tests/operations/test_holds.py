"""Legal holds: custodians alone place and lift them, and what is held is kept."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.db import Database
from app.jobs.models import Job
from app.media.models import Media, Rendition
from app.operations import retention
from app.storage.service import storage
from app.testimonies.models import Testimony
from app.witnesses.models import LegalHold, Witness
from tests.conftest import ClientFor
from tests.make import Make
from tests.withdrawals.conftest import world
from tests.withdrawals.world import API, World

__all__ = ["world"]
HOLDS = f"{API}/legal-holds"
WHY = "Plainte en cours, demande du 3 mars."


def place(client: TestClient, witness: Witness, **given: Any) -> dict[str, Any]:
    answer = client.post(HOLDS, json={"witness_id": str(witness.id), "reason": WHY} | given)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def actions(db: Session) -> list[str]:
    db.rollback()
    rows = select(AuditEvent).where(AuditEvent.action.like("hold.%")).order_by(AuditEvent.id)
    return sorted(event.action for event in db.scalars(rows))


@pytest.fixture
def everybody_else(client_for: ClientFor, make: Make) -> list[TestClient]:
    """Of each other role, somebody."""
    return [client_for(make.account(role=role)) for role in Role if role is not Role.CUSTODIAN]


def test_a_hold_is_told_and_recorded_without_its_reason(
    as_custodian: TestClient, make: Make, db: Session
) -> None:
    witness = make.witness()
    told = place(as_custodian, witness)
    assert (told["witness_id"], told["reason"]) == (str(witness.id), WHY)
    assert (told["lifted_at"], told["lifted_by_id"]) == (None, None)
    (event,) = db.scalars(select(AuditEvent).where(AuditEvent.action == "hold.placed"))
    assert event.facts == {"witness_id": str(witness.id)}
    assert (str(event.subject_id), str(event.actor_id)) == (told["id"], told["placed_by_id"])


def test_only_a_custodian_places_lists_and_lifts(
    as_custodian: TestClient,
    as_anonymous: TestClient,
    everybody_else: list[TestClient],
    make: Make,
    db: Session,
) -> None:
    witness = make.witness()
    hold = place(as_custodian, witness)
    asked = {"witness_id": str(witness.id), "reason": WHY}
    for client, status in [*((other, 403) for other in everybody_else), (as_anonymous, 401)]:
        assert client.post(HOLDS, json=asked).status_code == status
        listed = client.get(HOLDS)
        assert listed.status_code == status
        assert WHY not in listed.text
        for id_ in (hold["id"], uuid4()):
            assert client.delete(f"{HOLDS}/{id_}").status_code == status
    assert actions(db) == ["hold.placed"]
    assert db.scalars(select(LegalHold.lifted_at)).all() == [None]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"witness_id": str(uuid4())}, "#/witness_id"),
        ({"witness_id": "nobody"}, "#/witness_id"),
        ({"reason": ""}, "#/reason"),
        ({"reason": "   "}, "#/reason"),
        ({"until": "2030-01-01"}, "#/until"),
    ],
)
def test_a_mistake_holds_nothing(
    as_custodian: TestClient, make: Make, db: Session, wrong: dict[str, str], pointer: str
) -> None:
    asked = {"witness_id": str(make.witness().id), "reason": WHY} | wrong
    answer = as_custodian.post(HOLDS, json=asked)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not db.scalars(select(LegalHold.id)).all()
    assert actions(db) == []


def test_a_hold_that_does_not_exist_is_not_found(as_custodian: TestClient) -> None:
    assert as_custodian.delete(f"{HOLDS}/{uuid4()}").status_code == 404


def test_lifting_twice_is_lifting_once(as_custodian: TestClient, make: Make, db: Session) -> None:
    hold = place(as_custodian, make.witness())
    for _ in range(2):
        assert as_custodian.delete(f"{HOLDS}/{hold['id']}").status_code == 204
        (told,) = as_custodian.get(HOLDS).json()["items"]
        assert told["lifted_by_id"] == told["placed_by_id"]
    assert actions(db) == ["hold.lifted", "hold.placed"]
    assert len(db.scalars(select(Job.id).where(Job.name == "hold.lifted")).all()) == 1


def test_they_are_listed_the_newest_first_page_by_page_or_of_one_witness(
    as_custodian: TestClient, make: Make
) -> None:
    witnesses = [make.witness() for _ in range(3)]
    ids = [place(as_custodian, witness)["id"] for witness in witnesses]
    assert as_custodian.delete(f"{HOLDS}/{ids[0]}").status_code == 204
    first = as_custodian.get(HOLDS, params={"limit": 2, "count": True})
    assert [hold["id"] for hold in first.json()["items"]] == [ids[2], ids[1]]
    assert first.json()["total"] == 3
    rest = as_custodian.get(first.links["next"]["url"]).json()
    assert [hold["id"] for hold in rest["items"]] == [ids[0]], "lifted ones are told too"
    assert rest["next_cursor"] is None
    of_one = as_custodian.get(HOLDS, params={"witness_id": str(witnesses[1].id)}).json()
    assert [hold["id"] for hold in of_one["items"]] == [ids[1]]


def test_of_two_holds_the_last_one_lifted_frees(world: World) -> None:
    holds = [place(world.custodian, world.witness)["id"] for _ in range(2)]
    taken = f"{API}/withdrawals/{world.take_back()['id']}"
    world.work()
    assert world.editor.get(taken).json()["state"] == "held"
    for hold, state in zip(holds, ("held", "purged"), strict=True):
        assert world.custodian.delete(f"{HOLDS}/{hold}").status_code == 204
        world.work()
        assert world.editor.get(taken).json()["state"] == state


def test_what_is_held_is_seen_by_nobody_and_neither_purged_nor_forgotten(
    world: World, database: Database
) -> None:
    place(world.custodian, world.witness)
    kept = sorted(found.key for found in storage().objects("media"))
    world.take_back()
    world.work()
    list(retention.apply(database.write.begin))
    assert sorted(found.key for found in storage().objects("media")) == kept
    with database.read() as db:
        found = db.get_one(Testimony, world.testimony.id)
        assert (found.body, found.erased_at) == (world.testimony.body, None)
        assert db.get_one(Witness, world.witness.id).signature == world.witness.signature
    for client in (world.animator, world.editor, world.evaluator, world.custodian):
        assert client.get(f"{API}/testimonies/{world.testimony.id}").status_code == 404


def test_a_film_is_kept_for_the_one_who_is_held_when_the_others_in_it_take_theirs_back(
    world: World,
) -> None:
    film = world.make.media(organization=world.account.organization, files={"original": b"both"})
    theirs, ours = (
        world.make.testimony(workshop=world.workshop, witnesses=[one], media=[film])
        for one in (world.witness, world.other)
    )
    hold = place(world.custodian, world.witness)
    world.take_back()
    asked = {"witness_id": str(world.other.id), "all": True}
    assert world.animator.post(f"{API}/withdrawals", json=asked).status_code == 201
    world.work()
    with world.database.read() as db:
        assert db.get_one(Testimony, ours.id).erased_at
        assert not db.get_one(Testimony, theirs.id).erased_at
        (key,) = (file.key for file in db.scalars(select(Rendition).where(of(film))))
    assert b"".join(storage().read(key)) == b"both"

    assert world.custodian.delete(f"{HOLDS}/{hold['id']}").status_code == 204
    world.work()
    with world.database.read() as db:
        assert not db.scalars(select(Rendition).where(of(film))).all()
    assert key not in {found.key for found in storage().objects("media")}


def of(media: Media) -> ColumnElement[bool]:
    return Rendition.media_id == media.id
