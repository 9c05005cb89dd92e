"""What was taken back stays so, even in a database that knows nothing of it any more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.operations import backup, restoring
from app.storage.service import storage
from app.testimonies.models import State, Testimony
from app.withdrawals import ledger
from app.withdrawals.ledger import LedgerDamaged
from app.withdrawals.models import Withdrawal
from app.withdrawals.replay import replay
from app.worker import discover
from tests.withdrawals.world import (
    CANARY,
    World,
    bytes_of_database,
    bytes_of_storage,
    holding,
)

WITHDRAWN = {"id", "witness_id", "everything", "cells", "choices", "at"}


@pytest.fixture(autouse=True)
def _own_ledger() -> Iterator[None]:
    for key in list(ledger.every_key()):
        ledger.ledger().delete(key)
    yield
    for key in list(ledger.every_key()):
        ledger.ledger().delete(key)


def silence(_: str) -> None:
    """Tell nobody."""


def test_a_withdrawal_is_in_the_ledger_with_nothing_personal(world: World) -> None:
    made = world.take_back()
    (entry,) = ledger.entries()
    assert (str(entry.id), entry.witness_id) == (made["id"], world.witness.id)
    assert entry.everything
    content = b"".join(ledger.ledger().read(ledger.key_of(entry.id)))
    assert CANARY.encode() not in content


def test_what_the_database_knows_is_not_done_again(world: World) -> None:
    world.take_back()
    assert replay(world.database) == 0


def test_an_entry_of_a_witness_unknown_here_is_left(world: World) -> None:
    stranger = Withdrawal(
        id=world.account.id,
        created_at=world.witness.created_at,
        witness_id=world.account.id,
        everything=True,
        cells=[],
        choices=[],
    )
    ledger.keep(stranger)
    ledger.keep(stranger)
    assert replay(world.database) == 0
    assert len(list(ledger.entries())) == 1


def test_an_entry_that_cannot_be_read_is_never_passed_over(world: World) -> None:
    ledger.keep_bytes(ledger.key_of(world.account.id), b"{")
    with pytest.raises(LedgerDamaged):
        replay(world.database)


def test_yesterdays_backup_gives_nothing_back_that_was_taken_since(
    world: World, tmp_path: Path
) -> None:
    discover()
    yesterday = backup.place_of(str(tmp_path / "yesterday"), is_new=True)
    backup.back_up(world.database, storage(), yesterday, silence)
    assert CANARY in world.words_on_the_page()
    withdrawal = world.take_back()
    world.work()

    manifest = restoring.inspect_backup(yesterday, silence)
    assert restoring.restore(world.database, storage(), yesterday, manifest, silence) == 1
    with world.database.read() as db:
        assert db.get_one(Testimony, world.testimony.id).state is State.WITHDRAWN
        assert list(map(str, db.scalars(select(Withdrawal.id)))) == [withdrawal["id"]]
    assert CANARY not in world.words_on_the_page(), "not for one request"

    report = restoring.finish(world.database, storage(), sweep=True)
    assert report.ok
    assert holding(CANARY, bytes_of_storage()) == []
    assert holding(CANARY, bytes_of_database(world.database)) == []
    assert replay(world.database) == 0
