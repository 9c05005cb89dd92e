"""What can be done with uploads: begin, bring bytes, give up; what is forgotten, and when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.models import Account
from app.accounts.permissions import Permission, Role
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.problems import ContentTooLarge, Invalid, NotFound, Problem
from app.core.settings import settings
from app.jobs.service import enqueue
from app.media import service as media
from app.media.twins import Twins
from app.storage.service import Stored
from app.uploads.models import OffsetConflict, TooManyPieces, Upload, UploadPart
from app.uploads.protocol import Asked, read_metadata
from app.workshops import service as workshops
from app.workshops.models import Workshop

PREFIX = "uploads"
MOST_PIECES = 10_000  # of one upload: each is an object, and a row
LATEST_RETRY = 3600  # seconds
EXPIRED_AT_ONCE = 200
KEYS_AT_ONCE = 500  # of one job
LIMITS = {"audio": "audio_max", "image": "image_max"}  # by what the client says; others are videos


class QuotaExceeded(Problem):
    """You have too many unfinished uploads: finish one, or give one up."""

    status = 429


@dataclass(frozen=True)
class Turn:
    """The right to bring the next bytes of an upload, until another request takes its turn."""

    upload_id: UUID
    number: int
    start: int
    left: int

    def new_key(self) -> str:
        """Where its bytes go: nobody guesses it, and no two tries share it."""
        return f"{PREFIX}/{self.upload_id}/{self.start}-{token_hex(16)}"


def visible_to(me: Caller) -> Select[Upload]:
    """The uploads that this account began, until they expire: nobody else's are there."""
    return select(Upload).where(Upload.created_by_id == me.id, Upload.expires_at > now())


def find(db: Session, upload_id: UUID, by: Caller) -> Upload:
    """An upload of the caller's own; locked if it may be changed. Raises NotFound."""
    upload = db.scalar(locked(db, visible_to(by).where(Upload.id == upload_id)))
    if not upload:
        raise NotFound
    return upload


def begin(db: Session, asked: Asked, by: Caller) -> Upload:
    """A new upload, of which nothing came yet. Raises ContentTooLarge, Invalid, QuotaExceeded.

    The workshop is one that the caller sees, open or not: what was filmed there is often sent in
    the evening. It says in the audit log where a file that is joined to nothing comes from.
    """
    by.require(Permission.WRITE_TESTIMONIES)
    most = size_limit(asked.said.filetype)
    if asked.size > most:
        raise ContentTooLarge(max=most)
    _require_workshop(db, asked.said.workshop_id, by)
    _require_quota(db, by)
    upload = Upload(
        created_by_id=by.id,
        workshop_id=asked.said.workshop_id,
        metadata_=asked.metadata,
        size=asked.size,
        received=0,
        turn=0,
        expires_at=now() + _life(by),
    )
    db.add(upload)
    place = {"workshop_id": str(asked.said.workshop_id)} if asked.said.workshop_id else {}
    record(db, "upload.begun", on=upload, by=by, size=asked.size, **place)
    return upload


def take_turn(db: Session, upload: Upload, start: int) -> Turn:
    """From now on this request brings the bytes from `start` on, and no earlier one does.

    Raises OffsetConflict unless they are the next ones, TooManyPieces.
    """
    if start != upload.received:
        raise OffsetConflict(offset=upload.received)
    pieces = select(func.count()).where(UploadPart.upload_id == upload.id)
    if (db.scalar(pieces) or 0) >= MOST_PIECES:
        raise TooManyPieces(max=MOST_PIECES)
    upload.turn += 1
    return Turn(upload.id, upload.turn, start, upload.left)


