"""Find what says something, among what the caller may see.

What says it in its title, or in a tag, comes first; then the rest: in both, the newest first. So no
page ranks more than it shows: a word of every fifth testimony costs what a rare one does.
"""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.core.db import rows_of
from app.core.pages import Item, read_cursor, write_cursor
from app.search.schemas import SearchFilters
from app.search.statements import SHOWN, Scope, newest, scope, total
from app.textindex.languages import Where
from app.textindex.models import TextKind
from app.textindex.service import asked, who_says
from app.textindex.snippets import Snippets
from app.textindex.sought import Sought, read

TIERS = (Where.TITLE, Where.ELSEWHERE)
SCORES = (2.0, 1.0)  # of each tier
LAST = 2**63 - 1
TIER = Annotated[int, Field(ge=0, lt=len(TIERS))]
NUMBER = Annotated[int, Field(ge=0, le=LAST)]
POSITION = TypeAdapter[Any](tuple[TIER, NUMBER])


def search(db: Session, filters: SearchFilters, me: Caller) -> Item:
    """A page of what is found: `{items, next_cursor, total?}`. Raises InvalidCursor."""
    tier, number = (
        read_cursor(POSITION, filters.cursor) if filters.cursor is not None else (0, LAST)
    )
    sought = read(filters.q or "")
    if not sought.terms:
        return {"items": [], "next_cursor": None, **({"total": 0} if filters.count else {})}
    within = scope(db, filters, me)
    said = who_says(db, sought, *TIERS)
    found: list[Item] = []
    for place in range(tier, len(TIERS)):
        kinds = [kind for kind in kinds_of(filters) if (TIERS[place], kind) in said]
        wanted = filters.limit + 1 - len(found)
        found += _of_tier(db, place, sought, kinds, within, number, wanted)
        number = LAST
        if len(found) > filters.limit:
            break
    page: Item = {"items": found[: filters.limit], "next_cursor": None}
    if len(found) > filters.limit:
        last = page["items"][-1]
        page["next_cursor"] = write_cursor(POSITION, (last["tier"], last["number"]))
    snippets = Snippets(sought)
    for item in page["items"]:
        shown = snippets.of(_plain(item.pop("words")))
        item.update(snippet=shown.text, ranges=shown.ranges, score=SCORES[item["tier"]])
    if filters.count:
        question = asked(sought, Where.ANYWHERE, postgresql=within.postgresql)
        counts = (rows_of(db, total(k, within), asked=question) for k in kinds_of(filters))
        page["total"] = sum(count for ((count,),) in counts)
    return page


def kinds_of(filters: SearchFilters) -> tuple[TextKind, ...]:
    """The kinds of things to look in."""
    return tuple(dict.fromkeys(filters.kind) or TextKind)


def _of_tier(
    db: Session,
    tier: int,
    sought: Sought,
    kinds: list[TextKind],
    within: Scope,
    before: int,
    wanted: int,
) -> list[Item]:
    question = asked(sought, TIERS[tier], postgresql=within.postgresql)
    found: list[Item] = []
    for kind in kinds:
        rows = rows_of(db, newest(kind, within), asked=question, before=before, wanted=wanted)
        of_it = {"kind": kind, "tier": tier}
        found += (of_it | dict(zip(SHOWN, row, strict=True)) for row in rows)
    found.sort(key=lambda item: -item["number"])
    return found[:wanted]


def _plain(words: str | list[dict[str, Any]] | None) -> str:
    """A text; of segments, the text of which offsets are code points."""
    return "\n".join(one["text"] for one in words) if isinstance(words, list) else words or ""
