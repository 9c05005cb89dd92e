"""What can be done with releases: publish, read what may still be read.

A bundle may be published for some, then for others. Its releases of one way out are one line: only
within it one takes the place of another, for what was said for some is not for the others.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.appearances.queries import Segment
from app.audit.service import record
from app.bundles.checks import blockers
from app.bundles.models import Bundle
from app.bundles.service import require_publishable
from app.bundles.service import visible_to as visible_bundles
from app.bundles.sources import way_out
from app.core.among import among
from app.core.db import rows_of
from app.core.models import Base, now
from app.core.pages import Order
from app.core.problems import NotFound, Problem
from app.documents.edition import items_of
from app.excerpts.models import Excerpt
from app.gate.media import passage_of
from app.gate.service import Use, WayOut, judge
from app.lineage.service import made
from app.media.models import Rendition
from app.releases import exhibitions
from app.releases.addresses import address
from app.releases.figures import as_told, untold
from app.releases.files import Composed, ask, ask_again, of_release, require_ready, told
from app.releases.models import FileStatus, Release, ReleaseItem
from app.releases.snapshot import Snapshot, take
from app.testimonies.models import Testimony
from app.transcripts.formats import captions
from app.transcripts.words import widened
from app.witnesses.decision import Medium, Reason
from app.witnesses.models import Witness

LATEST_FIRST = Order(Release.number, Release.id, descending=True)
Blocked = dict[str, tuple[Row[Any], Reason]]  # by item: what it is made from, and why not
ON_REQUEST = {Reason.REFUSED, Reason.WITHDRAWN, Reason.GUARDIAN_VETO}
RELEASE_ITEMS = ReleaseItem.metadata.tables["release_items"]
# What the gate is asked about: built once, executed at each reading.
MADE_FROM = select(
    ReleaseItem.item_id,
    ReleaseItem.testimony_id,
    ReleaseItem.excerpt_id,
    ReleaseItem.media_shown,
    ReleaseItem.signed_by,
    ReleaseItem.restriction,
    ReleaseItem.file_id,
).where(ReleaseItem.release_id == bindparam("release_id"))
MADE_ONE_FROM = MADE_FROM.where(ReleaseItem.item_id == bindparam("item_id"))
FILES = select(Rendition).where(among(Rendition.id, "ids"))
EXCERPTS = select(Excerpt).where(among(Excerpt.id, "ids"))
WAY = ("audience", "form", "purpose", "territory_id")
PAGE, CAPTIONS = "page.html", "captions.vtt"


class NotPublishable(Problem):
    """Something forbids publishing this bundle."""

    status = 409


class ReleaseRecalled(Problem):
    """This was recalled, for some words in it were taken back: `superseded_by` takes its place."""

    status = 410


def visible_to(me: Caller) -> Select[Release]:
    """The releases this account may see: those of the bundles it sees."""
    bundles = visible_bundles(me).with_only_columns(Bundle.id)
    return select(Release).where(Release.bundle_id.in_(bundles))


def of_bundle(bundle: Bundle) -> Select[Release]:
    """The releases of this bundle, in no order."""
    return select(Release).where(Release.bundle_id == bundle.id)


def find(db: Session, release_id: UUID, by: Caller) -> Release:
    """The release, if `by` may see it. Raises NotFound."""
    if not (release := db.scalar(visible_to(by).where(Release.id == release_id))):
        raise NotFound
    return release


def require_current(db: Session, release: Release) -> None:
    """Raise ReleaseRecalled, with the number of the one to read, when it was recalled."""
    if release.recalled_at:
        newer = superseded_by(db, release)
        told = {"recalled_at": release.recalled_at, "number": release.number}
        raise ReleaseRecalled(**told, superseded_by=newer.number if newer else None)


def publish(db: Session, bundle: Bundle, by: Caller) -> tuple[Release, bool]:
    """A new release, and True; or the last one and False, when nothing changed since.

    Its files are asked for; of the last one, those that failed.

    `bundle` is locked. Raises WrongState before it is ready, NotPublishable with the blockers.
    """
    by.require(Permission.COMPOSE)
    require_publishable(bundle)
    if found := blockers(db, bundle, now()):
        raise NotPublishable(blockers=found)
    snapshot = take(db, bundle)
    last = db.scalar(standing(bundle.id))
    if last and last.sha256 == snapshot.sha256 and way_of(last) == way_out(bundle):
        if not bundle.published_at:  # something else than its content was changed, and said again
            bundle.published_at = last.published_at
            record(db, "bundle.published-again", on=bundle, by=by, number=last.number)
        if again := ask_again(db, last):
            record(db, "release.files_asked_again", on=last, by=by, names=again)
        exhibitions.open_link(db, last, by)
        return last, False
    release = Release(
        id=uuid4(),
        bundle_id=bundle.id,
        number=next_number(db, bundle.id),
        published_by_id=by.id,
        sha256=snapshot.sha256,
        content=snapshot.content,
        **{name: getattr(bundle, name) for name in WAY},
    )
    db.add(release)
    bundle.published_at = release.published_at = now()
    record(db, "release.published", on=release, by=by, number=release.number)
    _keep_sources(db, release, snapshot)
    exhibitions.open_link(db, release, by)
    ask(db, release)
    return release, True


def way_of(release: Release) -> WayOut:
    """What its readers are, where and what for: all that the gate asks of a way out."""
    return WayOut(release.audience, release.form, release.purpose, release.territory_id)


def superseded_by(db: Session, release: Release) -> Release | None:
    """The newest release of the same bundle and way out, when it is not this one."""
    newer = Release.number > release.number, *_in_line_with(release)
    return db.scalars(select(Release).where(*newer).order_by(Release.number.desc())).first()


def standing(bundle_id: UUID) -> Select[Release]:
    """What a bundle says now: the release published last, or the successor that it has since.

    It was not recalled.
    """
    return select(Release).where(Release.bundle_id == bundle_id, is_standing())


def is_standing() -> ColumnElement[bool]:
    """Whether a release is what its bundle says now.

    A successor made for the readers of an earlier way out is not: nobody published it for others.
    """
    last, later, newer = aliased(Release), aliased(Release), aliased(Release)
    # Only successors have lost something of the release before.
    numbers = select(func.max(later.number)).where(
        later.bundle_id == Release.bundle_id, func.json_array_length(later.exclusions) == 0
    )
    published = select(last.id).where(
        last.number == numbers.correlate(Release).scalar_subquery(), *_in_line_with(Release, last)
    )
    replaced = select(newer.id).where(newer.number > Release.number, *_in_line_with(Release, newer))
    return and_(Release.recalled_at.is_(None), published.exists(), ~replaced.exists())


def next_number(db: Session, bundle_id: UUID) -> int:
    """The number of the next release of a bundle, whoever it is for."""
    rows = select(func.max(Release.number)).where(Release.bundle_id == bundle_id)
    return (db.scalar(rows) or 0) + 1


def _in_line_with(release: Any, other: Any = Release) -> list[ColumnElement[bool]]:
    """What holds for the releases of the same bundle and way out as this one, itself included."""
    return [
        getattr(other, name).is_not_distinct_from(getattr(release, name))
        for name in ("bundle_id", *WAY)
    ]


def read(
    db: Session, release: Release, at: datetime, delivery_id: UUID | None = None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The snapshot minus what the gate blocks at this moment, and what that is.

    Addresses of recordings are signed: for a delivery, they stop with it. Raises ReleaseRecalled.
    """
    require_current(db, release)
    blocked = blocked_items(db, release, at)
    content = without(release.content, blocked)
    for item in items_of(content):
        if item["media"]:
            item["media"] = _addresses(release, item, delivery_id)
    content |= {"published_at": release.published_at, "number": release.number}
    exclusions = [
        {"item_id": row.item_id, "excerpt_id": row.excerpt_id, "reason": reason}
        for row, reason in blocked.values()
    ]
    return content, exclusions


