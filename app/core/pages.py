"""Lists, cut in pages by keyset: each page starts after the last row of the one before.

Rows added or removed meanwhile move nothing. With an index on what visibility filters by, then on
the order's columns, the last page costs no more than the first: nothing is sorted or skipped.
A cursor is a position, neither secret nor signed: a forged one shows nothing that is not visible.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import Field, TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    func,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import NULLTYPE

from app.core.models import as_stored
from app.core.problems import Problem
from app.core.schemas import MAX_INT, Day, In, Moment, Out

T = TypeVar("T")
Item = dict[str, Any]
Details = Callable[[Session, list[Item]], None]


class InvalidCursor(Problem):
    """This cursor does not come from this list."""

    status = 422


class PageParams(In):
    """Which page of a list."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=2000, description="`next_cursor` of the last page.")
    count: bool = Field(False, description="Add `total`, the length of the whole list.")


class MirrorParams(PageParams):
    """Which page of a list that a client keeps a copy of."""

    updated_since: Moment | None = Field(None, description="Only what changed since.")


class Tombstone(Out):
    """What a mirror must forget: it was withdrawn, and there is nothing more to say of it."""

    id: UUID
    state: Literal["withdrawn"] = "withdrawn"


def bury(items: list[Item], gone: Collection[Any]) -> None:
    """Make tombstones of the items with these ids, in their place."""
    for item in items:
        if item["id"] in gone:
            kept = {"id": item["id"], "state": "withdrawn"}
            item.clear()
            item.update(kept)


class Page(Out, Generic[T]):
    """A page of a list. `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None
    total: int | None = Field(None, exclude_if=lambda total: total is None)


class MirrorPage(Page[T], Generic[T]):
    """A page of a list that a client keeps a copy of: with what it must forget."""

    items: list[T | Tombstone]  # type: ignore[assignment]


# What both databases can compare a column with.
POSITIONS: dict[type, Any] = {
    datetime: Moment,
    date: Day,
    int: Annotated[int, Field(ge=-MAX_INT - 1, le=MAX_INT)],
    str: Annotated[str, Field(pattern=r"^[^\x00]*$")],
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def read_cursor(position: TypeAdapter[Any], cursor: str) -> tuple[Any, ...]:
    """The position that a cursor tells, as `write_cursor` wrote it. Raises InvalidCursor."""
    try:
        values: tuple[Any, ...] = position.validate_json(urlsafe_b64decode(cursor))
    except ValueError:
        raise InvalidCursor from None
    if write_cursor(position, values) != cursor:
        raise InvalidCursor
    return values


def write_cursor(position: TypeAdapter[Any], values: Sequence[Any]) -> str:
    """A position, as one word."""
    return urlsafe_b64encode(position.dump_json(tuple(values))).decode()


class Order:
    """The order of a list: columns of its entity, none nullable, the last one unique.

    All ascend, or all descend: a plain index is then read in this order, forwards or backwards.
    With `latest_first`, the first column descends and the others ascend.
    """

    def __init__(
        self,
        *columns: InstrumentedAttribute[Any],
        descending: bool = False,
        latest_first: bool = False,
    ) -> None:
        self.columns = columns
        self.mixed, self.descending = latest_first, descending
        self.names = [column.key for column in columns]
        self.stored = [type_coerce(column, NULLTYPE) for column in columns]  # as drivers give them
        kinds = [column.type.python_type for column in columns]
        position: Any = GenericAlias(tuple, tuple(POSITIONS.get(kind, kind) for kind in kinds))
        self.position = TypeAdapter[Any](position)

    def sort(self, rows: Select[Any]) -> Select[Any]:
        """These rows, in this order."""
        first, *others = self.columns
        ends = [first.desc() if self.mixed or self.descending else first]
        ends += [column.desc() if self.descending else column for column in others]
        return rows.order_by(None).order_by(*ends)

    def read(self, cursor: str) -> tuple[Any, ...]:
        """The position that a cursor tells. Raises InvalidCursor."""
        return read_cursor(self.position, cursor)

    def after(self, values: tuple[Any, ...]) -> Iterator[ColumnElement[bool]]:
        """What holds for the rows after this position: one range of an index at a time.

        A mixed order has two: the rest of the rows that tie on the first column, then the others.
        (One OR of both would make each page skip all the ties before it.)
        """
        return self._after(self.columns, values)

    def after_stored(self, values: Sequence[Any]) -> Iterator[ColumnElement[bool]]:
        """The same of a position as it was read of `stored`, be it valid or not.

        The database compares it with what it holds: no row comes twice, and none is left out.
        """
        return self._after(self.stored, tuple(values))

    def _after(
        self, columns: Sequence[SQLColumnExpression[Any]], values: tuple[Any, ...]
    ) -> Iterator[ColumnElement[bool]]:
        if not self.mixed:
            key = tuple_(*columns)
            yield key < values if self.descending else key > values
            return
        first, *others = columns
        yield and_(first == values[0], tuple_(*others) > values[1:])
        yield first < values[0]

    def cursor(self, values: Sequence[Any]) -> str:
        """The position of a row, of which these are the order's columns."""
        return write_cursor(self.position, values)

    def key(self, item: Item) -> tuple[Any, ...]:
        """What compares two items of this list that were read from different ranges."""
        found: tuple[Any, ...] = self.position.validate_python(tuple(item[n] for n in self.names))
        return tuple(_comparable(v, self._falls(i)) for i, v in enumerate(found))

    def _falls(self, index: int) -> bool:
        return self.descending or (self.mixed and index == 0)


