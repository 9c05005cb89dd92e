"""The gate of exports, as a database asks it: `decide` for `EXPORTED`, and the team's reading.

`restriction` columns, and what protocols allow, are JSON that databases do not read alike:
`permits` reads them.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)

from app.appearances.models import Appearance, AppearanceKind
from app.appearances.queries import SHOWN, falls_into
from app.core.models import UtcDateTime, now
from app.excerpts.models import FROM_MS, TO_MS, Excerpt
from app.gate.service import limits
from app.groups.models import Protocol
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.decision import DATASET, TEAM, Cell, Medium, Purpose
from app.witnesses.models import Witness
from app.witnesses.queries import allows_dataset, refused_to_team
from app.workshops.models import Workshop

BETWEEN_CHILDREN, BETWEEN_VALUES = "\x1e", "\x1f"  # controls that texts are refused for
EXPORTED = Cell(Medium.ANONYMOUS_TEXT, TEAM, DATASET, Purpose.EVALUATION)
SPOKEN = [kind for kind in AppearanceKind if EXPORTED.medium in SHOWN[kind]]


def exportable(at: datetime) -> Sequence[ColumnElement[bool]]:
    """What holds for testimonies that may leave at this moment, but for what `permits` reads."""
    return [Testimony.state == State.ACCEPTED, *studied(at)]


def studied(at: datetime) -> Sequence[ColumnElement[bool]]:
    """What holds for testimonies of which every witness consents to be studied, at this moment.

    Of one that was not accepted, what became of it may leave: none of its words do.
    """
    spoke = select(TestimonyWitness.id).where(TestimonyWitness.testimony_id == Testimony.id)
    who = TestimonyWitness.witness_id
    objects = spoke.where(or_(not_(allows_dataset(who, at)), refused_to_team(who, at)))
    return [
        Testimony.state != State.WITHDRAWN,
        or_(Testimony.embargo_until.is_(None), Testimony.embargo_until <= at),
        exists(spoke),
        not_(exists(objects)),
    ]


def confined() -> ColumnElement[bool]:
    """What holds for testimonies that may not be quoted in an export, when the rows are read.

    More than `exportable` refuses: whoever is restricted, or bound by a protocol, is not quoted.
    """
    moment: Any = bindparam("moment", callable_=now, type_=UtcDateTime(), unique=True)
    may = exportable(moment)
    bound = protocol().is_not(None)
    return or_(not_(and_(*may)), Testimony.restriction.is_not(None), bound)


def unopposed(at: datetime) -> ColumnElement[bool]:
    """What holds for excerpts in which nobody is heard or named who does not consent to exports."""
    there = select(Appearance.id).where(
        Appearance.media_id == Excerpt.media_id,
        falls_into(FROM_MS, TO_MS),
        Appearance.kind.in_(SPOKEN),
    )
    who = Appearance.witness_id
    return not_(exists(there.where(or_(not_(allows_dataset(who, at)), refused_to_team(who, at)))))


def protocol() -> ColumnElement[Any]:
    """What binds a testimony's group now, in the shape of a `restriction`; null when nothing does.

    Who may be named is not asked: an export names nobody.
    """
    said: ColumnElement[Any] = literal("{")
    for name in ("audiences", "forms", "media"):
        value = func.coalesce(cast(getattr(Protocol, name), Text), "null")
        said = said.concat(f'{"" if name == "audiences" else ", "}"{name}": ').concat(value)
    return (
        select(said.concat("}"))
        .join(Workshop, Workshop.group_id == Protocol.group_id)
        .where(Workshop.id == Testimony.workshop_id, Protocol.adopted_at.is_not(None))
        .order_by(Protocol.adopted_at.desc(), Protocol.number.desc())
        .limit(1)
        .correlate(Testimony)
        .scalar_subquery()
    )


def willing(at: datetime) -> Sequence[ColumnElement[bool]]:
    """What holds for witnesses who consent to be in an export at this moment."""
    return [allows_dataset(Witness.id, at), not_(refused_to_team(Witness.id, at))]


def children(of: Any, rows: Select[Any], position: Any, *values: Any) -> ColumnElement[Any]:
    """Rows that belong to one of `of`, as one text that `read_children` reads.

    (Statements of their own would cost as much as all the rest.) What no text holds stands between
    them; null is an empty text.
    """
    said: ColumnElement[Any] = cast(position, String)
    for value in values:
        said = said.concat(BETWEEN_VALUES).concat(func.coalesce(cast(value, String), ""))
    together = func.aggregate_strings(said, BETWEEN_CHILDREN)
    return rows.with_only_columns(together).correlate(of).scalar_subquery()


@lru_cache(4000)  # a batch of several kinds: each is asked for several columns
def read_children(text: str | None) -> Sequence[Sequence[str]]:
    """The values of each child, in the order of their positions. Raises ValueError."""
    if not text:
        return ()
    if BETWEEN_CHILDREN not in text:
        return (text.split(BETWEEN_VALUES)[1:],)
    found = [child.split(BETWEEN_VALUES) for child in text.split(BETWEEN_CHILDREN)]
    return [child[1:] for child in sorted(found, key=lambda child: int(child[0]))]


@lru_cache(1000)
def permits(restriction: str) -> bool:
    """Whether words of this restriction may leave. Raises when it cannot be understood."""
    return limits(json.loads(restriction)).allows(EXPORTED)
