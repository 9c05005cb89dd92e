"""How many of the testimonies found are of each sort.

They are those that say what is looked for, or of which an excerpt or a transcript does: the newest
500 of each, so that a word of every fifth testimony is counted as fast as a rare one. Who may
export sees exact counts; others none below 5, nor what a total would give away.
"""

from collections import Counter

from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.core.db import rows_of
from app.core.figures import largest_first, secret
from app.core.pages import Item
from app.core.settings import settings
from app.search.schemas import SearchFilters
from app.search.service import kinds_of
from app.search.statements import COUNTED, MORE, scope, tallies
from app.textindex.languages import Where
from app.textindex.service import asked, who_says
from app.textindex.sought import Sought, read

NEWEST = 500  # of a kind are counted
ALL = ""  # no code
FACETS = ("role", "method", "nature", "theme", "territory")


def count(db: Session, filters: SearchFilters, me: Caller) -> Item:
    """`{counted, complete, role, method, nature, theme, territory}`."""
    counts = _tallied(db, read(filters.q or ""), filters, me)
    counted = counts[COUNTED][ALL]
    k = 0 if Permission.EXPORT in me.permissions else settings().figures_k_restricted
    hidden = {name: _hidden(counts[name], counted, k) for name in FACETS}
    is_told = not any(ALL in cells for cells in hidden.values())
    return {
        "counted": counted if is_told else None,
        "complete": all(found <= NEWEST for found in counts[MORE].values()),
        **{name: _told(counts[name], hidden[name]) for name in FACETS},
    }


def _tallied(
    db: Session, sought: Sought, filters: SearchFilters, me: Caller
) -> dict[str, Counter[str]]:
    """How many of each code, by facet; see `statements.tallies`."""
    counts = {name: Counter[str]() for name in (*FACETS, COUNTED, MORE)}
    if not sought.terms:
        return counts
    said = who_says(db, sought, Where.ANYWHERE)
    kinds = tuple(kind for kind in kinds_of(filters) if (Where.ANYWHERE, kind) in said)
    if not kinds:
        return counts
    within = scope(db, filters, me)
    question = asked(sought, Where.ANYWHERE, postgresql=within.postgresql)
    for name, code, found in rows_of(db, tallies(kinds, within, NEWEST), asked=question):
        counts[name][code or ALL] += found
    return counts


def _hidden(counts: Counter[str], counted: int, k: int) -> set[str]:
    """What is not told of one facet: few people, and what would give them away."""
    return secret({**counts, ALL: counted}, [(ALL, list(counts))], k)


def _told(counts: Counter[str], hidden: set[str]) -> dict[str, int | None]:
    return {code: None if code in hidden else n for code, n in largest_first(counts)}