def _comparable(value: Any, falls: bool) -> Any:
    number: Any = value.int if isinstance(value, UUID) else value
    if not falls:
        return number
    if isinstance(number, datetime):
        return -((number - EPOCH) // MICROSECOND)  # a float would be too coarse
    return -(number.toordinal() if isinstance(number, date) else number)


def matches(entity: Any, filters: Any, *names: str) -> list[ColumnElement[bool]]:
    """What the filters of these names ask of the columns of the same names; and `updated_since`.

    A list asks for one of its values, and an empty one for nothing; so does null.
    """
    found: list[ColumnElement[bool]] = []
    for name in names:
        column, value = getattr(entity, name), getattr(filters, name)
        if isinstance(value, list):
            found += [column.in_(value)] if value else []
        elif value is not None:
            found.append(column == value)
    if since := getattr(filters, "updated_since", None):
        found.append(entity.updated_at >= since)
    return found


def read_page(
    db: Session,
    out: type[Out],
    rows: Select[Any] | Sequence[Select[Any]],
    params: PageParams,
    order: Order,
    details: Details | None = None,
) -> dict[str, Any]:
    """The page of `rows` which `params` ask for, as a `Page[out]`. Raises InvalidCursor.

    `rows` selects an entity, of which only the columns are read which `out` and `order` name.
    Several selects that share no row (what one sees by this right, and by that one) are one list;
    none at all is an empty one.
    `details` completes the items of the page with what other tables know of them.
    """
    branches = [rows] if isinstance(rows, Select) else list(rows)
    position = order.read(params.cursor) if params.cursor is not None else None
    if not branches:
        return {"items": [], "next_cursor": None, **({"total": 0} if params.count else {})}
    entity = branches[0].column_descriptions[0]["entity"]
    names = columns_of(entity, out, tuple(order.names))
    items: list[Item] = []
    for branch in branches:
        items += _read_branch(
            db, select_columns(branch, entity, names), names, position, params, order
        )
    if len(branches) > 1:
        items.sort(key=order.key)
    found: dict[str, Any] = {"items": items[: params.limit], "next_cursor": None}
    if len(items) > params.limit:
        last = items[params.limit - 1]
        values = order.position.validate_python(tuple(last[name] for name in order.names))
        found["next_cursor"] = order.cursor(values)
    if params.count:
        found["total"] = sum(_count(db, branch) for branch in branches)
    if details and found["items"]:
        details(db, found["items"])
    return found


def _read_branch(
    db: Session,
    rows: Select[Any],
    names: tuple[str, ...],
    position: tuple[Any, ...] | None,
    params: PageParams,
    order: Order,
) -> list[Item]:
    wanted = params.limit + 1
    items: list[Item] = []
    ranges = [rows] if position is None else (rows.where(end) for end in order.after(position))
    for part in ranges:
        read = db.execute(order.sort(part).limit(wanted - len(items)))
        items += [dict(zip(names, row, strict=True)) for row in read]
        if len(items) == wanted:
            break
    return items


@cache
def columns_of(entity: Any, out: type[Out], more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names of the entity's columns that a schema is made of, and `more`."""
    mapped = set(entity.__mapper__.column_attrs.keys())
    return tuple(dict.fromkeys(n for n in (*out.model_fields, *out.made_of, *more) if n in mapped))


def select_columns(rows: Select[Any], entity: Any, names: Sequence[str]) -> Select[Any]:
    """These columns of the rows, as the database keeps them."""
    return rows.with_only_columns(*_stored(entity, tuple(names)))


@cache
def _stored(entity: Any, names: tuple[str, ...]) -> tuple[ColumnElement[Any], ...]:
    return tuple(as_stored(getattr(entity, name)) for name in names)


def _count(db: Session, rows: Select[Any]) -> int:
    return db.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0


def link_to(path: str, asked: Iterable[tuple[str, str]], cursor: str) -> str:
    """The `Link` to the page that begins at a cursor, of what was asked (RFC 8288)."""
    others = [item for item in asked if item[0] != "cursor"]
    return f'<{path}?{urlencode([*others, ("cursor", cursor)])}>; rel="next"'
