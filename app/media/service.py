"""What can be done with media: receive, find, deliver; and what jobs keep of their work."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.problems import NotFound
from app.core.text import NOT_IN_A_LINE
from app.jobs.service import enqueue
from app.lineage.service import forget, made
from app.media.models import ORIGINAL, Media, Rendition, Status
from app.media.probe import Found
from app.media.ranges import Range, choose
from app.media.urls import address
from app.storage.service import Storage, Stored

PROCESS, CLIP = "media.process", "media.clip"
DOOMED = "objects.doomed"  # a job: these objects are deleted
UNKNOWN = "application/octet-stream"
GONE = "file"
LONGEST_LABEL = 200  # code points
MEDIA = Media.metadata.tables["media"]


def visible_to(me: Caller) -> Select[Media]:
    """The media that this caller's organization deposited. Others are seen through `gate`."""
    own = Media.owner_organization_id == me.organization_id
    return select(Media).where(own, Media.erased_at.is_(None))


def find(db: Session, media_id: UUID, by: Caller) -> Media:
    """A media of the caller's organization; locked if it may be changed. Raises NotFound."""
    media = db.scalar(locked(db, visible_to(by).where(Media.id == media_id)))
    if not media:
        raise NotFound
    return media


def receive(
    db: Session,
    stored: Stored | Sequence[Stored],
    *,
    filename: str | None,
    by: Caller,
    twin: Media | None = None,
) -> Media:
    """A new media with these bytes, to be processed once the transaction is committed.

    Several objects are its parts, in order: they are joined, and then deleted, by the job. From now
    on the objects belong to the media. When `by` deposited this very file already, as `twin` (see
    `twins`), it is that media, and the objects are deleted.
    """
    objects = [stored] if isinstance(stored, Stored) else list(stored)
    if twin:
        _receive_again(db, twin, objects, by)
        return twin
    whole = objects[0] if isinstance(stored, Stored) else None
    media = Media(
        owner_organization_id=by.organization_id,
        created_by_id=by.id,
        filename=label(filename),
        size=sum(part.size for part in objects),
        sha256=whole.sha256 if whole else None,
        parts=[] if whole else [asdict(part) for part in objects],
    )
    db.add(media)
    db.flush()
    if whole:
        keep(db, media, rendition(media, ORIGINAL, whole, UNKNOWN))
    record(db, "media.received", on=media, by=by, size=media.size)
    ask_processing(db, media)
    return media


def _receive_again(db: Session, media: Media, objects: Sequence[Stored], by: Caller) -> None:
    """It is no new version of the media; it is kept as long as if it had come now."""
    facts = {"deposited_at": now(), "updated_at": MEDIA.c.updated_at}
    db.connection().execute(update(MEDIA).where(MEDIA.c.id == media.id).values(**facts))
    enqueue(db, DOOMED, keys=[part.key for part in objects])
    record(db, "media.received_again", on=media, by=by, size=media.size)


def ask_processing(db: Session, media: Media) -> None:
    """Have a media processed, once the transaction is committed.

    Also again, one that was rejected for `budget` and still has its original: when there is more
    time (`media_timeout`), or a faster machine. Of what was rejected otherwise nothing comes.
    """
    enqueue(db, PROCESS, dedupe_key=process_key(media), media_id=str(media.id))


def process_key(media: Media) -> str:
    """Under what its processing is asked for, once at a time."""
    return f"{PROCESS}:{media.id}"


def ask_clip(db: Session, media: Media, start_ms: int, end_ms: int) -> None:
    """Have this passage of a ready recording made, once the transaction is committed.

    It will be `clip-<start_ms>-<end_ms>.mp4` and `.jpg` of a video, `.m4a` of a sound: what is
    there already is not made again.
    """
    key = clip_key(media, start_ms, end_ms)
    passage: dict[str, Any] = {"start_ms": start_ms, "end_ms": end_ms}
    enqueue(db, CLIP, dedupe_key=key, media_id=str(media.id), **passage)


def clip_key(media: Media, start_ms: int, end_ms: int) -> str:
    """Under what a passage is asked for, once at a time."""
    return f"{CLIP}:{media.id}:{start_ms}-{end_ms}"


def label(filename: str | None) -> str:
    """The last part of a file's name as one line to show, NFC, of 1 to 200 code points."""
    name = re.split(r"[/\\]", filename or "")[-1]
    shown = normalize("NFC", NOT_IN_A_LINE.sub("", name)).strip()
    return shown[:LONGEST_LABEL].strip() or GONE


def renditions_of(db: Session, media: Media) -> list[Rendition]:
    """The files of a media, by name."""
    rows = select(Rendition).where(Rendition.media_id == media.id)
    return list(db.scalars(rows.order_by(Rendition.name)))


def names_of(db: Session, media: Media) -> set[str]:
    """The names of the files of a media."""
    return set(db.scalars(select(Rendition.name).where(Rendition.media_id == media.id)))


