"""A backup is whole or refused; restored, it gives the same rows."""

from pathlib import Path

import pytest

from app.core.db import Database
from app.operations import backup, restoring, rows
from app.operations.failures import Failure
from app.storage.service import storage
from tests.make import Make


def silence(_: str) -> None:
    """Tell nobody."""


def dumped(database: Database) -> dict[str, bytes]:
    """The rows of people, as lines."""
    with database.snapshot() as connection:
        return {
            table.name: b"".join(rows.dump(connection, table))
            for table in rows.kept_tables()
            if table.name != "audit_events"
        }


def test_what_is_restored_is_what_was_saved(make: Make, database: Database, tmp_path: Path) -> None:
    one = make.account()
    make.account(suspended_at=one.created_at, suspended_by_id=one.id)
    make.testimony(media=[make.media(files={"original": b"film"})])
    place = backup.place_of(str(tmp_path / "saved"), is_new=True)
    backup.back_up(database, storage(), place, silence)
    before = dumped(database)
    make.testimony()
    manifest = restoring.inspect_backup(place, silence)
    restoring.restore(database, storage(), place, manifest, silence)
    assert dumped(database) == before


def test_a_damaged_backup_is_refused_and_so_is_a_place_with_people(
    make: Make, database: Database, tmp_path: Path
) -> None:
    make.testimony()
    place = backup.place_of(str(tmp_path / "saved"), is_new=True)
    backup.back_up(database, storage(), place, silence)
    with pytest.raises(Failure, match="vide"):
        backup.back_up(database, storage(), place, silence)
    with pytest.raises(Failure, match="--replace"):
        restoring.require_no_people(database, replace=False)
    file = tmp_path / "saved" / "tables" / "testimonies"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(Failure, match="abîmée"):
        restoring.inspect_backup(place, silence)
