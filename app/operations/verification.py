"""Compare what the database knows with what the storage holds.

Every feature that keeps keys is in `OWNERS`: what is stored below a prefix, and known to none of
them, is an orphan. What is stored elsewhere is nobody's: it is counted, and never deleted.

Each known object is read to its end and its SHA-256 computed again, wherever it is; a quick look
compares sizes only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import now
from app.media.models import Media, Rendition
from app.releases.models import ReleaseFile
from app.storage.service import Found, ObjectMissing, Storage
from app.uploads import service as uploads
from app.uploads.models import UploadPart
from app.withdrawals import ledger

KEPT = (
    Rendition,
    ReleaseFile,
    UploadPart,
)  # the tables which say of each object its size and its SHA-256
BATCH = 500
YOUNG = timedelta(hours=1)  # what is younger may belong to a request that is not committed yet
SHOWN = 20


def keys_of_media(db: Session, keys: Sequence[str]) -> set[str]:
    """Which of these keys are the bytes of a media."""
    known = set(db.scalars(select(Rendition.key).where(Rendition.key.in_(keys))))
    for parts in db.scalars(select(Media.parts).where(Media.sha256.is_(None))):  # few, and short
        known.update(part["key"] for part in parts)
    return known & set(keys)


def keys_of_releases(db: Session, keys: Sequence[str]) -> set[str]:
    """Which of these keys are files composed from releases."""
    return set(db.scalars(select(ReleaseFile.key).where(ReleaseFile.key.in_(keys))))


def keys_of_uploads(db: Session, keys: Sequence[str]) -> set[str]:
    """Which of these keys are pieces of uploads, or of the media that they became."""
    return uploads.known_keys(db, keys) | keys_of_media(db, keys)


OWNERS: dict[str, Callable[[Session, Sequence[str]], set[str]]] = {
    "media": keys_of_media,
    "releases": keys_of_releases,
    "uploads": keys_of_uploads,
    ledger.PREFIX: ledger.known_keys,
}


@dataclass
class Report:
    """What was found: objects in place, missing or of other bytes, orphans, and nobody's."""

    in_place: int = 0
    missing: int = 0
    damaged: int = 0
    orphans: int = 0
    deleted: int = 0
    of_nobody: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every known object is there, whole."""
        return not (self.missing or self.damaged)

    def note(self, what: str, key: str) -> None:
        if len(self.examples) < SHOWN:
            self.examples.append(f"{what} {key}")


@dataclass(frozen=True)
class Known:
    """An object that some row knows; of a part of before, only the key is known."""

    key: str
    size: int | None = None
    sha256: str | None = None


def verify(
    database: Database,
    objects: Storage,
    repair: bool = False,
    older_than: timedelta = YOUNG,
    quick: bool = False,
) -> Report:
    """Read each known object, then look for an owner of each object there is.

    With `repair`, orphans and drafts that are older than an hour are deleted. Less than an hour is
    for who knows that nobody else writes. With `quick` only sizes are compared.
    """
    report = Report()
    for known in chain(*(_kept_by(model, database) for model in KEPT), _parts(database)):
        _look_for(known, database, objects, quick, report)
    owned = tuple(f"{prefix}/" for prefix in OWNERS)
    for batch in _batches(objects.objects()):
        report.of_nobody += sum(not found.key.startswith(owned) for found in batch)
        for orphan in _orphans(batch, database, older_than):
            report.orphans += 1
            report.note("orphelin", orphan.key)
            if repair:
                objects.delete(orphan.key)
                report.deleted += 1
    if repair:
        report.deleted += objects.delete_drafts(older_than)
    return report


def _kept_by(
    model: type[Rendition | ReleaseFile | UploadPart], database: Database
) -> Iterator[Known]:
    """The objects of all rows of this table, a short read for each batch.

    Of what is still to be made nothing is there, or not measured yet.
    """
    last = ""
    while True:
        made = model.key > last, model.sha256.is_not(None)
        rows = select(model.key, model.size, model.sha256).where(*made)
        with database.read() as db:
            batch = db.execute(rows.order_by(model.key).limit(BATCH)).all()
        yield from (Known(row.key, row.size, row.sha256) for row in batch)
        if len(batch) < BATCH:
            return
        last = batch[-1].key


def _parts(database: Database) -> Iterator[Known]:
    """What is not joined yet: few."""
    with database.read() as db:
        waiting = list(db.scalars(select(Media.parts).where(Media.sha256.is_(None))))
    yield from (Known(**part) for parts in waiting for part in parts)


def _look_for(
    known: Known, database: Database, objects: Storage, quick: bool, report: Report
) -> None:
    try:
        is_whole = known.size in (objects.size(known.key), None)
        if is_whole and known.sha256 and not quick:
            is_whole = objects.sha256(known.key) == known.sha256
    except ObjectMissing:
        if _is_still_known(known.key, database):
            report.missing += 1
            report.note("absent", known.key)
        return
    if is_whole:
        report.in_place += 1
    else:
        report.damaged += 1
        report.note("abîmé", known.key)


def _is_still_known(key: str, database: Database) -> bool:
    with database.read() as db:
        return any(known_to(db, [key]) for known_to in (keys_of_uploads, keys_of_releases))


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    while batch := list(islice(found, BATCH)):
        yield batch


def _orphans(batch: list[Found], database: Database, older_than: timedelta) -> Iterator[Found]:
    """What is old enough to be known, below a prefix of a feature that does not know it."""
    old = [found for found in batch if found.written_at <= now() - older_than]
    for prefix, known_to in OWNERS.items():
        below = [found for found in old if found.key.startswith(f"{prefix}/")]
        with database.read() as db:
            known = known_to(db, [found.key for found in below])
        yield from (found for found in below if found.key not in known)