def find_rendition(db: Session, media: Media, name: str) -> Rendition:
    """One file of a media, which somebody may see. Raises NotFound."""
    found = db.scalar(
        select(Rendition).where(Rendition.media_id == media.id, Rendition.name == name)
    )
    if not found:
        raise NotFound
    return found


def show_rendition(file: Rendition) -> dict[str, Any]:
    """A file as the API shows it, with its signed address: for those who may see it now."""
    names = ("name", "content_type", "size", "width", "height")
    shown = {name: getattr(file, name) for name in names}
    return {**shown, "url": address(file.media_id, file.name)}


class Kept(Protocol):
    """A file whose bytes are stored: what it takes to deliver it."""

    name: str
    content_type: str
    size: int
    key: str
    sha256: str


@dataclass(frozen=True)
class Delivery:
    """One range of a file: what to answer, and its bytes, in chunks of about 1 MiB."""

    content_type: str
    etag: str
    range: Range
    chunks: Iterator[bytes]


def etag_of(file: Kept) -> str:
    """The strong ETag of a file: of its bytes."""
    return f'"{file.sha256[:32]}"'


def deliver(
    storage: Storage, file: Kept, range_: str | None = None, if_range: str | None = None
) -> Delivery:
    """The bytes that these `Range` and `If-Range` headers ask for. It needs no session.

    Raises RangeNotSatisfiable, ObjectMissing. Who may have them is decided before.
    """
    etag = etag_of(file)
    chosen = choose(file.size, etag, range_, if_range)
    chunks = storage.read_range(file.key, chosen.start, chosen.end)
    return Delivery(file.content_type, etag, chosen, chunks)


def known_keys(db: Session) -> Iterator[str]:
    """Every key that media hold, in no order, with constant memory: the others are orphans."""
    yield from db.scalars(select(Rendition.key).execution_options(yield_per=1000))
    for parts in db.scalars(
        select(Media.parts).where(Media.sha256.is_(None)).execution_options(yield_per=1000)
    ):
        yield from (part["key"] for part in parts)


# Taken back


def set_apart(db: Session, ids: Collection[UUID]) -> None:
    """Somebody in these took everything back: the same file, deposited again, is a new media."""
    these = MEDIA.c.id.in_(ids), MEDIA.c.taken_back_at.is_(None)
    facts = {"taken_back_at": now(), "updated_at": MEDIA.c.updated_at}
    db.connection().execute(update(MEDIA).where(*these).values(**facts))


def erase(db: Session, ids: Collection[UUID]) -> list[str]:
    """These media are gone: the keys of their objects, which the caller deletes.

    What proves a consent keeps its SHA-256; nothing else is left but that there was a file.
    """
    rows = select(Media).where(Media.id.in_(ids), Media.erased_at.is_(None))
    keys: list[str] = []
    for media in db.scalars(locked(db, rows)):
        keys += [part.key for part in media.pieces]
        media.filename, media.parts, media.erased_at = GONE, [], now()
    files = select(Rendition.id).where(Rendition.media_id.in_(ids))
    return keys + erase_renditions(db, list(db.scalars(files)))


def erase_renditions(db: Session, ids: Collection[UUID]) -> list[str]:
    """These files are gone: the keys of their objects, which the caller deletes."""
    keys = list(db.scalars(select(Rendition.key).where(Rendition.id.in_(ids))))
    db.execute(delete(Rendition).where(Rendition.id.in_(ids)))
    forget(db, Rendition.__tablename__, ids)
    return keys


# For the job


def keep(db: Session, media: Media, file: Rendition) -> None:
    """Keep a file that was received, or made, of this media."""
    db.add(file)
    made(db, file, [(Media, media.id)])


def rendition(
    media: Media,
    name: str,
    stored: Stored,
    content_type: str,
    size: tuple[int | None, int | None] = (None, None),
) -> Rendition:
    """A file of a media, in these bytes; width and height in pixels."""
    return Rendition(
        media_id=media.id,
        name=name,
        content_type=content_type,
        size=stored.size,
        sha256=stored.sha256,
        key=stored.key,
        width=size[0],
        height=size[1],
    )


def describe(db: Session, media: Media, found: Found) -> None:
    """Keep what was found in the file."""
    media.kind, media.content_type = found.kind, found.content_type
    media.duration_ms, media.fps = found.duration_ms, found.fps
    media.width, media.height = found.width, found.height
    original = find_rendition(db, media, ORIGINAL)
    original.content_type = found.content_type
    original.width, original.height = found.width, found.height


def show_progress(db: Session, media_id: UUID, share: float) -> None:
    """Say how much is done, from 0 to 1, unless all is. It is no new version of the media."""
    unchanged = {"updated_at": MEDIA.c.updated_at}
    unready = update(MEDIA).where(MEDIA.c.id == media_id, MEDIA.c.status != Status.READY)
    db.connection().execute(unready.values(progress=share, **unchanged))
