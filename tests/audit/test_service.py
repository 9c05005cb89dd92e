"""What was done is recorded, and the record cannot be changed unnoticed."""

from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.models import ActorKind, AuditCheckpoint, AuditEvent
from app.audit.service import (
    BEGINNING,
    EVENTS,
    Actor,
    Checkpoint,
    passes_through,
    prune,
    record,
    seal,
    verify,
)
from app.core.db import Database
from app.core.models import Base, now
from app.jobs.models import Job
from app.jobs.runner import Worker
from app.jobs.service import request_periodic
from app.worker import discover

Change = Callable[[Session], object]


def add(database: Database, count: int, **given: Any) -> None:
    """As many events as that, committed."""
    event = {
        "action": "workshop.closed",
        "subject_kind": "workshop",
        "subject_id": uuid4(),
        "actor_kind": ActorKind.SYSTEM,
        "facts": {"note": "L'été 🎞️", "count": 1, "share": 0.1, "deep": {"b": [None], "a": 2}},
    }
    with database.write.begin() as db:
        db.connection().execute(insert(EVENTS), [event | given] * count)


def seal_all(database: Database) -> list[int]:
    """The sizes of the batches."""
    sizes: list[int] = []
    while not sizes or sizes[-1]:
        with database.write.begin() as db:
            sizes.append(seal(db))
    return sizes


def test_an_event_says_who_did_what_to_what(database: Database, db: Session) -> None:
    class Account:
        id = uuid4()

    class Receipt:
        id = uuid4()
        kind = "receipt"

    link = Actor(ActorKind.LINK, uuid4())
    with database.write.begin() as writing:
        subject = Job(name="greet", queue="default", facts={})
        writing.add(subject)
        for by in (Account(), Receipt(), link, Actor(ActorKind.COMMAND), None):
            record(writing, "job.made", on=subject, by=by, why="because")

    events = {event.actor_kind: event for event in db.scalars(select(AuditEvent))}
    assert {kind: event.actor_id for kind, event in events.items()} == {
        ActorKind.ACCOUNT: Account.id,
        ActorKind.RECEIPT: Receipt.id,
        ActorKind.LINK: link.id,
        ActorKind.COMMAND: None,
        ActorKind.SYSTEM: None,
    }
    for event in events.values():
        assert (event.action, event.facts) == ("job.made", {"why": "because"})
        assert (event.subject_kind, event.subject_id) == ("job", subject.id)
        assert (event.number, event.digest) == (None, None)
        assert now() - event.created_at < timedelta(minutes=1)


def test_the_kind_of_a_subject_is_its_name_in_words(database: Database, db: Session) -> None:
    class WitnessGroup(Base):
        __abstract__ = True
        id = uuid4()

    with database.write.begin() as writing:
        record(writing, "group.made", on=object.__new__(WitnessGroup), by=None)
    assert db.scalars(select(AuditEvent.subject_kind)).one() == "witness_group"


def test_only_known_kinds_of_actors_act(database: Database) -> None:
    class Ghost:
        id = uuid4()
        kind = "ghost"

    subject = Job(id=uuid4(), name="greet", queue="default", facts={})
    with database.write() as db, pytest.raises(ValueError, match="ghost"):
        record(db, "job.made", on=subject, by=Ghost())


def test_an_event_is_undone_with_its_deed(database: Database, db: Session) -> None:
    with database.write() as writing:
        subject = Job(name="greet", queue="default", facts={})
        writing.add(subject)
        record(writing, "job.made", on=subject, by=None)
        writing.rollback()
    assert db.scalars(select(AuditEvent)).all() == []


def test_an_empty_chain_holds(db: Session) -> None:
    found = verify(db)
    assert (found.ok, found.sealed, found.waiting, found.head) == (True, 0, 0, BEGINNING)


def test_events_are_numbered_and_chained_in_batches(database: Database, db: Session) -> None:
    add(database, 2500)
    assert verify(db).waiting == 2500
    db.rollback()
    assert seal_all(database) == [1000, 1000, 500, 0]

    found = verify(db)
    assert (found.ok, found.sealed, found.waiting, found.first_broken) == (True, 2500, 0, None)
    assert list(db.scalars(select(AuditEvent.number).order_by(AuditEvent.number))) == list(
        range(1, 2501)
    )


