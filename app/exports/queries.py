"""The gate of exports, as a database asks it: `decide` for `EXPORTED`, and the team's reading.

`restriction` columns are JSON that a database does not read alike: `permits` reads them.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, not_, or_, select

from app.gate.service import limits
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.decision import DATASET, TEAM, Cell, Medium, Purpose
from app.witnesses.models import Witness
from app.witnesses.queries import allows_dataset, refused_to_team

BETWEEN_CHILDREN, BETWEEN_VALUES = "\x1e", "\x1f"  # controls that texts are refused for
EXPORTED = Cell(Medium.ANONYMOUS_TEXT, TEAM, DATASET, Purpose.EVALUATION)


def exportable(at: datetime) -> Sequence[ColumnElement[bool]]:
    """What holds for testimonies that may leave at this moment, their restriction apart."""
    spoke = select(TestimonyWitness.id).where(TestimonyWitness.testimony_id == Testimony.id)
    who = TestimonyWitness.witness_id
    objects = spoke.where(or_(not_(allows_dataset(who, at)), refused_to_team(who, at)))
    return [
        Testimony.state == State.ACCEPTED,
        or_(Testimony.embargo_until.is_(None), Testimony.embargo_until <= at),
        exists(spoke),
        not_(exists(objects)),
    ]


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
