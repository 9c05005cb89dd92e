"""What can be done with appearances: say who appears in a media, all at once."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.appearances.models import Appearance, AppearanceKind
from app.appearances.schemas import AppearanceIn
from app.audit.service import record
from app.core.problems import Invalid, WrongState
from app.media.models import Kind, Media, Status
from app.witnesses.models import Witness
from app.witnesses.service import visible_to as visible_witnesses

APPEARANCES = Appearance.metadata.tables["appearances"]
# In which media somebody may be so; in a document they may be named.
POSSIBLE: dict[AppearanceKind, frozenset[Kind]] = {
    AppearanceKind.FACE: frozenset({Kind.VIDEO, Kind.IMAGE}),
    AppearanceKind.VOICE: frozenset({Kind.VIDEO, Kind.AUDIO}),
    AppearanceKind.NAME: frozenset(Kind),
}


def of_media(db: Session, media: Media) -> Sequence[Appearance]:
    """Who appears in this media, in the order of their moments."""
    rows = select(Appearance).where(Appearance.media_id == media.id)
    return db.scalars(rows.order_by(Appearance.start_ms, Appearance.id)).all()


def note(
    db: Session,
    media: Media,
    appearances: Sequence[AppearanceIn],
    scheme_ids: Collection[UUID],
    by: Caller,
) -> None:
    """Say who appears in a ready media that `by` may see: these, and nobody else.

    `scheme_ids` are those of the testimonies that it belongs to: each witness is of one of them; of
    any, when there is none. Raises Invalid at the first mistake, WrongState.
    """
    if Permission.MODERATE not in by.permissions:
        by.require(Permission.WRITE_TESTIMONIES)
    if media.status is not Status.READY or media.kind is None:
        raise WrongState(media_status=media.status)
    _require_witnesses(db, media, appearances, scheme_ids, by)
    for index, appearance in enumerate(appearances):
        if media.kind not in POSSIBLE[appearance.kind]:
            raise Invalid.at(f"#/{index}/kind", "not_in_media", media_kind=media.kind)
        if appearance.end_ms <= appearance.start_ms:
            raise Invalid.at(f"#/{index}/end_ms", "before_from")
        if media.duration_ms is not None and appearance.end_ms > media.duration_ms:
            raise Invalid.at(f"#/{index}/end_ms", "out_of_range", length=media.duration_ms)
    db.execute(delete(Appearance).where(Appearance.media_id == media.id))
    media.touch()
    people = len({appearance.witness_id for appearance in appearances})
    record(db, "appearances.noted", on=media, by=by, count=len(appearances), people=people)
    if appearances:
        own = {"media_id": media.id}
        rows = [own | appearance.model_dump() for appearance in appearances]
        db.execute(insert(APPEARANCES), rows)


def _require_witnesses(
    db: Session,
    media: Media,
    appearances: Sequence[AppearanceIn],
    scheme_ids: Collection[UUID],
    by: Caller,
) -> None:
    """Who appears already may be said again by who does not see them: they need not be dropped."""
    ids = {appearance.witness_id for appearance in appearances}
    seen = visible_witnesses(by).where(Witness.id.in_(ids))
    if scheme_ids:
        seen = seen.where(Witness.scheme_id.in_(scheme_ids))
    known = set(db.scalars(seen.with_only_columns(Witness.id)))
    known |= {appearance.witness_id for appearance in of_media(db, media)}
    for index, appearance in enumerate(appearances):
        if appearance.witness_id not in known:
            raise Invalid.at(f"#/{index}/witness_id", "unknown_id")