def test_what_is_sealed_is_not_sealed_again(database: Database, db: Session) -> None:
    add(database, 3)
    seal_all(database)
    head = verify(db).head
    db.rollback()
    add(database, 2)
    assert seal_all(database) == [2, 0]

    found = verify(db, known=head)
    assert (found.ok, found.sealed, head.number) == (True, 5, 3)


def test_an_event_committed_late_is_still_taken(database: Database, db: Session) -> None:
    add(database, 2)
    seal_all(database)
    add(database, 1, created_at=now() - timedelta(hours=1), action="late")
    seal_all(database)

    assert verify(db).ok
    assert db.scalars(select(AuditEvent.action).where(AuditEvent.number == 3)).one() == "late"


def test_the_chain_is_what_the_documentation_says(database: Database, db: Session) -> None:
    """Computed here by hand, so that a change of the format cannot pass unnoticed."""
    from hashlib import sha256

    add(database, 1, facts={"b": 1, "a": "é"})
    seal_all(database)
    event = db.scalars(select(AuditEvent)).one()
    text = (
        '{"action":"workshop.closed","actor_id":null,"actor_kind":"system",'
        f'"created_at":"{event.created_at:%Y-%m-%dT%H:%M:%S.%fZ}",'
        '"facts":{"a":"\\u00e9","b":1},'
        f'"id":"{event.id}","number":1,"subject_id":"{event.subject_id}",'
        '"subject_kind":"workshop"}'
    )
    assert event.digest == sha256(bytes(32) + text.encode()).hexdigest()


def at(number: int) -> Any:
    return EVENTS.c.number == number


def renumber(db: Session, old: int, new: int) -> None:
    db.execute(update(EVENTS).where(at(old)).values(number=new))


def swap(db: Session) -> None:
    """Let 4 and 5 change places, each digest staying at its place."""
    four, five = (
        db.execute(select(EVENTS.c.id, EVENTS.c.digest).where(at(number))).one()
        for number in (4, 5)
    )
    renumber(db, 4, 99)
    renumber(db, 5, 4)
    renumber(db, 99, 5)
    for event, digest in ((four.id, five.digest), (five.id, four.digest)):
        db.execute(update(EVENTS).where(EVENTS.c.id == event).values(digest=digest))


def close_the_gap(db: Session) -> None:
    """Delete 4, and renumber what follows."""
    db.execute(delete(EVENTS).where(at(4)))
    for number in range(5, 11):
        renumber(db, number, number - 1)


