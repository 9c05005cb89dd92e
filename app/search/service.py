"""Find what says something, among what the caller may see.

What says it in its title, or in a tag, comes first; then the rest: in both, the newest first. So no
page ranks more than it shows: a word of every fifth testimony costs what a rare one does.
"""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, TypeAdapter
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.appearances.models import Appearance
from app.appearances.queries import unsaid_to_team
from app.core.models import as_stored, now
from app.core.pages import Item, read_cursor, write_cursor
from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt, ExcerptTheme
from app.gate.transcripts import visible_media
from app.media.models import Media
from app.search.schemas import SearchFilters
from app.testimonies.models import Testimony, TestimonyMedia
from app.testimonies.queries import filtered, rights
from app.textindex import service as textindex
from app.textindex.languages import Where
from app.textindex.models import TextKind
from app.textindex.service import TEXTS
from app.textindex.snippets import snippet
from app.textindex.sought import Sought, read
from app.transcripts.models import Transcript

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
    found: list[Item] = []
    for place in range(tier, len(TIERS)):
        wanted = filters.limit + 1 - len(found)
        found += _of_tier(db, place, sought, filters, me, number, wanted)
        number = LAST
        if len(found) > filters.limit:
            break
    page: Item = {"items": found[: filters.limit], "next_cursor": None}
    if len(found) > filters.limit:
        last = page["items"][-1]
        page["next_cursor"] = write_cursor(POSITION, (last["tier"], last["number"]))
    titles = _titles(db, page["items"])
    for item in page["items"]:
        shown = snippet(item.pop("words") or "", sought)
        item.update(
            snippet=shown.text, ranges=shown.ranges, title=titles[str(item["testimony_id"])]
        )
        item["score"] = SCORES[item["tier"]]
    if filters.count:
        page["total"] = _count(db, sought, filters, me)
    return page


def said(
    db: Session, sought: Sought, filters: SearchFilters, me: Caller, where: Where = Where.ANYWHERE
) -> Iterator[tuple[TextKind, ColumnElement[int], Select[Any]]]:
    """For each kind of things of which any says this: its numbers, and the rows to read.

    The rows are those that the caller may see, and that pass the filters; which columns of them are
    read is for who asks. That nobody says it is found out first: what may be seen costs more.
    """
    for kind in dict.fromkeys(filters.kind) or TextKind:
        if textindex.is_said(db, kind, sought, where):
            place = textindex.place(db, kind, sought, where)
            rows = select(place.number).select_from(place.table)
            joined, conditions = FOUND[kind](rows, filters, me)
            yield kind, place.number, joined.where(place.holds, *conditions)


def _of_tier(
    db: Session,
    tier: int,
    sought: Sought,
    filters: SearchFilters,
    me: Caller,
    before: int,
    wanted: int,
) -> list[Item]:
    found: list[Item] = []
    for kind, number, rows in said(db, sought, filters, me, TIERS[tier]):
        of = testimony_of(kind, filters, me)
        shown = rows.with_only_columns(number, as_stored(TEXTS.c.thing_id), of, WORDS[kind])
        newest = shown.where(number < before).order_by(number.desc()).limit(wanted)
        for number_, id_, testimony_id, words in db.execute(newest):
            told = {"kind": kind, "id": id_, "testimony_id": testimony_id, "tier": tier}
            found.append(told | {"number": number_, "words": _plain(words)})
    found.sort(key=lambda item: -item["number"])
    return found[:wanted]


def _titles(db: Session, items: list[Item]) -> dict[str, str | None]:
    of_them = Testimony.id.in_({str(item["testimony_id"]) for item in items})
    rows = db.execute(select(Testimony.id, Testimony.title).where(of_them))
    return {str(row.id): row.title for row in rows}


def _plain(words: str | list[dict[str, Any]] | None) -> str | None:
    """A text; of segments, the text of which offsets are code points."""
    return "\n".join(one["text"] for one in words) if isinstance(words, list) else words


def _count(db: Session, sought: Sought, filters: SearchFilters, me: Caller) -> int:
    counted = (
        db.scalar(select(func.count()).select_from(rows.subquery())) or 0
        for _, _, rows in said(db, sought, filters, me)
    )
    return sum(counted)


def _testimonies(
    rows: Select[Any], filters: SearchFilters, me: Caller
) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    rows = rows.join(Testimony, Testimony.id == TEXTS.c.thing_id)
    return rows, [or_(False, *rights(me)), *_passes(filters)]


def _excerpts(
    rows: Select[Any], filters: SearchFilters, me: Caller
) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    """Of what nature it is and of what themes, an excerpt says itself."""
    conditions = [or_(False, *excerpts.rights(me))]
    if filters.nature:
        conditions.append(Excerpt.nature.in_(filters.nature))
    if filters.theme_id:
        coded = select(ExcerptTheme.id).where(ExcerptTheme.theme_id.in_(filters.theme_id))
        conditions.append(coded.where(ExcerptTheme.excerpt_id == Excerpt.id).exists())
    if others := _passes(filters.model_copy(update={"nature": [], "theme_id": []})):
        conditions.append(Excerpt.testimony_id.in_(select(Testimony.id).where(*others)))
    return rows.join(Excerpt, Excerpt.id == TEXTS.c.thing_id), conditions


def _transcripts(
    rows: Select[Any], filters: SearchFilters, me: Caller
) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    """One in which somebody is heard or named who refuses the team their words is not found."""
    heard = select(Appearance.id).where(
        Appearance.media_id == Transcript.media_id, unsaid_to_team(now())
    )
    readable = Transcript.media_id.in_(visible_media(me).with_only_columns(Media.id))
    told = _told_in(filters, me).exists()
    return rows.join(Transcript, Transcript.id == TEXTS.c.thing_id), [
        readable,
        told,
        ~heard.exists(),
    ]


def _told_in(filters: SearchFilters, me: Caller) -> Select[UUID]:
    """The testimonies that have the media of a transcript."""
    return (
        select(Testimony.id)
        .join(TestimonyMedia, TestimonyMedia.testimony_id == Testimony.id)
        .where(TestimonyMedia.media_id == Transcript.media_id, or_(False, *rights(me)))
        .where(*_passes(filters))
        .order_by(Testimony.id)
        .limit(1)
        .correlate(Transcript)
    )


def testimony_of(kind: TextKind, filters: SearchFilters, me: Caller) -> ColumnElement[Any]:
    """The testimony that a thing is of; of a transcript, the first that the caller may see."""
    if kind is TextKind.TRANSCRIPT:
        return _told_in(filters, me).scalar_subquery()
    return OWN_TESTIMONY[kind]


def _passes(filters: SearchFilters) -> list[ColumnElement[bool]]:
    condition = filtered(filters.model_copy(update={"q": None})).whereclause
    return [] if condition is None else [condition]


FOUND = {
    TextKind.TESTIMONY: _testimonies,
    TextKind.EXCERPT: _excerpts,
    TextKind.TRANSCRIPT: _transcripts,
}
OWN_TESTIMONY: dict[TextKind, ColumnElement[Any]] = {
    TextKind.TESTIMONY: as_stored(Testimony.id),
    TextKind.EXCERPT: as_stored(Excerpt.testimony_id),
}
WORDS: dict[TextKind, Any] = {
    TextKind.TESTIMONY: Testimony.body,
    TextKind.EXCERPT: func.coalesce(Excerpt.public_quote, Excerpt.exact),
    TextKind.TRANSCRIPT: Transcript.segments,
}
