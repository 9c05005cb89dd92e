"""Who can act on a theme, in a territory: best first, and why.

A decision maker is competent on a theme that they name, and on all that lie in it; in their
territory, and in all that lie in it. Who names no theme, or no territory, is not limited by it, but
is never suggested for that alone. How far away somebody is, is counted in steps: one for each theme
or territory between what was asked and theirs, and for what does not limit them as many as there
are levels. The fewest steps come first, then the fewest of the theme's, then by title.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, TypeAdapter
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.audiences.models import DecisionMaker, DecisionMakerTheme
from app.audiences.schemas import DecisionMakerFilters, SuggestedOut, Why
from app.audiences.service import complete, search
from app.codebook.models import Theme
from app.codebook.service import THEME_NOW, now_of
from app.codebook.tree import DEEPEST
from app.core.pages import Item, columns_of, read_cursor, select_columns, write_cursor
from app.places.models import Level, Territory
from app.places.service import LEVELS, lineage

UNLIMITED_THEME, UNLIMITED_TERRITORY = DEEPEST, len(LEVELS)  # steps of who is not limited
FARTHEST = UNLIMITED_THEME + UNLIMITED_TERRITORY
STEPS = Annotated[int, Field(ge=0, le=FARTHEST)]
TITLE = Annotated[str, Field(pattern=r"^[^\x00]*$")]
POSITION = TypeAdapter[Any](tuple[STEPS, STEPS, TITLE, UUID])
SCALES = {
    Level.REGION: "de la région",
    Level.DEPARTMENT: "du département",
    Level.EMPLOYMENT_ZONE: "de la zone d'emploi",
    Level.MUNICIPALITY: "de la commune",
    Level.DISTRICT: "du quartier",
}
OF_THEMES = (Why.THEME_EXACT, Why.THEME_PARENT, Why.EVERY_THEME)
EVERY_THEME = {
    "code": Why.EVERY_THEME,
    "message": "Aucun thème ne limite ses compétences.",
    "steps": UNLIMITED_THEME,
}
EVERYWHERE = {
    "code": Why.EVERYWHERE,
    "message": "Aucun territoire ne limite ses compétences.",
    "steps": UNLIMITED_TERRITORY,
}


@dataclass
class _Asked:
    """What was asked, and what holds it: of each theme or territory, the steps to what it holds."""

    about: bool = False
    themes: dict[UUID, dict[UUID, int]] = field(default_factory=dict)
    names: dict[UUID, str] = field(default_factory=dict)
    within: bool = False
    territories: dict[UUID, tuple[int, Territory, Territory]] = field(default_factory=dict)


def is_asked(filters: DecisionMakerFilters) -> bool:
    """Whether the question is who is competent."""
    return bool(filters.theme_id or filters.territory_id)


def suggest(db: Session, filters: DecisionMakerFilters, me: Caller) -> Item:
    """A page of who is competent: `{items, next_cursor, total?}`. Raises InvalidCursor."""
    last = read_cursor(POSITION, filters.cursor) if filters.cursor is not None else None
    asked = _read(db, filters)
    candidates = search(me, filters).where(DecisionMaker.retired_at.is_(None), _competent(asked))
    named = candidates.with_only_columns(
        DecisionMaker.id, DecisionMaker.title, DecisionMaker.territory_id
    )
    rows = db.execute(named).all()
    held = _held(db, asked, [row.id for row in rows])
    found = []
    for id_, title, territory_id in rows:
        why = _reasons(asked, held.get(id_, []), territory_id)
        found.append((*_rank(why), title, id_, why))
    found.sort(key=_key)
    page = [one for one in found if last is None or _key(one) > _key(last)]
    shown = page[: filters.limit]
    told: Item = {"items": _items(db, shown), "next_cursor": None}
    if len(page) > filters.limit:
        told["next_cursor"] = write_cursor(POSITION, shown[-1][:4])
    return told | ({"total": len(found)} if filters.count else {})


def _read(db: Session, filters: DecisionMakerFilters) -> _Asked:
    asked = _Asked(about=bool(filters.theme_id), within=bool(filters.territory_id))
    rows = now_of(filters.theme_id)
    below = {theme_id: {theme_id: 0} for theme_id in db.scalars(rows)}
    while below:
        themes = db.scalars(select(Theme).where(Theme.id.in_(below))).all()
        above: dict[UUID, dict[UUID, int]] = {}
        for theme in themes:
            asked.names[theme.id] = theme.name
            holds = asked.themes.setdefault(theme.id, {})
            for asked_id, steps in below[theme.id].items():
                holds[asked_id] = min(steps, holds.get(asked_id, steps))
                if theme.parent_id and steps < DEEPEST - 1:
                    above.setdefault(theme.parent_id, {})[asked_id] = steps + 1
        below = above
    for territory_id in filters.territory_id:
        around = lineage(db, territory_id)
        for steps, territory in enumerate(around):
            nearest = asked.territories.get(territory.id)
            if nearest is None or steps < nearest[0]:
                asked.territories[territory.id] = steps, territory, around[0]
    return asked


def _competent(asked: _Asked) -> ColumnElement[bool]:
    links = select(DecisionMakerTheme.id).where(
        DecisionMakerTheme.decision_maker_id == DecisionMaker.id
    )
    on_theme = exists(
        links.join(Theme, Theme.id == DecisionMakerTheme.theme_id).where(
            THEME_NOW.in_(list(asked.themes))
        )
    )
    there = DecisionMaker.territory_id.in_(list(asked.territories))
    if not asked.within:
        return on_theme
    if not asked.about:
        return there
    everywhere = DecisionMaker.territory_id.is_(None)
    return or_(and_(on_theme, or_(there, everywhere)), and_(~links.exists(), there))


def _held(db: Session, asked: _Asked, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Of each of these decision makers, their themes that hold something asked."""
    rows = (
        select(DecisionMakerTheme.decision_maker_id, THEME_NOW)
        .join(Theme, Theme.id == DecisionMakerTheme.theme_id)
        .where(THEME_NOW.in_(list(asked.themes)), DecisionMakerTheme.decision_maker_id.in_(ids))
    )
    found: dict[UUID, list[UUID]] = {}
    for owner_id, theme_id in db.execute(rows):
        found.setdefault(owner_id, []).append(theme_id)
    return found