TAMPERINGS: dict[str, tuple[int, Change]] = {
    "another action": (4, lambda db: db.execute(update(EVENTS).where(at(4)).values(action="x"))),
    "another actor": (
        7,
        lambda db: db.execute(update(EVENTS).where(at(7)).values(actor_id=uuid4())),
    ),
    "other facts": (1, lambda db: db.execute(update(EVENTS).where(at(1)).values(facts={}))),
    "another moment": (
        10,
        lambda db: db.execute(update(EVENTS).where(at(10)).values(created_at=now())),
    ),
    "another digest": (
        3,
        lambda db: db.execute(update(EVENTS).where(at(3)).values(digest="0" * 64)),
    ),
    "one deleted": (4, lambda db: db.execute(delete(EVENTS).where(at(4)))),
    "the first deleted": (1, lambda db: db.execute(delete(EVENTS).where(at(1)))),
    "one deleted, the rest renumbered": (4, close_the_gap),
    "two reordered": (4, swap),
    "one unsealed": (
        4,
        lambda db: db.execute(update(EVENTS).where(at(4)).values(number=None, digest=None)),
    ),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_change_of_the_past_is_detected(database: Database, db: Session, tampering: str) -> None:
    first_broken, change = TAMPERINGS[tampering]
    for _ in range(10):
        add(database, 1)
    seal_all(database)
    assert verify(db).ok
    db.rollback()

    with database.write.begin() as writing:
        change(writing)
    found = verify(db)
    assert (found.ok, found.first_broken) == (False, first_broken)
    assert found.sealed == first_broken - 1


def test_a_checkpoint_kept_elsewhere_shows_that_the_end_was_cut_off(
    database: Database, db: Session
) -> None:
    add(database, 10)
    seal_all(database)
    kept = verify(db).head
    db.rollback()
    with database.write.begin() as writing:
        writing.execute(delete(EVENTS).where(EVENTS.c.number > 8))

    assert verify(db).ok
    assert verify(db, known=kept).first_broken == 9


def test_a_checkpoint_kept_elsewhere_shows_that_the_chain_was_written_again(
    database: Database, db: Session
) -> None:
    add(database, 10)
    seal_all(database)
    kept = verify(db).head
    db.rollback()
    with database.write.begin() as writing:
        writing.execute(update(EVENTS).values(number=None, digest=None, action="nothing"))
    seal_all(database)

    assert verify(db).ok
    assert verify(db, known=kept).first_broken == 10


def test_a_chain_may_start_at_a_checkpoint(database: Database, db: Session) -> None:
    add(database, 10)
    seal_all(database)
    digest = db.scalars(select(AuditEvent.digest).where(AuditEvent.number == 6)).one() or ""
    db.rollback()
    with database.write.begin() as writing:
        writing.execute(delete(EVENTS).where(EVENTS.c.number <= 6))

    found = verify(db, start=Checkpoint(6, digest))
    assert (found.ok, found.sealed, found.head.number) == (True, 4, 10)
    assert not verify(db, start=Checkpoint(6, "0" * 64)).ok


def test_two_that_seal_at_once_make_one_chain(database: Database, db: Session) -> None:
    add(database, 2500)

    def seal_in_turn() -> None:
        sealed = 1
        while sealed:
            try:
                with database.write.begin() as writing:
                    sealed = seal(writing)
            except IntegrityError:
                continue

    sealers = [Thread(target=seal_in_turn) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    add(database, 100)
    for sealer in sealers:
        sealer.join()
    seal_all(database)
    found = verify(db)
    assert (found.ok, found.sealed, found.waiting) == (True, 2600, 0)


def test_who_seals_second_takes_only_what_the_first_left(database: Database, db: Session) -> None:
    add(database, 3)
    second: list[int] = []

    def add_and_seal() -> None:
        add(database, 1)
        with database.write.begin() as writing:
            second.append(seal(writing))

    other = Thread(target=add_and_seal)
    with database.write.begin() as writing:
        assert seal(writing) == 3
        other.start()
        other.join(0.3)
        assert second == [], "it waits"
    other.join()
    assert second == [1]
    found = verify(db)
    assert (found.ok, found.sealed) == (True, 4)


def test_a_number_is_given_once(database: Database) -> None:
    add(database, 2)
    with database.write() as db, pytest.raises(IntegrityError):
        db.execute(update(EVENTS).values(number=1, digest="0" * 64))


def test_a_periodic_job_seals_what_waits(database: Database, db: Session) -> None:
    import app.operations.jobs  # noqa: F401 - registers it

    add(database, 1500)
    request_periodic(database)
    worker = Worker(database, ["default"])
    while worker.run_next("default"):
        pass

    found = verify(db)
    assert (found.ok, found.sealed, found.waiting) == (True, 1500, 0)
    due = db.scalars(select(Job.due_at).where(Job.name == "audit.seal")).one()
    assert due - now() <= timedelta(seconds=30)


# Pruning


def prune_old(database: Database) -> int:
    with database.write.begin() as db:
        return prune(db, now() - timedelta(days=300))


def add_old_and_new(database: Database, old: int = 6, new: int = 4) -> None:
    add(database, old, created_at=now() - timedelta(days=400))
    seal_all(database)
    if new:
        add(database, new)
    seal_all(database)


def test_old_events_are_pruned_and_the_chain_still_holds(database: Database, db: Session) -> None:
    add_old_and_new(database)
    head = verify(db).head
    db.rollback()
    assert [prune_old(database), prune_old(database)] == [6, 0]
    checkpoint = db.scalars(select(AuditCheckpoint)).one()
    assert (checkpoint.number, checkpoint.pruned) == (6, 6)
    found = verify(db, known=head)
    assert (found.ok, found.sealed, found.head) == (True, 4, head)


def test_at_most_a_thousand_are_pruned_at_once(database: Database, db: Session) -> None:
    add_old_and_new(database, old=1200)
    assert [prune_old(database) for _ in range(3)] == [1000, 200, 0]
    assert verify(db).ok


def test_the_chain_goes_on_when_all_of_it_was_pruned(database: Database, db: Session) -> None:
    add_old_and_new(database, new=0)
    prune_old(database)
    add(database, 2)
    seal_all(database)
    found = verify(db)
    assert (found.ok, found.sealed, found.head.number) == (True, 2, 8)


def test_an_old_event_sealed_late_waits_for_those_before_it(database: Database) -> None:
    add(database, 1)
    seal_all(database)
    add(database, 1, created_at=now() - timedelta(days=400))
    seal_all(database)
    assert prune_old(database) == 0


@pytest.mark.parametrize("number", [1, 4, 6, 7, 10])
def test_pruning_hides_no_tampering(database: Database, db: Session, number: int) -> None:
    add_old_and_new(database)
    with database.write.begin() as writing:
        writing.execute(update(EVENTS).where(at(number)).values(action="x"))
    prune_old(database)
    assert verify(db).first_broken == number


@pytest.mark.parametrize("number", [7, 9])
def test_tampering_after_the_pruning_shows(database: Database, db: Session, number: int) -> None:
    add_old_and_new(database)
    prune_old(database)
    with database.write.begin() as writing:
        writing.execute(delete(EVENTS).where(at(number)))
    assert verify(db).first_broken == number


def test_a_job_prunes_what_is_older_than_a_year(database: Database, db: Session) -> None:
    discover()
    request_periodic(database)
    add_old_and_new(database, old=1200)
    add(database, 1, created_at=now() - timedelta(days=360))
    worker = Worker(database, ["default"])
    while worker.run_next("default"):
        pass

    checkpoints = db.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.number)).all()
    assert [(c.number, c.pruned) for c in checkpoints] == [(1000, 1000), (1200, 200)]
    assert db.scalar(select(func.min(EVENTS.c.number))) == 1201
    assert verify(db).ok
    due = db.scalars(select(Job.due_at).where(Job.name == "audit.prune")).one()
    assert timedelta(hours=23) < due - now() <= timedelta(days=1)