def shown(db: Session, release: Release) -> dict[str, Any]:
    """What is told of a release to the team, besides its columns."""
    content, blocked = read(db, release, now())
    newer = superseded_by(db, release)
    return {
        "content": content,
        "exclusions": [*release.exclusions, *blocked],
        "files": files(db, release, f"/api/v1/releases/{release.id}"),
        "superseded_by": newer.id if newer else None,
    }


def file_of_item(
    db: Session, release_id: UUID, item_id: UUID, name: str, at: datetime
) -> Rendition:
    """A recording of an item, or its poster, if it may still be seen. Raises NotFound."""
    row, _ = _open_item(db, release_id, item_id, at)
    for file_id in (row.file_id, row.poster_id):
        file = db.get(Rendition, file_id) if file_id else None
        if file and file.name == name:
            return file
    raise NotFound


def captions_of_item(db: Session, release_id: UUID, item_id: UUID, at: datetime) -> str:
    """What is said in the recording of an item, as it was published, if that may still be read.

    Raises NotFound.
    """
    _, release = _open_item(db, release_id, item_id, at)
    for item in items_of(release.content):
        if item["id"] == str(item_id) and item["media"] and item["media"].get("captions"):
            return captions(item["media"]["captions"]["cues"])
    raise NotFound


def _open_item(
    db: Session, release_id: UUID, item_id: UUID, at: datetime
) -> tuple[ReleaseItem, Release]:
    row = db.scalar(
        select(ReleaseItem).where(
            ReleaseItem.release_id == release_id, ReleaseItem.item_id == item_id
        )
    )
    release = db.get(Release, release_id)
    if release:
        require_current(db, release)
    if not row or not release or str(item_id) in blocked_items(db, release, at, item_id):
        raise NotFound
    return row, release


