"""The files of a release: there at once, and made later by a job. See `composing`."""

from dataclasses import dataclass
from secrets import token_hex
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.core.db import rows_of
from app.core.problems import Problem, WrongState
from app.documents.forms import ARCHIVE, ARCHIVE_TYPE, documents_of, is_heavy
from app.jobs.service import enqueue
from app.lineage.service import made
from app.releases.models import FileStatus, Release, ReleaseFile

PUBLISHED = "release.published"  # a job: its files are to be made
PUBLISHED_HEAVY = "release.published-heavy"  # the same, which waits for its turn with transcodes
SOON = {"Retry-After": "5"}  # seconds


@dataclass
class Composed:
    """A file that is ready: what it takes to deliver it."""

    name: str
    content_type: str
    size: int
    key: str
    sha256: str


class FileNotReady(Problem):
    """This file is being made: ask again in a moment."""

    status = 409
    headers = SOON


TOLD = (
    select(
        ReleaseFile.name,
        ReleaseFile.content_type,
        ReleaseFile.status,
        ReleaseFile.progress,
        ReleaseFile.size,
    )
    .where(ReleaseFile.release_id == bindparam("release_id"))
    .order_by(ReleaseFile.name)
)


def told(db: Session, release_id: UUID) -> list[dict[str, Any]]:
    """What is composed of a release, or will be: `name content_type status progress size` each."""
    return [dict(row._mapping) for row in rows_of(db, TOLD, release_id=release_id)]


def of_release(release_id: UUID) -> Select[ReleaseFile]:
    """What is composed of a release, or will be, by name."""
    rows = select(ReleaseFile).where(ReleaseFile.release_id == release_id)
    return rows.order_by(ReleaseFile.name)


def ask(db: Session, release: Release) -> None:
    """Have what its form offers made, once the present transaction is committed."""
    offered = {document.name: document.content_type for document in documents_of(release.form)}
    for name, content_type in (offered | {ARCHIVE: ARCHIVE_TYPE}).items():
        about = {"release_id": release.id, "name": name, "content_type": content_type}
        file = ReleaseFile(key=new_key(release.id), **about)
        db.add(file)
        made(db, file, [(Release, release.id)])
    ask_composing(db, release)


def ask_again(db: Session, release: Release) -> list[str]:
    """Have what failed made once more, and the archive, which is without; the names of these."""
    files = list(db.scalars(of_release(release.id)))
    failed = {file.name for file in files if file.status is FileStatus.FAILED}
    again = [file for file in files if failed and file.name in failed | {ARCHIVE}]
    _renew(db, release, again)
    return [file.name for file in again]


def ask_anew(db: Session, release: Release) -> None:
    """Have all of it made again: something that is told besides the snapshot has changed."""
    _renew(db, release, list(db.scalars(of_release(release.id))))


def _renew(db: Session, release: Release, files: list[ReleaseFile]) -> None:
    """Under keys of their own; what is stored under the old ones is deleted by the job."""
    for file in files:
        file.status, file.key = FileStatus.PENDING, new_key(release.id)
        file.size = file.sha256 = file.progress = None
    if files:
        ask_composing(db, release)


def ask_composing(db: Session, release: Release) -> None:
    """Have what is pending of a release made. Twice is once."""
    name = PUBLISHED_HEAVY if is_heavy(release.form) else PUBLISHED
    enqueue(db, name, dedupe_key=f"release {release.id}", release_id=str(release.id))


def require_ready(file: ReleaseFile) -> Composed:
    """The file. Raises FileNotReady while it is made, WrongState when nothing came of it."""
    if file.status is FileStatus.FAILED:
        raise WrongState(file=file.status)
    if file.size is None or file.sha256 is None:
        raise FileNotReady(name=file.name, progress=file.progress)
    return Composed(file.name, file.content_type, file.size, file.key, file.sha256)


def prefix_of(release_id: UUID) -> str:
    """Below which all that is composed of a release is stored: what no row knows of is found."""
    return f"releases/{release_id.hex}"


def new_key(release_id: UUID) -> str:
    """A key that nobody guesses."""
    return f"{prefix_of(release_id)}/{token_hex(16)}"
