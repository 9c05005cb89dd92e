"""The key of the vault is changed: nothing is lost, whenever the power goes, and servers go on."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from stat import S_IMODE
from threading import Event, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.models import ActorKind, AuditEvent
from app.core.db import Database
from app.core.settings import settings
from app.witnesses import vault
from app.witnesses.models import Guardian, Identity
from app.witnesses.vault import (
    KeyFolderClosed,
    RotationUnderWay,
    key_id,
    open_identity,
    rotate,
    seal,
)
from app.workshops.models import Workshop
from tests.make import Make

LEA = {"given_name": "Léa", "family_name": "Martin", "email": "lea@example.org", "phone": None}
ROTATE_AND_DIE = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.orm import Session
from app.core.db import Database
from app.witnesses import vault

left = int(sys.argv[2])

def step(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def hook(name, facts):
    if name in ("os.link", "os.rename", "os.remove", "open") and "vault.key" in str(facts[0]):
        step()

sys.addaudithook(hook)
event.listen(Session, "before_commit", step)
event.listen(Session, "after_commit", step)
vault.BATCH = 2
vault.rotate(Database(sys.argv[1]))
"""


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key file of this test alone."""
    path = tmp_path / "keys" / "vault.key"
    monkeypatch.setattr(settings(), "vault_key_file", path)
    return path


@pytest.fixture
def people(
    make: Make, workshop: Workshop, animator: Account, database: Database, key_file: Path
) -> dict[str, str]:
    """The names of five witnesses and of a guardian, whose identities are in the vault."""
    names = [f"Personne {number}" for number in range(5)]
    witnesses = [make.witness(workshop=workshop) for _ in names]
    with database.write.begin() as db:
        for name, witness in zip(names, witnesses, strict=True):
            db.add(seal(witness.id, LEA | {"given_name": name}))
        about = {"witness_id": witnesses[0].id, "declared_by_id": animator.id}
        guardian = Guardian(relation="parent", **about)
        db.add(guardian)
        db.flush()
        db.add(seal(witnesses[0].id, LEA | {"given_name": "Parent"}, guardian.id))
    return dict.fromkeys([*names, "Parent"], "Martin")


def opened(database: Database) -> dict[str | None, str | None]:
    """The names that open now."""
    with database.read() as db:
        identities = [open_identity(row) for row in db.scalars(select(Identity))]
    return {identity["given_name"]: identity["family_name"] for identity in identities}


def keys_of_rows(db: Session) -> set[str]:
    return set(db.scalars(select(Identity.key_id)))


def test_every_identity_is_encrypted_anew_and_the_former_key_is_kept(
    people: dict[str, str], key_file: Path, database: Database, db: Session
) -> None:
    before = key_file.read_bytes()
    rows = {row.id: row.given_name for row in db.scalars(select(Identity))}
    db.rollback()

    done = rotate(database)
    after = key_file.read_bytes()
    assert (done.rows, done.closed, done.key_id) == (6, 0, key_id(after))
    assert after != before
    assert done.former == key_file.with_name(f"vault.key.{key_id(before)}")
    assert done.former.read_bytes() == before
    assert sorted(key_file.parent.iterdir()) == [key_file, done.former]
    assert {S_IMODE(path.stat().st_mode) for path in key_file.parent.iterdir()} == {0o400}
    assert keys_of_rows(db) == {key_id(after)}
    assert all(rows[row.id] != row.given_name for row in db.scalars(select(Identity)))
    assert opened(database) == people


def test_it_is_recorded_without_telling_a_key(
    people: dict[str, str], key_file: Path, database: Database, db: Session
) -> None:
    rotate(database)
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "vault.rotated")).one()
    assert event.actor_kind is ActorKind.COMMAND
    assert event.facts.keys() == {"key_id", "former_key_id", "rows"}
    assert key_file.read_bytes().hex() not in str(event.facts)


def test_what_a_late_server_sealed_with_a_former_key_opens_and_is_encrypted_at_the_next_rotation(
    make: Make, workshop: Workshop, people: dict[str, str], database: Database, db: Session
) -> None:
    late = seal(make.witness(workshop=workshop).id, LEA)
    rotate(database)
    with database.write.begin() as writing:
        writing.add(late)
    assert opened(database) == people | {"Léa": "Martin"}
    assert len(keys_of_rows(db)) == 2
    db.rollback()

    assert rotate(database).rows == 7
    assert len(keys_of_rows(db)) == 1
    assert opened(database) == people | {"Léa": "Martin"}


def test_servers_go_on_meanwhile(
    make: Make, workshop: Workshop, people: dict[str, str], database: Database, db: Session
) -> None:
    witnesses = [make.witness(workshop=workshop) for _ in range(40)]
    over, failures, sealed = Event(), list[Exception](), list[str]()

    def serve() -> None:
        while not over.is_set():
            try:
                assert people.items() <= opened(database).items()
                if witnesses:
                    with database.write.begin() as writing:
                        row = seal(witnesses.pop().id, LEA)
                        writing.add(row)
                        sealed.append(row.key_id)
            except Exception as error:
                failures.append(error)
                raise

    servers = [Thread(target=serve) for _ in range(2)]
    for server in servers:
        server.start()
    for _ in range(5):
        rotate(database)
    over.set()
    for server in servers:
        server.join()
    assert not failures
    assert len(set(sealed)) > 1, "new rows are sealed with the new key, without a restart"
    assert opened(database) == people | {"Léa": "Martin"}


@pytest.mark.slow
@pytest.mark.parametrize("ended_in_between", [True, False])
def test_killed_at_any_moment_it_loses_nothing_and_can_be_begun_again(
    people: dict[str, str],
    key_file: Path,
    url: str,
    database: Database,
    db: Session,
    ended_in_between: bool,
) -> None:
    environment = os.environ | {"APP_VAULT_KEY_FILE": str(key_file)}
    for moment in range(1, 200):
        command = [sys.executable, "-c", ROTATE_AND_DIE, url, str(moment)]
        died = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert died.returncode in (0, -signal.SIGKILL), died.stderr.decode()
        assert opened(database) == people, f"killed at {moment}"
        if died.returncode == 0:
            break
        if ended_in_between:
            rotate(database)
            assert opened(database) == people
    assert died.returncode == 0
    assert moment > 10
    assert keys_of_rows(db) == {key_id(key_file.read_bytes())}
    names = [path.name for path in key_file.parent.iterdir()]
    assert "vault.key.next" not in names
    assert all(len(name) <= len("vault.key.") + 16 for name in names), "no draft is left"


def test_a_folder_that_cannot_be_written_to_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database, people: dict[str, str]
) -> None:
    # Even root cannot write there: names of files end at 255 bytes.
    long = tmp_path / "keys" / ("k" * 250)
    long.write_bytes((tmp_path / "keys" / "vault.key").read_bytes())
    monkeypatch.setattr(settings(), "vault_key_file", long)
    before = sorted(long.parent.iterdir())
    with pytest.raises(KeyFolderClosed):
        rotate(database)
    assert sorted(long.parent.iterdir()) == before
    assert opened(database) == people


def test_one_rotation_at_a_time(people: dict[str, str], key_file: Path, database: Database) -> None:
    before = key_file.read_bytes()
    folder = os.open(key_file.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(RotationUnderWay):
        rotate(database)
    os.close(folder)
    assert key_file.read_bytes() == before


def test_what_no_key_opens_stays_as_it_is(
    make: Make, workshop: Workshop, people: dict[str, str], database: Database, db: Session
) -> None:
    with database.write.begin() as writing:
        lost = seal(make.witness(workshop=workshop).id, LEA)
        lost.key_id = "0" * 16
        writing.add(lost)
    done = rotate(database)
    assert (done.rows, done.closed) == (6, 1)
    assert db.get_one(Identity, lost.id).given_name == lost.given_name
    assert rotate(database).closed == 1
    assert vault.BATCH > 7
