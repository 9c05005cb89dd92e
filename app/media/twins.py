"""The same file twice, by the same account, is one media.

    twins = Twins()
    while True:
        try:
            with call as (db, me):
                twin = twins.find(db, [stored], by=me)
                return service.receive(db, stored, filename=name, by=me, twin=twin)
        except NotCompared:
            twins.compare()

Only what this account deposited counts, and only what is still there: of others' files nothing can
be told, not even by the time that it takes. What was rejected is tried again. Where somebody took
everything back, the file is a new media: what was taken back does not come back to life, and nobody
learns of it. Most files have a size of their own, and are compared with none.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.models import Account
from app.core.db import locked
from app.media.models import Media, Status
from app.storage.service import ObjectMissing, Stored, storage


class NotCompared(Exception):
    """Bytes must be read first, outside any transaction: this one is left."""


@dataclass(frozen=True)
class Rival:
    """The bytes of a media: their SHA-256, or the parts that are not joined yet."""

    sha256: str | None
    parts: tuple[str, ...]


class Twins:
    """Finds the media that has the very bytes of one new file."""

    def __init__(self) -> None:
        self._objects: Sequence[Stored] = ()
        self._same: dict[Rival, bool] = {}
        self._unknown: list[Rival] = []

    def find(self, db: Session, objects: Sequence[Stored], by: Caller) -> Media | None:
        """The oldest media of these bytes, which are in these objects, in order.

        Nobody deposits for this account until the commit. Raises NotCompared.
        """
        self._objects = objects
        db.execute(locked(db, select(Account).where(Account.id == by.id)))
        alike = select(Media).where(
            Media.created_by_id == by.id,
            Media.size == sum(part.size for part in objects),
            Media.status != Status.REJECTED,
            Media.taken_back_at.is_(None),
            Media.erased_at.is_(None),
        )
        media = list(db.scalars(locked(db, alike.order_by(Media.created_at, Media.id))))
        rivals = [Rival(one.sha256, tuple(part.key for part in one.pieces)) for one in media]
        self._unknown = [rival for rival in rivals if rival not in self._same]
        if self._unknown:
            raise NotCompared
        same = (one for one, rival in zip(media, rivals, strict=True) if self._same[rival])
        return next(same, None)

    def compare(self) -> None:
        """Read what must be read. What is gone meanwhile is joined, or erased: it is another."""
        for rival in self._unknown:
            self._same[rival] = False
            with suppress(ObjectMissing):
                self._same[rival] = self._sha256 == (rival.sha256 or _sha256(rival.parts))

    @cached_property
    def _sha256(self) -> str:
        if len(self._objects) == 1:
            return self._objects[0].sha256
        return _sha256([part.key for part in self._objects])


def _sha256(keys: Sequence[str]) -> str:
    """Of all these objects, one after another. Raises ObjectMissing."""
    digest = sha256()
    for key in keys:
        for chunk in storage().read(key):
            digest.update(chunk)
    return digest.hexdigest()
