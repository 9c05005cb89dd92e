"""What search asks the database: built once for each caller and choice of filters.

Building what a caller may see costs more than answering it. Each statement is kept with its
parameters left open: the question (`asked`), the place in the list, and the present moment, which
whoever executes it fills in. So nothing that was seen is kept: only how to ask for it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    distinct,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.appearances.models import Appearance
from app.appearances.queries import unsaid_to_team
from app.codebook.service import now_of
from app.core.models import PRESENT, as_stored
from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt, ExcerptTheme
from app.gate.transcripts import visible_media
from app.media.models import Media
from app.search.schemas import SearchFilters
from app.testimonies.models import Testimony, TestimonyMedia, TestimonyTheme, TestimonyWitness
from app.testimonies.queries import filtered, rights
from app.textindex import service as textindex
from app.textindex.models import TextKind
from app.textindex.service import TEXTS
from app.transcripts.models import Transcript
from app.witnesses.models import Witness

KEPT = 256  # statements of a sort
OF_A_PAGE = {"q", "cursor", "limit", "count", "kind"}  # and not of the testimonies searched
BEFORE = bindparam("before", type_=BigInteger())
WANTED = bindparam("wanted", type_=Integer())
SHOWN = ("number", "id", "testimony_id", "title", "words")
MORE, COUNTED = "more", "counted"  # names of tallies, beside those of the facets


@dataclass(frozen=True)
class Scope:
    """Who asks, of which testimonies, and which database."""

    me: Caller
    filters: str  # as JSON
    postgresql: bool

    def passes(self, **changes: Any) -> list[ColumnElement[bool]]:
        """What the filters want of a testimony."""
        filters = SearchFilters.model_validate_json(self.filters).model_copy(update=changes)
        condition = filtered(filters).whereclause
        return [] if condition is None else [condition]


def scope(db: Session, filters: SearchFilters, me: Caller) -> Scope:
    """What statements are kept by."""
    wanted = filters.model_dump_json(exclude=OF_A_PAGE, exclude_defaults=True)
    return Scope(me, wanted, textindex.is_postgresql(db))


@lru_cache(KEPT)
def newest(kind: TextKind, scope: Scope) -> Select[Any]:
    """`SHOWN` of what is found before `before`, `wanted`."""
    number, rows = _found(kind, scope)
    of, title = _testimony_of(kind, scope)
    shown = rows.with_only_columns(
        number.label("number"),
        as_stored(TEXTS.c.thing_id).label("id"),
        of.label("testimony_id"),
        title.label("title"),
        WORDS[kind].label("words"),
    )
    return shown.where(number < BEFORE).order_by(number.desc()).limit(WANTED)


@lru_cache(KEPT)
def total(kind: TextKind, scope: Scope) -> Select[int]:
    """How many are found."""
    _, rows = _found(kind, scope)
    return select(func.count()).select_from(rows.subquery())


@lru_cache(KEPT)
def tallies(kinds: tuple[TextKind, ...], scope: Scope, most: int) -> Any:
    """`(name, code, count)` of the testimonies found, of each kind by the newest `most`.

    `counted`, without code, is how many they are; `more`, of each kind, how many were found, up to
    one more than `most`.
    """
    found_by = []
    for kind in kinds:
        number, rows = _found(kind, scope)
        of, _ = _testimony_of(kind, scope)
        newest = rows.with_only_columns(number.label("number"), of.label("testimony_id"))
        ordered = newest.order_by(number.desc()).limit(most + 1)
        found_by.append(ordered.cte(f"found_by_{kind}"))
    read = [
        select(one.c.testimony_id).order_by(one.c.number.desc()).limit(most).subquery()
        for one in found_by
    ]
    found = union(*(select(one.c.testimony_id) for one in read)).cte("found")
    more = [
        select(literal(MORE), literal(kind.value), func.count()).select_from(one)
        for kind, one in zip(kinds, found_by, strict=True)
    ]
    every = select(found.c.testimony_id)
    columns = (column.label(name) for name, column in COLUMNS.items())
    own = select(*columns).where(Testimony.id.in_(every)).cte("own")  # long rows: read once
    themes = _tally("theme", TestimonyTheme.theme_id, func.count())
    roles = _tally("role", Witness.role, func.count(distinct(TestimonyWitness.testimony_id)))
    return union_all(
        select(literal(COUNTED), cast(null(), String), func.count()).select_from(found),
        *more,
        *(_tally(name, own.c[name], func.count()) for name in COLUMNS),
        themes.where(TestimonyTheme.testimony_id.in_(every)),
        roles.where(
            Witness.id == TestimonyWitness.witness_id, TestimonyWitness.testimony_id.in_(every)
        ),
    )


def _tally(name: str, column: Any, count: Any) -> Select[Any]:
    code = cast(as_stored(column), String)
    return select(literal(name), code, count).where(column.is_not(None)).group_by(column)


def _found(kind: TextKind, scope: Scope) -> tuple[ColumnElement[int], Select[Any]]:
    """The numbers of what says what is asked, and the rows to read of it.

    They are those that the caller may see, and that pass the filters; which columns of them are
    read is for who asks.
    """
    place = textindex.place(kind, postgresql=scope.postgresql)
    rows = select(place.number).select_from(place.table)
    joined, conditions = FOUND[kind](rows, scope)
    return place.number, joined.where(place.holds, *conditions)


def _testimonies(rows: Select[Any], scope: Scope) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    rows = rows.join(Testimony, Testimony.id == TEXTS.c.thing_id)
    return rows, [or_(False, *rights(scope.me, PRESENT)), *scope.passes()]


def _excerpts(rows: Select[Any], scope: Scope) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    """Of what nature it is and of what themes, an excerpt says itself; to who reads its quote."""
    filters = SearchFilters.model_validate_json(scope.filters)
    conditions = [or_(False, *excerpts.rights(scope.me, PRESENT)), excerpts.quoted(scope.me)]
    if filters.nature:
        conditions.append(Excerpt.nature.in_(filters.nature))
    if filters.theme_id:
        coded = select(ExcerptTheme.id).where(ExcerptTheme.theme_id.in_(now_of(filters.theme_id)))
        conditions.append(coded.where(ExcerptTheme.excerpt_id == Excerpt.id).exists())
    if others := scope.passes(nature=[], theme_id=[]):
        conditions.append(Excerpt.testimony_id.in_(select(Testimony.id).where(*others)))
    return rows.join(Excerpt, Excerpt.id == TEXTS.c.thing_id), conditions


def _transcripts(rows: Select[Any], scope: Scope) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    """One in which somebody is heard or named who refuses the team their words is not found."""
    heard = select(Appearance.id).where(
        Appearance.media_id == Transcript.media_id, unsaid_to_team(PRESENT)
    )
    readable = visible_media(scope.me, PRESENT).with_only_columns(Media.id)
    conditions = [
        Transcript.media_id.in_(readable),
        _told_in(Testimony.id, scope).exists(),
        ~heard.exists(),
    ]
    return rows.join(Transcript, Transcript.id == TEXTS.c.thing_id), conditions


def _told_in(column: Any, scope: Scope) -> Select[Any]:
    """This column of the testimony of a transcript: the first that the caller may see."""
    return (
        select(column)
        .join(TestimonyMedia, TestimonyMedia.testimony_id == Testimony.id)
        .where(
            TestimonyMedia.media_id == Transcript.media_id,
            or_(False, *rights(scope.me, PRESENT)),
            *scope.passes(),
        )
        .order_by(Testimony.id)
        .limit(1)
        .correlate(Transcript)
    )


def _testimony_of(kind: TextKind, scope: Scope) -> tuple[ColumnElement[UUID], Any]:
    """The id and the title of the testimony that a thing is of."""
    if kind is TextKind.TRANSCRIPT:
        id_, title = (_told_in(column, scope) for column in (Testimony.id, Testimony.title))
        return as_stored(id_.scalar_subquery()), title.scalar_subquery()
    if kind is TextKind.EXCERPT:
        of_it = select(Testimony.title).where(Testimony.id == Excerpt.testimony_id)
        return as_stored(Excerpt.testimony_id), of_it.scalar_subquery()
    return as_stored(Testimony.id), Testimony.title


FOUND = {
    TextKind.TESTIMONY: _testimonies,
    TextKind.EXCERPT: _excerpts,
    TextKind.TRANSCRIPT: _transcripts,
}
WORDS: dict[TextKind, Any] = {
    TextKind.TESTIMONY: Testimony.body,
    TextKind.EXCERPT: func.coalesce(Excerpt.public_quote, Excerpt.exact),
    TextKind.TRANSCRIPT: Transcript.segments,
}
COLUMNS = {
    "method": Testimony.method,
    "nature": Testimony.nature,
    "territory": Testimony.territory_id,
}
