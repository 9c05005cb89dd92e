"""What can be done with themes."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.codebook.models import Theme
from app.codebook.schemas import ThemeFilters, ThemeIn
from app.codebook.tree import require_shape
from app.core.db import kept_as_it_is, locked
from app.core.models import now
from app.core.pages import Order, matches
from app.core.problems import Invalid, NotFound, WrongState
from app.schemes.models import Scheme
from app.schemes.service import require_scheme

BY_NAME = Order(Theme.name, Theme.id)
MOST = 1000  # themes of a codebook, which its tree is read of at every change


def search(filters: ThemeFilters) -> Select[Theme]:
    """The themes which pass the filters: a codebook holds nobody's words."""
    rows = select(Theme).where(*matches(Theme, filters, "scheme_id", "parent_id"))
    if filters.retired is None:
        return rows
    is_in_use = Theme.retired_at.is_(None)
    return rows.where(~is_in_use if filters.retired else is_in_use)


def find(db: Session, theme_id: UUID) -> Theme:
    """The theme, also when it is retired or merged. Raises NotFound."""
    if not (theme := db.scalar(locked(db, select(Theme).where(Theme.id == theme_id)))):
        raise NotFound
    return theme


# A theme, or what it was merged into. Merging has those that were merged into it before say so too:
# there is one step, never a chain.
THEME_NOW: ColumnElement[UUID] = func.coalesce(Theme.merged_into_id, Theme.id)


def now_of(ids: Sequence[UUID]) -> Select[UUID]:
    """These themes; of one that was merged, the one that its codings are given now."""
    return select(THEME_NOW).where(Theme.id.in_(ids))


def given_now(db: Session, ids: Sequence[UUID]) -> list[UUID]:
    """The same, one by one and in their order; those that nobody knows stay as they are."""
    rows = select(Theme.id, Theme.merged_into_id).where(Theme.id.in_(ids))
    merged = {row.id: row.merged_into_id for row in db.execute(rows)} if ids else {}
    return list(dict.fromkeys(merged.get(id_) or id_ for id_ in ids))


def require_themes(
    db: Session, ids: Sequence[UUID], scheme_id: UUID, kept: Select[UUID] | None = None
) -> None:
    """Themes of this scheme are given; of those that are retired, only what is `kept` already.

    Raises Invalid at `#/theme_ids/…` for the first that may not. Until the commit nobody merges
    them away.
    """
    if not ids:
        return
    rows = select(Theme.id, Theme.retired_at, Theme.merged_into_id)
    rows = rows.where(Theme.id.in_(ids), Theme.scheme_id == scheme_id).order_by(Theme.id)
    found = {row.id: row for row in db.execute(kept_as_it_is(db, rows))}
    has_retired = any(row.retired_at for row in found.values())
    there = set(db.scalars(kept)) if has_retired and kept is not None else set()
    for index, theme_id in enumerate(ids):
        if not (row := found.get(theme_id)):
            raise Invalid.at(f"#/theme_ids/{index}", "unknown_id")
        if row.merged_into_id:
            raise Invalid.at(f"#/theme_ids/{index}", "theme_merged", into=str(row.merged_into_id))
        if row.retired_at and theme_id not in there:
            raise Invalid.at(f"#/theme_ids/{index}", "theme_retired")


def require_in_use(theme: Theme, pointer: str) -> None:
    """Raise Invalid at this pointer when the theme is retired or merged."""
    if theme.merged_into_id:
        raise Invalid.at(pointer, "theme_merged", into=str(theme.merged_into_id))
    if theme.retired_at:
        raise Invalid.at(pointer, "theme_retired")


def add(db: Session, payload: ThemeIn, by: Caller) -> Theme:
    """A new theme."""
    by.require(Permission.CODE)
    require_scheme(db, payload.scheme_id)
    theme = _describe(db, Theme(id=uuid4(), scheme_id=payload.scheme_id), payload)
    db.add(theme)
    record(db, "theme.added", on=theme, by=by)
    return theme


def change(db: Session, theme: Theme, payload: ThemeIn, by: Caller) -> Theme:
    """The same theme, described again in full. Raises Conflict when it would lie in itself.

    Raises WrongState when it was merged: it says nothing any more.
    """
    by.require(Permission.CODE)
    if payload.scheme_id != theme.scheme_id:
        raise Invalid.at("#/scheme_id", "stays")
    _require_unmerged(theme)
    _describe(db, theme, payload)
    record(db, "theme.changed", on=theme, by=by)
    return theme


def retire(db: Session, theme: Theme, by: Caller) -> None:
    """Give it no more; it stays on what was coded. Twice is once."""
    by.require(Permission.CODE)
    _require_unmerged(theme)
    if theme.retired_at:
        return
    theme.retired_at, theme.retired_by_id = now(), by.id
    record(db, "theme.retired", on=theme, by=by)


def put_back(db: Session, theme: Theme, by: Caller) -> None:
    """Have it given again. Twice is once."""
    by.require(Permission.CODE)
    _require_unmerged(theme)
    if not theme.retired_at:
        return
    theme.retired_at = theme.retired_by_id = None
    record(db, "theme.put-back", on=theme, by=by)


def lock_tree(db: Session, scheme_id: UUID) -> dict[UUID, UUID | None]:
    """The parent of each theme of this scheme: nobody else changes the tree until the commit.

    (Two changes that each look right could close a circle together.)
    """
    db.execute(locked(db, select(Scheme.id).where(Scheme.id == scheme_id)))
    rows = select(Theme.id, Theme.parent_id).where(Theme.scheme_id == scheme_id)
    return dict(db.execute(rows).all())


def _require_unmerged(theme: Theme) -> None:
    if theme.merged_into_id:
        raise WrongState(merged_into_id=theme.merged_into_id)


def _describe(db: Session, theme: Theme, payload: ThemeIn) -> Theme:
    parents = lock_tree(db, theme.scheme_id)
    if payload.parent_id and payload.parent_id != theme.parent_id:
        parent = db.get(Theme, payload.parent_id)
        if not parent or parent.scheme_id != payload.scheme_id:
            raise Invalid.at("#/parent_id", "unknown_id")
        if parent.merged_into_id:
            raise Invalid.at("#/parent_id", "theme_merged", into=str(parent.merged_into_id))
    parents[theme.id] = payload.parent_id
    if len(parents) > MOST:
        raise Invalid.at("#/scheme_id", "too_many_themes", most=MOST)
    require_shape(parents, "#/parent_id")
    for name, value in payload:
        setattr(theme, name, value)
    return theme
