"""What can be done with themes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.codebook.models import Theme
from app.codebook.schemas import ThemeFilters, ThemeIn
from app.core.db import locked
from app.core.pages import Order, matches
from app.core.problems import Conflict, Invalid, NotFound
from app.schemes.models import Scheme
from app.schemes.service import require_scheme

BY_NAME = Order(Theme.name, Theme.id)
THEMES_OF_SCHEME = select(Theme.id).where(
    Theme.id.in_(bindparam("ids", expanding=True)), Theme.scheme_id == bindparam("scheme_id")
)


def search(filters: ThemeFilters) -> Select[Theme]:
    """The themes which pass the filters: a codebook holds nobody's words."""
    return select(Theme).where(*matches(Theme, filters, "scheme_id", "parent_id"))


def find(db: Session, theme_id: UUID) -> Theme:
    """The theme. Raises NotFound."""
    if not (theme := db.scalar(locked(db, select(Theme).where(Theme.id == theme_id)))):
        raise NotFound
    return theme


def require_themes(db: Session, ids: Sequence[UUID], scheme_id: UUID) -> None:
    """Raise Invalid at `#/theme_ids/…` for the first that is no theme of this scheme."""
    if not ids:
        return
    known = set(db.scalars(select(Theme.id).where(Theme.id.in_(ids), Theme.scheme_id == scheme_id)))
    for index, theme_id in enumerate(ids):
        if theme_id not in known:
            raise Invalid.at(f"#/theme_ids/{index}", "unknown_id")


def add(db: Session, payload: ThemeIn, by: Caller) -> Theme:
    """A new theme."""
    by.require(Permission.CODE)
    theme = _describe(db, Theme(), payload)
    db.add(theme)
    record(db, "theme.added", on=theme, by=by)
    return theme


def change(db: Session, theme: Theme, payload: ThemeIn, by: Caller) -> Theme:
    """The same theme, described again in full. Raises Conflict when it would lie in itself."""
    by.require(Permission.CODE)
    if payload.scheme_id != theme.scheme_id:
        raise Invalid.at("#/scheme_id", "stays")
    # One change of a tree at a time: two that each look right could close a circle together.
    db.execute(locked(db, select(Scheme).where(Scheme.id == theme.scheme_id)))
    above = payload.parent_id
    while above:
        if above == theme.id:
            raise Conflict
        above = db.scalar(select(Theme.parent_id).where(Theme.id == above))
    _describe(db, theme, payload)
    record(db, "theme.changed", on=theme, by=by)
    return theme


def _describe(db: Session, theme: Theme, payload: ThemeIn) -> Theme:
    require_scheme(db, payload.scheme_id)
    if payload.parent_id:
        parent = db.get(Theme, payload.parent_id)
        if not parent or parent.scheme_id != payload.scheme_id:
            raise Invalid.at("#/parent_id", "unknown_id")
    for name, value in payload:
        setattr(theme, name, value)
    return theme
