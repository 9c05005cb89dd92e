"""What becomes of a release when something in it may not be shown any more.

At once, and without anybody doing anything, it is read without the blocked items (see `service`).
Then a successor takes its place: the next number, for the same readers, without the words, which
says what it lost and has files of its own. The release it replaces is recalled: all of it answers
410, the words are erased from its snapshot, its files are destroyed, and each recipient is asked to
take note before reading the successor.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.documents.edition import shown_in
from app.lineage.service import forget
from app.releases import events, exhibitions
from app.releases.files import ask
from app.releases.models import Delivery, Release, ReleaseFile, ReleaseItem
from app.releases.service import (
    WAY,
    Blocked,
    blocked_items,
    keep_items,
    next_number,
    signatures_in,
    way_of,
    without,
)
from app.releases.snapshot import digest
from app.witnesses.decision import Reason

PASSING = {Reason.EMBARGO}  # it ends by itself: nothing is taken back


@dataclass
class Recalled:
    """What was recalled of a bundle, and the keys of the objects to delete after the commit.

    `unsigned` are the signatures that its releases show no more, by release.
    """

    releases: list[UUID]
    successors: list[UUID]
    keys: list[str]
    unsigned: dict[UUID, list[str]]


def succeed(db: Session, bundle_id: UUID, at: datetime) -> Recalled | None:
    """Recall the releases of this bundle that hold what is blocked; None when there are none.

    They are locked. Of each way out, when the newest is one of them, it gets a successor. What was
    recalled before loses the words too: nobody reads it, but it holds them. Twice is once.
    """
    rows = select(Release).where(Release.bundle_id == bundle_id).order_by(Release.number)
    known = list(db.scalars(locked(db, rows)))
    releases = [release for release in known if not release.recalled_at]
    lost = {release.id: _lost(db, release, at) for release in known}
    unsigned = {r.id: signatures_in(r.content, lost[r.id]) for r in known if lost[r.id]}
    bereft = [release for release in known if release.recalled_at and lost[release.id]]
    for release in bereft:
        events.lose(db, release, lost[release.id].keys(), unsigned[release.id])
        release.content = without(release.content, lost[release.id])
    spoilt = [release for release in releases if lost[release.id]]
    if not spoilt:
        return Recalled([], [], [], unsigned) if bereft else None
    newest = {way_of(release): release for release in releases}  # the last one of each way out
    successors = [
        (release, _publish_without(db, release, lost[release.id]))
        for release in newest.values()
        if lost[release.id]
    ]
    for release in spoilt:
        events.lose(db, release, lost[release.id].keys(), unsigned[release.id])
    for release, successor in successors:
        events.hand_over(db, release, successor)
    keys = [key for release in spoilt for key in _recall(db, release, lost[release.id])]
    return Recalled([r.id for r in spoilt], [s.id for _, s in successors], keys, unsigned)


def bundles_of(db: Session, release_ids: set[UUID]) -> set[UUID]:
    """The bundles that these releases are of."""
    return set(db.scalars(select(Release.bundle_id).where(Release.id.in_(release_ids))))


def _lost(db: Session, release: Release, at: datetime) -> Blocked:
    """What is blocked for good, and still told by its snapshot."""
    told = {item["id"] for item in shown_in(release.content)}
    blocked = blocked_items(db, release, at) if told else {}
    return {
        id_: (row, why) for id_, (row, why) in blocked.items() if id_ in told and why not in PASSING
    }


def _publish_without(db: Session, release: Release, lost: Blocked) -> Release:
    """The next release, for the same readers: the same snapshot, minus what is lost; no figures."""
    kept = [
        row
        for row in db.scalars(select(ReleaseItem).where(ReleaseItem.release_id == release.id))
        if str(row.item_id) not in lost
    ]
    content = without(release.content, lost)
    columns = (*WAY, "bundle_id", "published_by_id")
    successor = Release(
        id=uuid4(),
        number=next_number(db, release.bundle_id),
        published_at=now(),
        sha256=digest(content),
        content=content,
        exclusions=[*release.exclusions, *_told(lost)],
        **{name: getattr(release, name) for name in columns},
    )
    db.add(successor)
    record(db, "release.succeeded", on=successor, by=None, number=successor.number, lost=len(lost))
    _copy_items(db, successor, kept)
    exhibitions.open_link(db, successor)
    ask(db, successor)
    return successor


def _told(lost: Blocked) -> list[dict[str, Any]]:
    return [
        {
            "item_id": str(row.item_id),
            "excerpt_id": row.excerpt_id and str(row.excerpt_id),
            "reason": why.value,
        }
        for row, why in lost.values()
    ]


def _copy_items(db: Session, successor: Release, kept: list[ReleaseItem]) -> None:
    names = [
        *("item_id", "testimony_id", "excerpt_id", "media_shown"),
        *("signed_by", "restriction", "file_id", "poster_id"),
    ]
    rows = [
        {name: getattr(row, name) for name in names} | {"release_id": successor.id} for row in kept
    ]
    keep_items(db, successor, rows)


def _recall(db: Session, release: Release, lost: Blocked) -> list[str]:
    """Nothing of it is shown any more: the keys of its files, which the caller deletes."""
    release.recalled_at = now()
    release.content = without(release.content, lost)
    record(db, "release.recalled", on=release, by=None, number=release.number)
    given = select(Delivery).where(Delivery.release_id == release.id)
    for delivery in db.scalars(locked(db, given)):
        delivery.recalled_at, delivery.recall_acknowledged_at = now(), None
        record(db, "delivery.recalled", on=delivery, by=None)
    exhibitions.close_link(db, release)
    files = list(db.scalars(select(ReleaseFile).where(ReleaseFile.release_id == release.id)))
    db.execute(delete(ReleaseFile).where(ReleaseFile.release_id == release.id))
    forget(db, ReleaseFile.__tablename__, [file.id for file in files])
    return [file.key for file in files]
