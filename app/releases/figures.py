"""The figures of releases, as their readers are told them: docs/figures.md.

They are four panels of passages, each a closed list like the tables for everybody. A bundle has one
set of them for ever, that of its first release: two would tell, by difference, who came or went.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.figures import OTHER, SUPPRESSED, panel
from app.core.settings import settings
from app.gate.service import GENERAL_PUBLIC
from app.releases.models import Release, ReleaseItem
from app.testimonies.heard import (
    METHOD,
    NATURE,
    ROLE,
    TERRITORY,
    UNKNOWN,
    Lists,
    Told,
    counted,
    lists,
    told_of,
)
from app.testimonies.models import Nature

Readers = tuple[str, Counter[UUID]]  # an audience, and the passages that it is given
PANELS = (NATURE, ROLE, TERRITORY, METHOD)


class Passage(NamedTuple):
    """An excerpt, or a whole testimony: what an item shows."""

    id: UUID
    testimony_id: UUID
    nature: Nature | None


def k_of(audience: str) -> int:
    """No figure for this audience is about fewer."""
    known = settings()
    return known.figures_k_public if audience == GENERAL_PUBLIC else known.figures_k_restricted


def untold() -> dict[str, Any]:
    """The figures of a release that has none of its own."""
    return {"k": None, "balance": {name: {OTHER: SUPPRESSED} for name in PANELS}}


def as_told(content: dict[str, Any]) -> dict[str, Any]:
    """A snapshot as it may be read: one from before figures were held to a k tells none."""
    return content if content.get("k") else content | untold()


def figures_of(
    db: Session, bundle_id: UUID, audience: str, passages: Sequence[Passage]
) -> dict[str, Any]:
    """`{k, balance}` of these passages: who is heard in the first release of this bundle.

    A release of the same passages, for the same audience, repeats it as it was; any other tells
    nothing, for the difference of two would be about the passages that came or went.
    """
    first = _first(db, bundle_id)
    if not first:
        known = told_of(db, {passage.testimony_id for passage in passages})
        told = [_told(known[passage.testimony_id], passage) for passage in passages]
        k = k_of(audience)
        return {"k": k, "balance": panels_of(told, lists(db), k)}
    now = (audience, Counter(passage.id for passage in passages))
    return repeated((first.audience, _passages(db, first)), first.content, now)


def repeated(first: Readers, told: Mapping[str, Any], now: Readers) -> dict[str, Any]:
    """What a later release tells, after the first one of its bundle told this."""
    if first != now or not told.get("k"):
        return untold()
    return {name: told[name] for name in untold()}


def panels_of(told: Sequence[Told], listed: Lists, k: int) -> dict[str, Any]:
    """The panels of these passages. A territory is told by its name."""
    return {name: _panel(name, listed[name], told, k) for name in PANELS}


def _panel(name: str, labels: Mapping[str, str], told: Sequence[Told], k: int) -> dict[str, Any]:
    counts, hidden = counted(name, labels, told, k)
    shown = panel(counts, hidden)
    if name != TERRITORY:
        return shown
    return {code if code == UNKNOWN else labels.get(code, code): shown[code] for code in shown}


def _told(testimony: Told, passage: Passage) -> Told:
    nature = passage.nature.value if passage.nature else UNKNOWN
    return replace(testimony, cells=testimony.cells | {NATURE: nature})


def _first(db: Session, bundle_id: UUID) -> Release | None:
    rows = select(Release).where(Release.bundle_id == bundle_id)
    return db.scalars(rows.order_by(Release.number).limit(1)).first()


def _passages(db: Session, release: Release) -> Counter[UUID]:
    passage = func.coalesce(ReleaseItem.excerpt_id, ReleaseItem.testimony_id)
    return Counter(db.scalars(select(passage).where(ReleaseItem.release_id == release.id)))
