"""How many of the testimonies found are of each sort.

They are those that say what is looked for, or of which an excerpt or a transcript does: the newest
500 of each, so that a word of every fifth testimony is counted as fast as a rare one. Editors and
evaluators see exact counts; others none below 5, nor what a total would give away.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.core.figures import K_RESTRICTED, largest_first, secret
from app.core.pages import Item
from app.search import service
from app.search.schemas import SearchFilters
from app.testimonies.models import Testimony, TestimonyTheme, TestimonyWitness
from app.textindex.sought import read
from app.witnesses.models import Witness

COUNTED = 500  # of a kind
ALL = ""  # no code
EXACT = {Permission.MODERATE, Permission.EXPORT}
COLUMNS = {
    "method": Testimony.method,
    "nature": Testimony.nature,
    "territory": Testimony.territory_id,
}


def count(db: Session, filters: SearchFilters, me: Caller) -> Item:
    """`{counted, complete, role, method, nature, theme, territory}`."""
    ids, is_complete = _found(db, filters, me)
    counts = {name: Counter[str]() for name in ("role", "theme", *COLUMNS)}
    of_them = Testimony.id.in_(ids)
    for values in db.execute(select(*COLUMNS.values()).where(of_them)):
        for name, value in zip(COLUMNS, values, strict=True):
            _add(counts[name], value)
    roles = select(TestimonyWitness.testimony_id, Witness.role).join(Witness).distinct()
    for _, role in db.execute(roles.where(TestimonyWitness.testimony_id.in_(ids))):
        _add(counts["role"], role)
    themes = select(TestimonyTheme.theme_id).where(TestimonyTheme.testimony_id.in_(ids))
    for theme_id in db.scalars(themes):
        _add(counts["theme"], theme_id)
    k = 0 if EXACT & me.permissions else K_RESTRICTED
    hidden = {name: _hidden(found, len(ids), k) for name, found in counts.items()}
    shown = {name: _told(found, hidden[name]) for name, found in counts.items()}
    counted = None if any(ALL in cells for cells in hidden.values()) else len(ids)
    return {"counted": counted, "complete": is_complete, **shown}


def _found(db: Session, filters: SearchFilters, me: Caller) -> tuple[Sequence[UUID], bool]:
    """The testimonies to count, and whether these are all."""
    sought = read(filters.q or "")
    found: dict[UUID, None] = {}
    is_complete = True
    if sought.terms:
        for kind, number, rows in service.said(db, sought, filters, me):
            of = service.testimony_of(kind, filters, me)
            read_newest = rows.with_only_columns(number, of).order_by(number.desc())
            newest = db.execute(read_newest.limit(COUNTED + 1)).all()
            is_complete &= len(newest) <= COUNTED
            found |= dict.fromkeys(testimony_id for _, testimony_id in newest[:COUNTED])
    return list(found), is_complete


def _hidden(counts: Counter[str], counted: int, k: int) -> set[str]:
    """What is not told of one facet: few people, and what would give them away."""
    return secret({**counts, ALL: counted}, [(ALL, list(counts))], k)


def _told(counts: Counter[str], hidden: set[str]) -> dict[str, int | None]:
    return {code: None if code in hidden else n for code, n in largest_first(counts)}


def _add(counter: Counter[str], value: Any) -> None:
    if value is not None:
        counter[str(value)] += 1