def keep_piece(
    db: Session, upload: Upload, turn: Turn, stored: Stored, *, by: Caller, twins: Twins
) -> None:
    """These bytes, which are on disk, are the next ones; with the last of them it is a media.

    Raises OffsetConflict when another request took its turn meanwhile; NotCompared when bytes must
    be compared first with those of a media of the caller's.
    """
    by.require(Permission.WRITE_TESTIMONIES)
    if upload.turn != turn.number or upload.received != turn.start:
        raise OffsetConflict(offset=upload.received)
    if stored.size < upload.left:
        db.add(
            UploadPart(
                upload_id=upload.id,
                start=turn.start,
                size=stored.size,
                key=stored.key,
                sha256=stored.sha256,
            )
        )
        upload.received += stored.size
        return
    pieces = [*_pieces(db, upload), stored]
    whole = media.receive(
        db,
        stored if len(pieces) == 1 else pieces,
        filename=read_metadata(upload.metadata_).filename,
        by=by,
        twin=twins.find(db, pieces, by),
    )
    db.execute(delete(UploadPart).where(UploadPart.upload_id == upload.id))
    upload.received, upload.media_id = upload.size, whole.id


def give_up(db: Session, upload: Upload, by: Caller) -> None:
    """Forget an upload, and delete what came of it. A media that it became stays."""
    record(db, "upload.given_up", on=upload, by=by, received=upload.received)
    _forget(db, [upload.id])


def expire(db: Session) -> int:
    """Forget some uploads that have had their time, and delete what came; how many that was."""
    old = select(Upload).where(Upload.expires_at <= now()).order_by(Upload.expires_at)
    found = list(db.scalars(locked(db, old.limit(EXPIRED_AT_ONCE))))
    for upload in found:
        if upload.left:
            record(db, "upload.expired", on=upload, by=None, received=upload.received)
    _forget(db, [upload.id for upload in found])
    return len(found)


def forget(db: Session, media_ids: Collection[UUID]) -> None:
    """These media are erased: so is what was said of the files that they were."""
    db.execute(delete(Upload).where(Upload.media_id.in_(media_ids)))


def known_keys(db: Session, keys: Collection[str]) -> set[str]:
    """Which of these keys are pieces of uploads that are not whole yet."""
    return set(db.scalars(select(UploadPart.key).where(UploadPart.key.in_(keys))))


def size_limit(filetype: str | None) -> int:
    """The most bytes of a file of this type; of one that is not told, as of a video.

    Whether it is of that type, its content says once it is there.
    """
    kind = (filetype or "").partition("/")[0].lower()
    return int(getattr(settings(), LIMITS.get(kind, "video_max")))


def _life(by: Caller) -> timedelta:
    known = settings()
    is_animator = by.role is Role.ANIMATOR
    return timedelta(seconds=known.upload_ttl_animator if is_animator else known.upload_ttl)


def _require_workshop(db: Session, workshop_id: UUID | None, by: Caller) -> None:
    seen = workshops.visible_to(by).where(Workshop.id == workshop_id)
    if workshop_id and not db.scalar(seen):
        raise Invalid.at("#/Upload-Metadata/workshop_id", "unknown_id")


def _require_quota(db: Session, by: Caller) -> None:
    """Raise QuotaExceeded when the account has too many open uploads; one at a time asks."""
    db.execute(locked(db, select(Account).where(Account.id == by.id)))
    open_ = visible_to(by).where(Upload.media_id.is_(None)).with_only_columns(Upload.expires_at)
    ends = list(db.scalars(open_.order_by(Upload.expires_at)))
    if len(ends) >= settings().uploads_open_max:
        seconds = (ends[0] - now()).total_seconds() if ends else LATEST_RETRY
        problem = QuotaExceeded(max=settings().uploads_open_max)
        problem.headers = {"Retry-After": str(max(1, min(int(seconds) + 1, LATEST_RETRY)))}
        raise problem


def _pieces(db: Session, upload: Upload) -> list[Stored]:
    """What came of it before, in order."""
    rows = select(UploadPart).where(UploadPart.upload_id == upload.id).order_by(UploadPart.start)
    return [Stored(part.key, part.size, part.sha256) for part in db.scalars(rows)]


def _forget(db: Session, ids: Collection[UUID]) -> None:
    """Delete these rows, and have a job delete the objects, whoever dies meanwhile."""
    of_them = UploadPart.upload_id.in_(ids)
    keys = list(db.scalars(select(UploadPart.key).where(of_them)))
    for start in range(0, len(keys), KEYS_AT_ONCE):
        enqueue(db, media.DOOMED, keys=keys[start : start + KEYS_AT_ONCE])
    db.execute(delete(UploadPart).where(of_them))
    db.execute(delete(Upload).where(Upload.id.in_(ids)))
