"""What the database knows is stored, and what is stored is known."""

import os
from hashlib import sha256
from pathlib import Path
from time import time
from uuid import UUID

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.core.db import Database
from app.media.models import Media, Rendition
from app.operations.verification import verify
from app.releases.models import FileStatus, ReleaseFile
from app.storage.keys import new_key
from app.storage.service import Storage
from tests.withdrawals.conftest import world
from tests.withdrawals.world import World

__all__ = ["world"]

HOURS = 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def objects(folder: Path) -> Storage:
    return Storage(f"file://{folder}")


def store(objects: Storage, folder: Path, age: float = 0, prefix: str = "media") -> str:
    """An object written `age` seconds ago."""
    stored = objects.write(new_key(prefix), [b"bytes"])
    os.utime(folder / stored.key, (time() - age, time() - age))
    return stored.key


def keep(database: Database, owner: Account, key: str, parts: list[str] | None = None) -> None:
    """A media which has these bytes."""
    media = Media(
        owner_organization_id=owner.organization_id,
        created_by_id=owner.id,
        filename="film",
        size=5,
        sha256=None if parts else sha256(b"bytes").hexdigest(),
        parts=[
            {"key": part, "size": 5, "sha256": sha256(b"bytes").hexdigest()} for part in parts or []
        ],
    )
    with database.write.begin() as db:
        db.add(media)
        db.flush()
        if not parts:
            db.add(
                Rendition(
                    media_id=media.id,
                    name="original",
                    content_type="video/mp4",
                    size=5,
                    key=key,
                    sha256=sha256(b"bytes").hexdigest(),
                )
            )


def test_all_is_in_place(
    database: Database, objects: Storage, folder: Path, animator: Account
) -> None:
    keep(database, animator, store(objects, folder, age=9 * HOURS))
    part = store(objects, folder, age=9 * HOURS)
    keep(database, animator, "", parts=[part])
    report = verify(database, objects)
    assert report.ok
    assert (report.in_place, report.orphans, report.examples) == (2, 0, [])


def test_what_is_missing_or_cut_short_is_found(
    database: Database, objects: Storage, folder: Path, animator: Account
) -> None:
    missing, short = store(objects, folder), store(objects, folder)
    for key in (missing, short):
        keep(database, animator, key)
    objects.delete(missing)
    (folder / short).write_bytes(b"byt")
    report = verify(database, objects)
    assert not report.ok
    assert (report.in_place, report.missing, report.damaged) == (0, 1, 1)
    assert sorted(report.examples) == sorted([f"absent {missing}", f"abîmé {short}"])


def test_other_bytes_of_the_same_size_are_found_unless_it_must_be_quick(
    database: Database, objects: Storage, folder: Path, animator: Account
) -> None:
    key = store(objects, folder)
    keep(database, animator, key)
    (folder / key).write_bytes(b"BYTES")
    report = verify(database, objects)
    assert (report.ok, report.in_place, report.damaged) == (False, 0, 1)
    assert report.examples == [f"abîmé {key}"]
    assert verify(database, objects, quick=True).ok


def test_parts_that_are_not_joined_yet_are_compared_too(
    database: Database, objects: Storage, folder: Path, animator: Account
) -> None:
    """Before they are joined: later it is too late to know what came."""
    parts = [store(objects, folder) for _ in range(3)]
    keep(database, animator, "", parts=parts)
    (folder / parts[0]).write_bytes(b"BYTES")
    (folder / parts[1]).write_bytes(b"byt")
    report = verify(database, objects)
    assert (report.ok, report.in_place, report.damaged) == (False, 1, 2)
    assert sorted(report.examples) == sorted(f"abîmé {key}" for key in parts[:2])
    quick = verify(database, objects, quick=True)
    assert (quick.in_place, quick.damaged) == (2, 1)


def test_of_parts_of_before_only_the_presence_is_known(
    database: Database, objects: Storage, folder: Path, animator: Account
) -> None:
    part = store(objects, folder)
    keep(database, animator, "", parts=[part])
    with database.write.begin() as db:
        media = db.scalars(select(Media)).one()
        media.parts = [{"key": part, "size": None, "sha256": None}]
    assert verify(database, objects).in_place == 1
    objects.delete(part)
    assert verify(database, objects).missing == 1


def test_files_composed_from_releases_are_looked_for_too(
    database: Database, objects: Storage, folder: Path, world: World
) -> None:
    stored = objects.write(new_key("releases"), [b"bytes"])
    described = {"size": 5, "sha256": stored.sha256, "content_type": "application/pdf"}
    described["status"] = FileStatus.READY
    with database.write.begin() as db:
        release = UUID(world.release_id)
        db.add(ReleaseFile(release_id=release, name="whole.pdf", key=stored.key, **described))
    others = verify(database, objects).missing  # the renditions of this world are elsewhere
    assert verify(database, objects).in_place == 1
    (folder / stored.key).write_bytes(b"BYTES")
    assert verify(database, objects).damaged == 1
    objects.delete(stored.key)
    assert verify(database, objects).missing == others + 1


def test_old_orphans_are_found_and_deleted_only_when_asked(
    database: Database, objects: Storage, folder: Path, animator: Account
) -> None:
    kept = store(objects, folder, age=9 * HOURS)
    keep(database, animator, kept)
    old, young = store(objects, folder, age=2 * HOURS), store(objects, folder)
    report = verify(database, objects)
    assert report.ok
    assert (report.orphans, report.deleted, report.examples) == (1, 0, [f"orphelin {old}"])
    assert verify(database, objects, repair=True).deleted == 1
    assert {found.key for found in objects.objects()} == {kept, young}


def test_what_belongs_to_no_feature_is_never_deleted(
    database: Database, objects: Storage, folder: Path
) -> None:
    """A feature which forgot to say what it owns loses nothing."""
    key = store(objects, folder, age=99 * HOURS, prefix="future")
    report = verify(database, objects, repair=True)
    assert (report.of_nobody, report.orphans, report.deleted) == (1, 0, 0)
    assert [found.key for found in objects.objects()] == [key]