def test_what_was_kept_elsewhere_is_compared_with_events_and_checkpoints(
    database: Database, db: Session
) -> None:
    add_old_and_new(database)
    kept = [Checkpoint(*row) for row in db.execute(select(EVENTS.c.number, EVENTS.c.digest))]
    db.rollback()
    prune_old(database)
    add(database, 1)
    seal_all(database)
    passes = [passes_through(db, one) for one in sorted(kept, key=attrgetter("number"))]
    assert passes == [None] * 5 + [True] * 5
    assert [verify(db, known=one).ok for one in kept] == [True] * 10
    other = "0" * 64
    for number in (6, 8, 11, 99):
        assert passes_through(db, Checkpoint(number, other)) is False
        assert not verify(db, known=Checkpoint(number, other)).ok


def test_an_older_checkpoint_still_tells(database: Database, db: Session) -> None:
    add_old_and_new(database, old=1200)
    while prune_old(database):
        pass
    digest = db.scalar(select(AuditCheckpoint.digest).where(AuditCheckpoint.number == 1000))
    assert digest
    assert verify(db, known=Checkpoint(1000, digest)).ok
    assert not verify(db, known=Checkpoint(1000, "0" * 64)).ok


def test_a_deleted_or_changed_checkpoint_shows(database: Database, db: Session) -> None:
    add_old_and_new(database)
    prune_old(database)
    kept = verify(db)
    db.rollback()
    with database.write.begin() as writing:
        writing.execute(update(AuditCheckpoint).values(digest="0" * 64))
    assert (kept.ok, verify(db).first_broken) == (True, 7)
    db.rollback()
    with database.write.begin() as writing:
        writing.execute(delete(AuditCheckpoint))
    assert verify(db).first_broken == 1
