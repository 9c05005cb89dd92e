"""The gate of exports, as a database asks it: `decide` for `EXPORTED`, and the team's reading.

`restriction` columns are JSON that a database does not read alike: `permits` reads them.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, exists, not_, or_, select

from app.gate.service import limits
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.decision import DATASET, TEAM, Cell, Medium, Purpose
from app.witnesses.models import Witness
from app.witnesses.queries import allows_dataset, refused_to_team

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


@lru_cache(1000)
def permits(restriction: str) -> bool:
    """Whether words of this restriction may leave. Raises when it cannot be understood."""
    return limits(json.loads(restriction)).allows(EXPORTED)
