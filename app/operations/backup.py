"""A backup: one folder with all that must outlive this machine, except the two key files.

    manifest            format, revision of the database, when; rows and SHA-256 of each table
    tables/<name>       the rows, as `rows` writes them: of one state of the database
    objects/<key>       the files that these rows know, and the ledger of withdrawals
    index               a line of JSON for each of these: `{key, size, sha256}`

It is read by a person, by any tool, and by `restoring`, on either database. It is written while the
service runs, with constant memory; the manifest comes last, so that what was interrupted is no
backup. Identities stay encrypted, the rest is as readable as the database is: keep it as safe.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, select

from app.audit.service import record
from app.core.db import Database
from app.core.models import now
from app.operations import rows
from app.operations.failures import Failure
from app.operations.models import Backup
from app.operations.service import operator
from app.operations.verification import keys_of_media
from app.storage.service import ObjectMissing, Storage, Stored, StoredWriter
from app.withdrawals import ledger

FORMAT = 1
MANIFEST, INDEX, TABLES, OBJECTS = "manifest", "index", "tables", "objects"
DESCRIBED = {"key", "size", "sha256"}  # the columns of a table that keeps files
PACE = 5.0  # seconds between two lines on a long work
NO_FOLDER = "Il n'y a pas de dossier {name}."
NOT_EMPTY = "Ce dossier n'est pas vide : choisissez-en un nouveau pour chaque sauvegarde."

Tell = Callable[[str], None]


@dataclass
class Manifest:
    """What a backup holds."""

    id: str
    made_at: str
    revision: str
    format: int = FORMAT
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    index: dict[str, Any] = field(default_factory=dict)
    objects: int = 0
    missing: int = 0  # files that the database knows, and that were not there, or not whole

    @property
    def rows(self) -> int:
        """How many rows, in all."""
        return sum(table["rows"] for table in self.tables.values())


@dataclass(frozen=True)
class Known:
    """A file that a row of the backup knows; of a part of before, only the key is known."""

    table: str
    key: str
    size: int | None = None
    sha256: str | None = None


class Pace:
    """Says how far a long work is, every few seconds."""

    def __init__(self, tell: Tell, what: str, total: int | None = None) -> None:
        self._tell, self._what, self._total = tell, what, total
        self._said, self.count = monotonic(), 0

    def step(self) -> None:
        """One more is done."""
        self.count += 1
        if monotonic() - self._said > PACE:
            of_all = f" sur {self._total}" if self._total is not None else ""
            self._tell(f"  {self._what} : {self.count}{of_all}…")
            self._said = monotonic()


def place_of(name: str, is_new: bool = False) -> Storage:
    """The folder, or the bucket (`s3://…`), where a backup is or will be. Raises Failure."""
    if "://" in name:
        return Storage(name)
    folder = Path(name).resolve()
    if not is_new and not folder.is_dir():
        raise Failure(NO_FOLDER.format(name=name))
    return Storage(folder.as_uri())


def back_up(database: Database, objects: Storage, target: Storage, tell: Tell) -> Manifest:
    """Write a backup in this empty place. Raises Failure when it is not empty."""
    if next(target.objects(), None):
        raise Failure(NOT_EMPTY)
    backup = Backup()
    with database.write.begin() as db:
        record(db, "backup.made", on=backup, by=operator())
    manifest = Manifest(str(backup.id), now().isoformat(), "")
    _write_tables(database, target, manifest, tell)
    with target.open_writer(INDEX) as index:
        _Copy(database, objects, target, index, manifest, tell).all()
    manifest.index = {"size": index.stored.size, "sha256": index.stored.sha256}
    target.write(MANIFEST, [json.dumps(asdict(manifest), indent=1).encode()])
    return manifest


def _write_tables(database: Database, target: Storage, manifest: Manifest, tell: Tell) -> None:
    """The rows of one state of the database."""
    with database.snapshot() as connection:
        manifest.revision = MigrationContext.configure(connection).get_current_revision() or ""
        pace = Pace(tell, "lignes")
        for table in rows.kept_tables():
            before = pace.count

            def counted(table: Table = table) -> Iterator[bytes]:
                for line in rows.dump(connection, table):
                    yield line
                    pace.step()

            stored = target.write(f"{TABLES}/{table.name}", _gathered(counted()))
            manifest.tables[table.name] = {
                "rows": pace.count - before,
                "size": stored.size,
                "sha256": stored.sha256,
            }
    tell(f"Base de données : {manifest.rows} lignes.")


def _gathered(lines: Iterator[bytes], size: int = 1024**2) -> Iterator[bytes]:
    """The same bytes, in fewer pieces."""
    waiting = bytearray()
    for line in lines:
        waiting += line
        if len(waiting) >= size:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def known_files(backup: Storage) -> Iterator[Known]:
    """The files that the rows of a backup know, with constant memory."""
    for table in rows.kept_tables():
        names = table.columns.keys()
        if set(names) >= DESCRIBED:
            for row in _rows(backup, table):
                if row["sha256"]:  # what is not made yet has none
                    yield Known(table.name, row["key"], row["size"], row["sha256"])
        elif "parts" in names:
            for row in _rows(backup, table):
                yield from (Known(table.name, **part) for part in row["parts"])


def _rows(backup: Storage, table: Table) -> Iterator[dict[str, Any]]:
    return map(rows.parse, rows.lines_of(backup.read(f"{TABLES}/{table.name}")))


@dataclass
class _Copy:
    """Copies the files of a backup, and lists them."""

    database: Database
    objects: Storage
    target: Storage
    index: StoredWriter
    manifest: Manifest
    tell: Tell

    def all(self) -> None:
        """Files first, and then the ledger: what was taken back meanwhile is there."""
        total = sum(1 for _ in known_files(self.target))
        pace = Pace(self.tell, "fichiers", total)
        for known in known_files(self.target):
            self._copy_known(known)
            pace.step()
        files = self.manifest.objects
        for key in ledger.every_key():
            self._keep(self._copy(ledger.ledger(), key), key)
        self.tell(f"Fichiers : {files}. Retraits du registre : {self.manifest.objects - files}.")

    def _copy_known(self, known: Known) -> None:
        """Leave out what is not whole, and say so; what was erased meanwhile is not missing."""
        try:
            stored = self._copy(self.objects, known.key)
        except ObjectMissing:
            self.manifest.missing += self._is_still_known(known)
            return
        if known.sha256 in (None, stored.sha256) and known.size in (None, stored.size):
            self._keep(stored, known.key)
        else:
            self.target.delete(stored.key)
            self.manifest.missing += 1

    def _copy(self, source: Storage, key: str) -> Stored:
        return self.target.write(f"{OBJECTS}/{key}", source.read(key))

    def _keep(self, stored: Stored, key: str) -> None:
        told = {"key": key, "size": stored.size, "sha256": stored.sha256}
        self.index.write(json.dumps(told).encode() + b"\n")
        self.manifest.objects += 1

    def _is_still_known(self, known: Known) -> bool:
        table = {table.name: table for table in rows.kept_tables()}[known.table]
        with self.database.read() as db:
            if "key" not in table.columns:
                return bool(keys_of_media(db, [known.key]))
            return db.scalar(select(table.c.id).where(table.c.key == known.key)) is not None


def made_on(manifest: Manifest) -> str:
    """When it was made, for people."""
    return datetime.fromisoformat(manifest.made_at).strftime("%d/%m/%Y à %H:%M UTC")
