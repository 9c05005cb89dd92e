"""Keep versions, read them, forget them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.core.models import Base, Versioned, now
from app.core.pages import Item, Order, read_page
from app.core.problems import Invalid, NotFound, WrongState
from app.core.schemas import In
from app.history.diffs import Prose, changes
from app.history.models import Version
from app.history.schemas import HistoryParams, VersionOut
from app.lineage.service import forget as forget_lineage
from app.lineage.service import made

V = Version
NEWEST_FIRST = Order(V.version, V.id, descending=True)
FIRST = 1

Content = dict[str, Any]
Source = tuple[type[Base], UUID | None]
Clean = Callable[[Content, Mapping[str, Any]], Content | None]
Payload = TypeVar("Payload", bound=In)


@dataclass(frozen=True)
class Snapshot:
    """What a thing says at this version: the body of its PUT, as JSON.

    `sources` are the rows, besides the thing, with which it is erased; `facts` say what the gate
    asks about it. See `snapshot`.
    """

    version: int
    at: datetime
    content: Content
    sources: Sequence[Source]
    facts: dict[str, Any]


def said_by(schema: type[In], thing: Base, shown: Mapping[str, Any]) -> Content:
    """What a PUT of this schema says of a thing now: what is shown of it, else its columns."""
    return {
        name: shown[name] if name in shown else getattr(thing, name) for name in schema.model_fields
    }


def snapshot(
    thing: Versioned,
    content: Mapping[str, Any],
    sources: Iterable[Source] = (),
    **facts: Any,
) -> Snapshot:
    """What this thing says now."""
    told = to_jsonable_python(content), to_jsonable_python(facts)
    return Snapshot(thing.version, thing.updated_at, told[0], list(sources), told[1])


def keep(
    db: Session,
    thing: Versioned,
    was: Snapshot,
    becomes: Snapshot,
    *,
    author_id: UUID | None,
    editor_id: UUID,
    state: str | None = None,
) -> None:
    """Keep that the thing, which `author_id` made, became this by `editor_id`. Flushes.

    When it says the same as before, there is nothing to keep. What changed by itself since the last
    version that was kept is a version of nobody's.
    """
    if was.content == becomes.content:
        return
    db.flush()
    last = db.scalars(_of(thing).order_by(V.version.desc()).limit(1)).first()
    if last is None:
        last = _write(db, thing, was, FIRST, None, thing.created_at, author_id)
    elif last.content != was.content and last.version < was.version:
        last = _write(db, thing, was, was.version, last.version, was.at, None)
    new = _write(db, thing, becomes, thing.version, last.version, now(), editor_id)
    new.state = state


def _of(thing: Base) -> Select[Version]:
    return select(V).where(V.of_id == thing.id)


def _write(
    db: Session,
    thing: Base,
    said: Snapshot,
    number: int,
    replaces: int | None,
    at: datetime,
    by_id: UUID | None,
) -> Version:
    row = Version(
        of=thing.__tablename__,
        of_id=thing.id,
        version=number,
        replaces=replaces,
        at=at,
        by_id=by_id,
        facts=said.facts or None,
        content=said.content,
    )
    db.add(row)
    made(db, row, [(type(thing), thing.id), *said.sources])
    return row


# Reading


def _as_it_is(content: Content, _: Mapping[str, Any]) -> Content | None:
    return content


@dataclass(frozen=True)
class Reading:
    """How somebody reads the versions of a thing that they see now.

    `now` is what it says now, `author_id` who made it. `states`: only versions that held while the
    thing stood in one of these, and the present one; null are all. `clean` gives what may be read
    of a content, or None; `prose` tells which fields are compared as texts, and how they read. Of
    the fields in `as_now` they read what stands now, and of others only that they changed.
    """

    thing: Versioned
    now: Snapshot
    author_id: UUID | None
    states: Collection[str] | None = None
    clean: Clean = _as_it_is
    prose: Prose = field(default_factory=dict)
    as_now: Collection[str] = ()

    def rows(self) -> Select[Version]:
        """The versions that were kept, of those that may be read."""
        return _of(self.thing).where(_held(self.states))

    def first(self) -> Item:
        """The version that holds, of a thing that was never changed."""
        made_then = {"version": FIRST, "at": self.thing.created_at, "by_id": self.author_id}
        return made_then | {"content": self.now.content, "facts": self.now.facts}

    def words(self, item: Item) -> Content | None:
        """What may be read of a version."""
        return self.clean(item["content"], item["facts"] or {})

    def gone(self, content: Content) -> set[str]:
        """The fields whose words in this content do not stand any more, and are not read."""
        if not self.as_now:
            return set()
        standing = self.clean(self.now.content, self.now.facts) or {}
        return {name for name in self.as_now if content.get(name) != standing.get(name)}


def page(db: Session, reading: Reading, params: HistoryParams) -> dict[str, Any]:
    """A page of versions, the newest first, each with what it changed."""
    found = read_page(db, VersionOut, reading.rows(), params, NEWEST_FIRST)
    if not found["items"] and params.cursor is None:
        found["items"] = [reading.first()]
        found |= {"total": 1} if params.count else {}
    items = found["items"]
    contents = [reading.words(item) for item in items]
    contents.append(_before(db, reading, items[-1]["version"]) if items else None)
    for item, after, before in zip(items, contents, contents[1:], strict=False):
        known = after is not None and before is not None
        item["withheld"] = after is None
        item["changes"] = _changes(reading, before or {}, after or {}) if known else None
    return found


def _changes(reading: Reading, before: Content, after: Content) -> list[dict[str, Any]]:
    """What differs, without the words that this reader does not read."""
    gone = reading.gone(after)

    def told(change: dict[str, Any]) -> dict[str, Any]:
        name = change["field"].partition("/")[0]
        if name not in reading.as_now:
            return change
        shown = None if name in gone else change["after"]
        return {"field": change["field"], "before": None, "after": shown}

    return [told(change) for change in changes(before, after, reading.prose)]


def whole(db: Session, reading: Reading, version: int) -> Item:
    """All that this version says. Raises NotFound."""
    row = db.scalar(reading.rows().where(V.version == version))
    if row:
        item = {"version": row.version, "at": row.at, "by_id": row.by_id}
        item |= {"content": row.content, "facts": row.facts}
    elif version == FIRST and not db.scalar(_of(reading.thing).limit(1)):
        item = reading.first()
    else:
        raise NotFound
    if (content := reading.words(item)) is None:
        raise NotFound
    gone = reading.gone(content)
    return item | {"content": {name: said for name, said in content.items() if name not in gone}}


def to_restore(db: Session, reading: Reading, version: int, schema: type[Payload]) -> Payload:
    """What this version said, to be said again. Raises Invalid.

    At `#/version` when it is not there to be read; else where it is not valid any more.
    """
    try:
        content = whole(db, reading, version)["content"]
    except NotFound:
        raise Invalid.at("#/version", "unknown_id") from None
    if hidden := _withheld_in(content):
        raise WrongState(withheld=hidden)
    try:
        return schema.model_validate(content)
    except ValidationError:
        raise Invalid.at("#/version", "not_valid_now") from None


def _withheld_in(content: Content) -> int:
    """How many parts of it are there without their words."""
    parts = [part for value in content.values() if isinstance(value, list) for part in value]
    return sum(isinstance(part, dict) and bool(part.get("withheld")) for part in parts)


def _before(db: Session, reading: Reading, version: int) -> Content | None:
    older = reading.rows().where(V.version < version).order_by(V.version.desc()).limit(1)
    row = db.scalars(older).first()
    return reading.words({"content": row.content, "facts": row.facts}) if row else None


def _held(states: Collection[str] | None) -> ColumnElement[bool]:
    """Whether a version began or ended while its thing stood in one of these states, or holds."""
    if states is None:
        return true()
    later = aliased(Version)
    after = select(later.id).where(later.of_id == V.of_id)
    ended = after.where(later.replaces == V.version, later.state.in_(states))
    return or_(
        V.state.in_(states), ended.exists(), ~after.where(later.version > V.version).exists()
    )


# Forgetting


def forget(db: Session, thing: Base) -> None:
    """The thing is gone, and its versions with it."""
    erase(db, list(db.scalars(_of(thing).with_only_columns(V.id))))


def erase(db: Session, ids: Collection[UUID], but_of: Collection[type[Base]] = ()) -> None:
    """These versions are gone, but those of things of some sorts."""
    kept = [model.__tablename__ for model in but_of]
    gone = db.scalars(select(V).where(V.id.in_(ids), V.of.not_in(kept))).all()
    for row in gone:
        db.delete(row)
    forget_lineage(db, V.__tablename__, [row.id for row in gone])


def erase_parts(db: Session, of: Select[Version], what_stays: Callable[[Content], Content]) -> None:
    """Of each of these versions only what stays is kept."""
    for row in db.scalars(of):
        if (kept := what_stays(row.content)) != row.content:
            row.content = kept
