"""Restore a backup: all of it or nothing, and without what was taken back since.

It is looked at whole before anything is touched. Files come first, then all rows in one
transaction, in which the ledger is replayed: no reader ever sees a word that was withdrawn. Then
what was taken back is erased.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import Database
from app.jobs.models import UNFINISHED, Job
from app.jobs.runner import Worker
from app.jobs.service import DEFAULT, enqueue
from app.operations import rows, verification
from app.operations.backup import FORMAT, INDEX, MANIFEST, OBJECTS, TABLES, Manifest, Pace, Tell
from app.operations.failures import Failure
from app.operations.health import newest_migrations
from app.operations.models import Backup
from app.operations.service import operator
from app.search.jobs import COMPLETE
from app.storage.service import ObjectExists, ObjectMissing, Storage
from app.textindex import service as textindex
from app.withdrawals import ledger, purge
from app.withdrawals.replay import replay_within

INSTALLED = frozenset({"terms", "territories", "notices"})  # reference data of every installation
MACHINE = rows.TRANSIENT | {"jobs"}
WITHDRAWAL_MADE = "withdrawal.made"
PATIENCE = 120.0  # seconds for what was taken back to be erased
NO_BACKUP = "Ce n'est pas une sauvegarde entière : le fichier « manifest » manque."
DAMAGED = "Cette sauvegarde est abîmée ({member}) : rien n'a été touché."
NEWER_BACKUP = "Cette sauvegarde vient d'une version plus récente du service : rien n'a été touché."
OTHER_REVISION = (
    "Cette sauvegarde vient d'une autre version du service (base {revision}) : restaurez-la avec "
    "cette version, puis lancez « python -m app migrate » avec la nouvelle. Rien n'a été touché."
)
NOT_EMPTY = (
    "Il y a déjà des données ici : ajoutez --replace pour les remplacer toutes. "
    "Rien n'a été touché."
)
NOT_PURGED = (
    "La sauvegarde est restaurée et rien de ce qui a été retiré n'est visible, mais tout n'est pas "
    "encore effacé : lancez « python -m app worker »."
)


def inspect_backup(source: Storage, tell: Tell) -> Manifest:
    """The manifest of a backup that is whole, byte for byte. Raises Failure."""
    try:
        told = json.loads(b"".join(source.read(MANIFEST)))
        if told["format"] > FORMAT:
            raise Failure(NEWER_BACKUP)
        manifest = Manifest(**told)
    except ObjectMissing:
        raise Failure(NO_BACKUP) from None
    except (ValueError, KeyError, TypeError):
        raise Failure(DAMAGED.format(member=MANIFEST)) from None
    if {manifest.revision} != newest_migrations():
        raise Failure(OTHER_REVISION.format(revision=manifest.revision))
    tables = {table.name for table in rows.kept_tables()}
    if manifest.tables.keys() != tables:
        raise Failure(DAMAGED.format(member=TABLES))
    for name in tables:
        _require_whole(source, f"{TABLES}/{name}", manifest.tables[name])
    _require_whole(source, INDEX, manifest.index)
    pace = Pace(tell, "fichiers vérifiés", manifest.objects)
    for member in _index(source):
        _require_whole(source, f"{OBJECTS}/{member['key']}", member)
        pace.step()
    return manifest


def require_no_people(database: Database, replace: bool) -> None:
    """Raise Failure when somebody's data is here already, unless it is to be replaced."""
    if replace:
        return
    with database.read() as db:
        there = set(inspect(db.connection()).get_table_names())
        for table in rows.every_table():
            is_people = table.name not in INSTALLED | MACHINE
            if is_people and table.name in there and db.scalar(select(table.c.id).limit(1)):
                raise Failure(NOT_EMPTY)


def restore(
    database: Database, objects: Storage, source: Storage, manifest: Manifest, tell: Tell
) -> int:
    """Put all of a backup that was inspected in place of what is here.

    The database has the tables of this version. How many withdrawals were done again.
    """
    _copy_objects(objects, source, manifest, tell)
    with database.filling() as db:
        _fill(db, source, manifest, tell)
        textindex.clear(db)
        done_again = replay_within(db)
        facts = {"rows": manifest.rows, "objects": manifest.objects, "replayed": done_again}
        record(db, "backup.restored", on=_backup(manifest), by=operator(), **facts)
    return done_again


def finish(database: Database, objects: Storage, sweep: bool) -> verification.Report:
    """Have words found, and erase what was taken back.

    With `sweep`, erase the files that no row knows any more too.

    The handlers of jobs are known. Raises Failure when it takes too long.
    """
    with database.write.begin() as db:
        enqueue(db, COMPLETE)  # the index of words is in no backup
    worker, deadline = Worker(database), monotonic() + PATIENCE
    unfinished = select(Job.id).where(Job.name == WITHDRAWAL_MADE, UNFINISHED).limit(1)
    while True:
        while worker.run_next(DEFAULT):
            pass
        with database.read() as db:
            if not db.scalar(unfinished):
                break
        if monotonic() > deadline:
            raise Failure(NOT_PURGED)
        sleep(0.2)
    purge.scrub(database)
    now = timedelta(0)  # nobody else writes; and each file was compared when it was copied
    return verification.verify(database, objects, repair=sweep, older_than=now, quick=True)


def _require_whole(source: Storage, key: str, told: dict[str, Any]) -> None:
    if not _is_whole(source, key, told):
        raise Failure(DAMAGED.format(member=key))


def _is_whole(where: Storage, key: str, told: dict[str, Any]) -> bool:
    """Whether this object is there, byte for byte."""
    with suppress(ObjectMissing):
        return bool(where.size(key) == told["size"] and where.sha256(key) == told["sha256"])
    return False


def _index(source: Storage) -> Iterator[dict[str, Any]]:
    return map(rows.parse, rows.lines_of(source.read(INDEX)))


def _copy_objects(objects: Storage, source: Storage, manifest: Manifest, tell: Tell) -> None:
    """Files that are here already, byte for byte, are left where they are."""
    pace = Pace(tell, "fichiers copiés", manifest.objects)
    for member in _index(source):
        key = member["key"]
        target = ledger.ledger() if key.startswith(f"{ledger.PREFIX}/") else objects
        if not _is_whole(target, key, member):
            target.delete(key)
            with suppress(ObjectExists):
                stored = target.write(key, source.read(f"{OBJECTS}/{key}"))
                if stored.sha256 != member["sha256"]:
                    raise Failure(DAMAGED.format(member=key))
        pace.step()


def _fill(db: Session, source: Storage, manifest: Manifest, tell: Tell) -> None:
    connection = db.connection()
    for table in reversed(rows.every_table()):
        connection.execute(table.delete())
    for table in rows.kept_tables():
        lines = rows.lines_of(source.read(f"{TABLES}/{table.name}"))
        count = rows.load(connection, table, lines)
        if count != manifest.tables[table.name]["rows"]:
            raise Failure(DAMAGED.format(member=f"{TABLES}/{table.name}"))
    tell(f"Base de données : {manifest.rows} lignes.")


def _backup(manifest: Manifest) -> Backup:
    backup = Backup()
    backup.id = UUID(manifest.id)
    return backup
