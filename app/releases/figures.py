"""The figures of releases, as their readers are told them: docs/figures.md.

What each item says of itself (its nature, a role, a department) is on the page, once for each:
readers count it anyway, and its shares are rounded, no more. How words were heard is not: it is a
panel, of which no small cell is told, and a bundle has one for ever.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.figures import OTHER, SUPPRESSED, panel
from app.core.settings import settings
from app.gate.service import GENERAL_PUBLIC
from app.releases.models import Release, ReleaseItem
from app.schemes.service import labels

Passages = Collection[UUID]  # an excerpt, or a whole testimony, for each item
HIDDEN = {OTHER: SUPPRESSED}


def k_of(audience: str) -> int:
    """No figure for this audience is about fewer."""
    known = settings()
    return known.figures_k_public if audience == GENERAL_PUBLIC else known.figures_k_restricted


def methods_of(
    db: Session, bundle_id: UUID, audience: str, counts: Mapping[str, int], passages: Passages
) -> dict[str, Any]:
    """How the passages were heard: the panel of the first release of this bundle, for ever.

    A release of the same passages, for the same audience, repeats it as it was; one of others says
    nothing, for the difference of two panels is about the passages that came or went.
    """
    first = _first(db, bundle_id)
    if not first:
        listed = dict.fromkeys([*labels(db, "methods"), *sorted(counts)], 0)
        return panel({**listed, **counts}, k_of(audience))
    is_same = first.audience == audience and _passages(db, first) == Counter(passages)
    return (first.content["balance"].get("method") or {}) if is_same else dict(HIDDEN)


def _first(db: Session, bundle_id: UUID) -> Release | None:
    rows = select(Release).where(Release.bundle_id == bundle_id)
    return db.scalars(rows.order_by(Release.number).limit(1)).first()


def _passages(db: Session, release: Release) -> Counter[UUID]:
    passage = func.coalesce(ReleaseItem.excerpt_id, ReleaseItem.testimony_id)
    return Counter(db.scalars(select(passage).where(ReleaseItem.release_id == release.id)))
