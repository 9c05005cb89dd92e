"""What each method brought, from whom, and how freely it was said."""

from typing import Any

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.core.figures import Figures
from app.core.models import now
from app.indicators.corpus import accepted, figures_for
from app.indicators.schemas import CorpusFilters
from app.moderation.models import Candor
from app.moderation.speech import Level, level_in_sql
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.models import Witness

ALL = ("all",)  # every testimony; other cells are named by what they are of
METHOD, ROLE, LEVEL, ASSESSED = "method", "role", "level", "assessed"
LEVEL_NOTED = level_in_sql(Candor).label(LEVEL)
Cell = tuple[str, ...]


def methods(db: Session, filters: CorpusFilters, me: Caller) -> dict[str, Any]:
    """The counts of testimonies by method, role and level of candor, and their shares."""
    counted = accepted(filters, me).with_only_columns(Testimony.id, Testimony.method).subquery()
    figures = figures_for(me)
    known: dict[str, set[str]] = {METHOD: set(), ROLE: set()}
    for method, level, count in db.execute(_by_method(counted)):
        known[METHOD].add(method)
        _count(figures, count, level, ALL, (METHOD, method))
    for method, role, level, count in db.execute(_by_role(counted)):
        known[ROLE].add(role)
        _count(figures, count, level, (ROLE, role))
        figures.counts[METHOD, method, ROLE, role] += count
    by_method, by_role = sorted(known[METHOD]), sorted(known[ROLE])
    _say_sums(figures, by_method, by_role)
    return {
        "counted_at": now(),
        "k": figures.k,
        "testimonies": figures.count(ALL),
        "assessed": figures.count((*ALL, ASSESSED)),
        "methods": [{METHOD: code} | _brought(figures, (METHOD, code)) for code in by_method],
        "roles": [{ROLE: code} | _brought(figures, (ROLE, code)) for code in by_role],
        "methods_by_role": [
            {METHOD: method, ROLE: role}
            | _told(figures, (METHOD, method, ROLE, role), of=(METHOD, method))
            for method in by_method
            for role in by_role
        ],
        "candor": _candor(figures, ALL),
        "candor_by_method": [
            {METHOD: code} | cell for code in by_method for cell in _candor(figures, (METHOD, code))
        ],
        "candor_by_role": [
            {ROLE: code} | cell for code in by_role for cell in _candor(figures, (ROLE, code))
        ],
    }


def _by_method(counted: Subquery) -> Select[Any]:
    """How many, by method and level."""
    each = _with_level(select(counted.c.method, LEVEL_NOTED), counted).subquery()
    return _grouped(each, each.c.method, each.c.level)


def _by_role(counted: Subquery) -> Select[Any]:
    """How many, by method, role and level: of several witnesses of a role each counts once."""
    rows = select(counted.c.id, counted.c.method, Witness.role, LEVEL_NOTED)
    each = (
        _with_level(rows, counted)
        .join(TestimonyWitness, TestimonyWitness.testimony_id == counted.c.id)
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .distinct()
        .subquery()
    )
    return _grouped(each, each.c.method, each.c.role, each.c.level)


def _with_level(rows: Select[Any], counted: Subquery) -> Select[Any]:
    return rows.select_from(counted).outerjoin(Candor, Candor.testimony_id == counted.c.id)


def _grouped(rows: Subquery, *by: Any) -> Select[Any]:
    return select(*by, func.count()).select_from(rows).group_by(*by)


def _count(figures: Figures, count: int, level: str | None, *cells: Cell) -> None:
    """Of these cells, and of their level."""
    for cell in cells:
        figures.counts[cell] += count
        if level:
            figures.counts[*cell, ASSESSED] += count
            figures.counts[*cell, LEVEL, level] += count


def _say_sums(figures: Figures, by_method: list[str], by_role: list[str]) -> None:
    """What readers may subtract; several roles may speak, but mostly one does."""
    each = [(METHOD, code) for code in by_method], [(ROLE, code) for code in by_role]
    for cell in (ALL, *each[0], *each[1]):
        figures.add_up((*cell, ASSESSED), [(*cell, LEVEL, level) for level in Level])
    for cells in each:
        figures.add_up(ALL, cells)
        figures.add_up((*ALL, ASSESSED), [(*cell, ASSESSED) for cell in cells])
        for level in Level:
            figures.add_up((*ALL, LEVEL, level), [(*cell, LEVEL, level) for cell in cells])
    for method in each[0]:
        figures.add_up(method, [(*method, *role) for role in each[1]])
    for role in each[1]:
        figures.add_up(role, [(*method, *role) for method in each[0]])


def _told(figures: Figures, cell: Cell, of: Cell) -> dict[str, Any]:
    return {"count": figures.count(cell), "share": figures.share(cell, of=of)}


def _brought(figures: Figures, cell: Cell) -> dict[str, Any]:
    return _told(figures, cell, of=ALL) | {"assessed": figures.count((*cell, ASSESSED))}


def _candor(figures: Figures, cell: Cell) -> list[dict[str, Any]]:
    return [
        {LEVEL: level} | _told(figures, (*cell, LEVEL, level), of=(*cell, ASSESSED))
        for level in Level
    ]