def _reasons(asked: _Asked, theme_ids: list[UUID], territory_id: UUID | None) -> list[Item]:
    """Why this one is competent: the nearest of their themes for each asked, then the territory."""
    told = []
    if asked.about:
        nearest: dict[UUID, tuple[int, UUID]] = {}
        for theme_id in theme_ids:
            for asked_id, steps in asked.themes[theme_id].items():
                nearest[asked_id] = min((steps, theme_id), nearest.get(asked_id, (steps, theme_id)))
        by_steps = sorted((steps, asked.names[id_], id_) for id_, (steps, _) in nearest.items())
        told += [_about(asked, id_, *nearest[id_]) for _, _, id_ in by_steps] or [EVERY_THEME]
    if asked.within:
        told.append(_within(*asked.territories[territory_id]) if territory_id else EVERYWHERE)
    return told


def _about(asked: _Asked, asked_id: UUID, steps: int, theme_id: UUID) -> Item:
    theirs, wanted = asked.names[theme_id], asked.names[asked_id]
    exact = f"Le thème « {wanted} » est dans ses compétences."
    parent = f"Le thème « {theirs} », qui contient « {wanted} », est dans ses compétences."
    return {
        "code": Why.THEME_PARENT if steps else Why.THEME_EXACT,
        "message": parent if steps else exact,
        "steps": steps,
        "theme_id": theme_id,
    }


def _within(steps: int, theirs: Territory, wanted: Territory) -> Item:
    around = f", qui contient {wanted.name}" if steps else ""
    return {
        "code": Why.TERRITORY_CONTAINING if steps else Why.TERRITORY_EXACT,
        "message": f"Agit à l'échelle {SCALES[theirs.level]} : {theirs.name}{around}.",
        "steps": steps,
        "territory_id": theirs.id,
        "level": theirs.level,
    }


def _rank(reasons: list[Item]) -> tuple[int, int]:
    """How far away: in all, and from the theme. Of several themes the nearest counts."""
    from_theme = min((r["steps"] for r in reasons if r["code"] in OF_THEMES), default=0)
    away = min((r["steps"] for r in reasons if r["code"] not in OF_THEMES), default=0)
    return from_theme + away, from_theme


def _key(found: Sequence[Any]) -> tuple[Any, ...]:
    steps, from_theme, title, id_, *_ = found
    return steps, from_theme, title, id_.int


def _items(db: Session, found: Sequence[Any]) -> list[Item]:
    names = columns_of(DecisionMaker, SuggestedOut)
    ids = {str(one[3]): one for one in found}
    rows = select(DecisionMaker).where(DecisionMaker.id.in_([one[3] for one in found]))
    items = [
        dict(zip(names, row, strict=True))
        for row in db.execute(select_columns(rows, DecisionMaker, names))
    ]
    by_id = {str(item["id"]): item for item in items}
    for id_, one in ids.items():
        by_id[id_]["reasons"] = one[4]
    complete(db, items)
    return [by_id[id_] for id_ in ids]
