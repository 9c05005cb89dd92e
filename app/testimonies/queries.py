"""Testimonies as lists read them."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Sight
from app.codebook.service import now_of
from app.core.among import among
from app.core.models import At, as_stored, now
from app.core.pages import Item, bury, matches
from app.media.models import Media
from app.places.service import within
from app.testimonies.models import (
    State,
    Testimony,
    TestimonyMedia,
    TestimonyTag,
    TestimonyTheme,
    TestimonyWitness,
)
from app.testimonies.schemas import TestimonyFilters, TestimonyIn
from app.textindex.question import testimony_says
from app.witnesses.models import Witness
from app.witnesses.queries import refused_to_team

T = Testimony
MOURNED = timedelta(days=90)  # how long mirrors are told that something is gone
HIDDEN = (State.DRAFT, State.WITHDRAWN)  # from who sees what was submitted


def rights(me: Caller, at: At | None = None) -> Sequence[ColumnElement[bool]]:
    """What holds for the testimonies that the caller sees: conditions that no row meets twice.

    The role says whose words; in all of them, those of which no witness refused the team a reading.
    """
    moment = now() if at is None else at
    return [and_(right, ~refused(moment)) for right in sights(me)]


def sights(me: Caller) -> Sequence[ColumnElement[bool]]:
    """The same, whatever witnesses refuse the team: for who asks that in another way."""
    seen: Sequence[ColumnElement[bool]]
    if me.sight is Sight.OWN:
        seen = [and_(own, T.state != State.WITHDRAWN) for own in me.owns(T)]
    elif me.sight is Sight.SUBMITTED:
        # NOT IN: the states to show would be as many ranges of an index, to be sorted together.
        seen = [and_(*(T.state != hidden for hidden in HIDDEN))]
    elif me.sight is Sight.ACCEPTED:
        seen = [T.state == State.ACCEPTED]
    elif me.sight is Sight.CASE:
        seen = [T.state != State.WITHDRAWN]
    else:
        seen = [false()]
    return seen


def rights_to_know(me: Caller) -> Sequence[ColumnElement[bool]]:
    """What holds for those that the caller could see, and that were taken back since.

    Withdrawn from everybody, or from the team: to a mirror it is the same.
    """
    was = case((T.state == State.WITHDRAWN, T.withdrawn_from), else_=T.state)
    if me.sight is Sight.OWN:
        seen: Sequence[ColumnElement[bool]] = me.owns(T)
    elif me.sight is Sight.SUBMITTED:
        seen = [was.not_in(HIDDEN)]
    elif me.sight is Sight.ACCEPTED:
        seen = [was == State.ACCEPTED]
    else:
        seen = [false()]
    return [and_(right, or_(T.state == State.WITHDRAWN, refused(now()))) for right in seen]


def tombs(since: datetime) -> Select[Testimony]:
    """What may have been taken back since, at most 90 days ago; other filters do not narrow it.

    (A mirror that keeps some testimonies only is told of others too, by nothing but their id.)
    """
    return select(T).where(T.updated_at >= max(since, now() - MOURNED))


def refused(at: At) -> ColumnElement[bool]:
    """Whether one of the witnesses said no to a reading by the team."""
    return exists(
        select(TestimonyWitness.id).where(
            TestimonyWitness.testimony_id == T.id, refused_to_team(TestimonyWitness.witness_id, at)
        )
    )


def all_refused(at: At) -> Select[UUID]:
    """The ids of all that `refused` holds for: found once, which is quicker for who counts all."""
    return (
        select(TestimonyWitness.testimony_id)
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .where(refused_to_team(Witness.id, at))
    )


def unsaid(media_id: Any, at: At) -> ColumnElement[bool]:
    """Whether one of those who speak in this media (a column) refuses the team their words."""
    spoken = (
        select(TestimonyWitness.id)
        .join(TestimonyMedia, TestimonyMedia.testimony_id == TestimonyWitness.testimony_id)
        .where(TestimonyMedia.media_id == media_id)
    )
    return exists(spoken.where(refused_to_team(TestimonyWitness.witness_id, at)))


def filtered(filters: TestimonyFilters) -> Select[Testimony]:
    """The testimonies which pass the filters, whoever may see them."""
    names = ("scheme_id", "workshop_id", "place_id", "method", "nature", "state", "captured_by")
    conditions = matches(T, filters, *names)
    if filters.recorded_from:
        conditions.append(T.recorded_on >= filters.recorded_from)
    if filters.recorded_to:
        conditions.append(T.recorded_on <= filters.recorded_to)
    return select(T).where(*conditions, *_of_others(filters))


def _of_others(filters: TestimonyFilters) -> Sequence[ColumnElement[bool]]:
    """The filters that ask another table."""
    found: list[ColumnElement[bool]] = []
    if filters.territory_id:
        found.append(T.territory_id.in_(within(filters.territory_id)))
    if filters.role:
        speaks = select(TestimonyWitness.id).join(Witness).where(Witness.role.in_(filters.role))
        found.append(speaks.where(TestimonyWitness.testimony_id == T.id).exists())
    if filters.theme_id:
        coded = select(TestimonyTheme.id).where(
            TestimonyTheme.theme_id.in_(now_of(filters.theme_id))
        )
        found.append(coded.where(TestimonyTheme.testimony_id == T.id).exists())
    if filters.tag:
        tagged = select(TestimonyTag.id).where(TestimonyTag.tag.in_(filters.tag))
        found.append(tagged.where(TestimonyTag.testimony_id == T.id).exists())
    if filters.media_kind:
        shown = select(TestimonyMedia.id).join(Media).where(Media.kind.in_(filters.media_kind))
        found.append(shown.where(TestimonyMedia.testimony_id == T.id).exists())
    if filters.q:
        found.append(testimony_says(T.id, filters.q))
    return found


def _belonging(name: str, model: Any, column: Any, *media: Any) -> Select[Any]:
    """Rows of one sort, in the shape that all share: whose, sort, position, value, media."""
    # Typed, for PostgreSQL takes a bare NULL for text, which unites with no number.
    nothing = cast(null(), String), cast(null(), String), cast(null(), Integer)
    return select(
        as_stored(model.testimony_id),
        literal_column(f"'{name}'"),
        model.position,
        cast(column, String),
        *(media or nothing),
    ).where(among(model.testimony_id, "ids"))


# Built once: it completes every list. One statement costs a third of what four do.
BELONGINGS = union_all(
    _belonging("witness_ids", TestimonyWitness, TestimonyWitness.witness_id),
    _belonging("theme_ids", TestimonyTheme, TestimonyTheme.theme_id),
    _belonging("tags", TestimonyTag, TestimonyTag.tag),
    _belonging(
        "media",
        TestimonyMedia,
        Media.id,
        cast(Media.kind, String),
        cast(Media.status, String),
        Media.duration_ms,
    ).join(Media, Media.id == TestimonyMedia.media_id),
)


def complete(db: Session, items: list[Item]) -> None:
    """Give each testimony its `witness_ids theme_ids tags media`, in their order."""
    by_id: dict[Any, Item] = {}
    for item in items:
        item.update(witness_ids=[], theme_ids=[], tags=[], media=[])
        by_id[item["id"]] = item
    for testimony_id, name, told in _belongings(db, list(by_id)):
        by_id[testimony_id][name].append(told)


def mirrored(db: Session, items: list[Item]) -> None:
    """The same; of what was taken back, nothing but its id and that it is withdrawn."""
    ids = [item["id"] for item in items]
    gone = set(db.scalars(select(as_stored(T.id)).where(T.id.in_(ids), _is_gone())))
    bury(items, gone)
    complete(db, [item for item in items if item["id"] not in gone])


def signatures(db: Session, testimony_ids: Collection[UUID]) -> dict[UUID, dict[UUID, str | None]]:
    """How each person who speaks in these testimonies signs, in their order; None: they do not."""
    rows = (
        select(TestimonyWitness.testimony_id, Witness.id, Witness.signature)
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .where(TestimonyWitness.testimony_id.in_(testimony_ids))
        .order_by(TestimonyWitness.testimony_id, TestimonyWitness.position)
    )
    found: dict[UUID, dict[UUID, str | None]] = {id_: {} for id_ in testimony_ids}
    for testimony_id, witness_id, signature in db.execute(rows):
        found[testimony_id][witness_id] = signature
    return found


def _is_gone() -> ColumnElement[bool]:
    return or_(T.state == State.WITHDRAWN, refused(now()))


def belongings(db: Session, testimony_id: UUID) -> Item:
    """The same for one testimony."""
    found: Item = {"witness_ids": [], "theme_ids": [], "tags": [], "media": []}
    for _, name, told in _belongings(db, [testimony_id]):
        found[name].append(told)
    return found


def just_written(db: Session, testimony: Testimony, payload: TestimonyIn) -> Item:
    """The same for one that was just written: only its media are not known yet."""
    if payload.media_ids:
        return belongings(db, testimony.id)
    return {**payload.model_dump(include={"witness_ids", "theme_ids", "tags"}), "media": []}


def _belongings(db: Session, ids: list[Any]) -> Iterator[tuple[Any, str, Any]]:
    """Whose, what sort, and what is told of it; of one sort in its order."""
    rows = db.execute(BELONGINGS, {"ids": ids}).all()
    for testimony_id, name, _, value, kind, status, duration_ms in sorted(rows, key=itemgetter(2)):
        told: Any = value
        if name == "media":
            told = {"id": value, "kind": kind, "status": status, "duration_ms": duration_ms}
        yield testimony_id, name, told
