"""Merge themes, and count what is coded with each."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.codebook.models import Theme
from app.codebook.service import lock_tree, require_in_use
from app.codebook.tree import require_shape
from app.coding.schemas import CodingFilters
from app.core.db import locked
from app.core.models import as_stored, now
from app.core.pages import Details, Item, matches
from app.core.problems import Conflict, Invalid, WrongState
from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt, ExcerptTheme
from app.testimonies import service as testimonies
from app.testimonies.models import Testimony, TestimonyTheme

CODED: dict[str, tuple[Any, Any, Any]] = {  # a thing, its themes, and of what these are
    "testimonies": (Testimony, TestimonyTheme, TestimonyTheme.testimony_id),
    "excerpts": (Excerpt, ExcerptTheme, ExcerptTheme.excerpt_id),
}
UNSYNCHRONIZED = {"synchronize_session": False}  # the rows are nobody's who is in this session


def merge(db: Session, theme: Theme, into_id: UUID, by: Caller) -> Theme:
    """Give to another theme of its scheme all that is coded with this one, and what lies in it.

    This one is retired for good, and says where its codings are; so do those that were merged into
    it before. Into the same again is nothing new; into a third one is WrongState. Raises Conflict
    when that other is itself, or lies within it; Invalid when it may not be given.
    """
    by.require(Permission.CODE)
    if theme.merged_into_id == into_id:
        return theme
    if theme.merged_into_id:
        raise WrongState(merged_into_id=theme.merged_into_id)
    if into_id == theme.id:
        raise Conflict
    parents = lock_tree(db, theme.scheme_id)
    into = _target(db, theme, into_id)
    for key, parent_id in list(parents.items()):
        if parent_id == theme.id:
            parents[key] = into.id  # of one that lies within this: in itself, a Conflict
    require_shape(parents, "#/into")
    moved = {name: _recode(db, *coded, theme.id, into.id) for name, coded in CODED.items()}
    _point_to(db, theme, into)
    theme.merged_into_id, theme.parent_id = into.id, None
    theme.retired_at, theme.retired_by_id = theme.retired_at or now(), theme.retired_by_id or by.id
    record(db, "theme.merged", on=theme, by=by, into=str(into.id), **moved)
    return theme


def themes(filters: CodingFilters) -> Select[Theme]:
    """The themes of which codings are counted: but those that were merged, which have none."""
    return select(Theme).where(
        *matches(Theme, filters, "scheme_id"), Theme.merged_into_id.is_(None)
    )


def counting(me: Caller) -> Details:
    """What gives each theme of a page its `testimonies` and `excerpts`, of those `me` may read."""
    read = testimonies.visible_to(me).with_only_columns(Testimony.id)
    chosen = excerpts.visible_to(me).with_only_columns(Excerpt.id)

    def count(db: Session, items: list[Item]) -> None:
        ids = [item["id"] for item in items]
        told = _counts(db, TestimonyTheme, TestimonyTheme.testimony_id.in_(read), ids)
        quoted = _counts(db, ExcerptTheme, ExcerptTheme.excerpt_id.in_(chosen), ids)
        for item in items:
            theme_id = item["id"]
            numbers = {"testimonies": told.get(theme_id, 0), "excerpts": quoted.get(theme_id, 0)}
            item.update(theme_id=theme_id, **numbers)

    return count


def _recode(db: Session, thing: Any, link: Any, key: Any, theme_id: UUID, into_id: UUID) -> int:
    """Code with another theme all that was coded with this one; how many things that is.

    None is coded twice, and mirrors look again at each.
    """
    ours = link.theme_id == theme_id
    coded = select(key).where(ours)
    again = update(thing).where(thing.id.in_(coded))
    again = again.values(version=thing.version + 1, updated_at=now())
    touched = db.execute(again.returning(thing.id), execution_options=UNSYNCHRONIZED).all()
    both = select(key).where(link.theme_id == into_id)
    db.execute(delete(link).where(ours, key.in_(both)), execution_options=UNSYNCHRONIZED)
    moved = update(link).where(ours).values(theme_id=into_id)
    db.execute(moved, execution_options=UNSYNCHRONIZED)
    return len(touched)


def _target(db: Session, theme: Theme, into_id: UUID) -> Theme:
    """The other theme, locked. Raises Invalid unless it is of the same scheme, and in use."""
    rows = select(Theme).where(Theme.id == into_id, Theme.scheme_id == theme.scheme_id)
    if not (into := db.scalar(locked(db, rows))):
        raise Invalid.at("#/into", "unknown_id")
    require_in_use(into, "#/into")
    return into


def _point_to(db: Session, theme: Theme, into: Theme) -> None:
    """What lies in this theme, and what was merged into it before, is now the other's."""
    for child in db.scalars(locked(db, select(Theme).where(Theme.parent_id == theme.id))):
        child.parent_id = into.id
    for merged in db.scalars(locked(db, select(Theme).where(Theme.merged_into_id == theme.id))):
        merged.merged_into_id = into.id


def _counts(db: Session, link: Any, may_read: Any, ids: list[Any]) -> dict[Any, int]:
    rows = select(as_stored(link.theme_id), func.count()).where(link.theme_id.in_(ids), may_read)
    return dict(db.execute(rows.group_by(link.theme_id)).all())