def composed_file(db: Session, release: Release, name: str, at: datetime) -> Composed:
    """A file made of all the items of a release, if every one of them may still be shown.

    One that may not cannot be taken out of a film or a document: until the successor has files of
    its own, there is none. Raises NotFound, ReleaseRecalled, FileNotReady, WrongState.
    """
    require_current(db, release)
    file = next((one for one in db.scalars(of_release(release.id)) if one.name == name), None)
    if not file:
        raise NotFound
    if blocked_items(db, release, at):
        raise ReleaseRecalled(number=release.number, superseded_by=None)
    return require_ready(file)


def files(db: Session, release: Release, url: str) -> list[dict[str, Any]]:
    """The files of a release: its page, and what is composed. What is ready is below `url`."""
    page = {"name": PAGE, "content_type": "text/html; charset=utf-8", "status": FileStatus.READY}
    return [
        file
        | {"url": f"{url}/files/{file['name']}" if file["status"] is FileStatus.READY else None}
        for file in (page, *told(db, release.id))
    ]


def withheld(files: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """These files, of a release that shows less than they do: they wait for its successor's."""
    return [file if file["name"] == PAGE else file | {"status": "pending"} for file in files]


def blocked_items(
    db: Session, release: Release, at: datetime, item_id: UUID | None = None
) -> Blocked:
    """The items that may not be shown now, by id, and why."""
    items = (
        rows_of(db, MADE_ONE_FROM, release_id=release.id, item_id=item_id)
        if item_id
        else rows_of(db, MADE_FROM, release_id=release.id)
    )
    uses = [
        Use(
            row.testimony_id,
            frozenset(map(Medium, row.media_shown)),
            row.restriction,
            segment,
            signers_of(row),
        )
        for row, segment in zip(items, _segments(db, release, items), strict=True)
    ]
    verdicts = judge(db, uses, way_of(release), at)
    return {
        str(row.item_id): (row, verdict.reason)
        for row, verdict in zip(items, verdicts, strict=True)
        if verdict.reason
    }


def signers_of(row: Any) -> frozenset[UUID]:
    """The witnesses whose signatures an item of a release shows."""
    return frozenset(map(UUID, row.signed_by or ()))


def _segments(db: Session, release: Release, items: Sequence[Row[Any]]) -> list[Segment | None]:
    """Where each item was recorded: what its file shows, else what its excerpt was taken from.

    Of words that are read, also what is said just before and after. An excerpt that was changed
    since is no witness of what was published: all is asked.
    """
    file_ids = [row.file_id for row in items if row.file_id]
    excerpt_ids = [row.excerpt_id for row in items if row.excerpt_id]
    shown: dict[UUID | None, Segment] = {
        file.id: Segment(file.media_id, *(passage_of(file.name) or ()))
        for file in (db.scalars(FILES, {"ids": file_ids}) if file_ids else ())
    }
    for excerpt in db.scalars(EXCERPTS, {"ids": excerpt_ids}) if excerpt_ids else ():
        if excerpt.media_id:
            same = excerpt.updated_at <= release.published_at
            passage = excerpt.passage if same and excerpt.passage else ()
            shown[excerpt.id] = Segment(excerpt.media_id, *passage)
    return [
        _with_words(shown.get(row.file_id) or shown.get(row.excerpt_id), row.media_shown)
        for row in items
    ]


def _with_words(segment: Segment | None, media_shown: Sequence[str]) -> Segment | None:
    if not segment or segment.end_ms is None or Medium.ANONYMOUS_TEXT not in media_shown:
        return segment
    return Segment(segment.media_id, *widened(segment.start_ms, segment.end_ms))


def signatures_in(content: dict[str, Any], item_ids: Collection[str] | None = None) -> list[str]:
    """How people sign in a snapshot, or these items of it: together, and each alone."""
    asked = (item for item in items_of(content) if item_ids is None or item["id"] in item_ids)
    signed = [signature for item in asked if (signature := item.get("signature"))]
    return [*signed, *chain.from_iterable(signature.split(", ") for signature in signed)]


def without(content: dict[str, Any], lost: Blocked) -> dict[str, Any]:
    """A snapshot of its own, whose lost items say that they were taken back, and nothing else.

    Its figures go with them: beside the items that are left, they would tell what was lost.
    """
    sections = [
        section
        | {
            "items": [
                _emptied(item, lost[item["id"]][1]) if item["id"] in lost else dict(item)
                for item in section["items"]
            ]
        }
        for section in content["sections"]
    ]
    told = content | {"sections": sections}
    return told | untold() if lost else as_told(told)


def _emptied(item: dict[str, Any], why: Reason) -> dict[str, Any]:
    """Nothing of an item, but that it was there, and whether a person took it back."""
    told = {"withdrawn": True, "withdrawn_on_request": why in ON_REQUEST}
    kept = {name: item[name] for name in ("id", "show_as")}
    return dict.fromkeys(item) | kept | told


def _addresses(release: Release, item: dict[str, Any], delivery_id: UUID | None) -> dict[str, Any]:
    media, here = item["media"], (release.id, UUID(item["id"]))
    poster, said = media["poster"], media.get("captions")
    return {
        "url": address(*here, media["name"], delivery_id),
        "poster_url": address(*here, poster, delivery_id) if poster else None,
        "captions_url": address(*here, CAPTIONS, delivery_id) if said else None,
        "captions": said,
        "duration_ms": media["duration_ms"],
    }


def _keep_sources(db: Session, release: Release, snapshot: Snapshot) -> None:
    rows = [
        {
            "release_id": release.id,
            "item_id": item_id,
            "testimony_id": source.testimony.id,
            "excerpt_id": source.excerpt.id if source.excerpt else None,
            "media_shown": sorted(source.use.media),
            "signed_by": sorted(map(str, source.signatures)) or None,
            "restriction": source.use.restriction,
            "file_id": source.file.id if source.file else None,
            "poster_id": source.poster.id if source.poster else None,
        }
        for item_id, source in snapshot.sources.items()
    ]
    keep_items(db, release, rows)


def keep_items(db: Session, release: Release, rows: list[dict[str, Any]]) -> None:
    """Keep what the items of a release are made from, and so what it is made from itself."""
    if rows:
        db.execute(insert(RELEASE_ITEMS), rows)
    inputs: list[tuple[type[Base], UUID | None]] = []
    for row in rows:
        inputs += [(Testimony, row["testimony_id"]), (Excerpt, row["excerpt_id"])]
        inputs += [(Rendition, row["file_id"]), (Rendition, row["poster_id"])]
        inputs += [(Witness, UUID(id_)) for id_ in row["signed_by"] or ()]
    made(db, release, inputs)


def forget_files(db: Session, rendition_ids: Collection[UUID]) -> None:
    """No item points to these files any more: they are about to go."""
    for column in (ReleaseItem.file_id, ReleaseItem.poster_id):
        rows = update(ReleaseItem).where(column.in_(rendition_ids))
        db.execute(rows.values({column: None}))
