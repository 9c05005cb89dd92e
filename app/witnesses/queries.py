"""Consent as a database asks it: comparisons of `current_consents` with the moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, extract, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.core.models import At
from app.witnesses.decision import ADULT_AT, DATASET, TEAM, Medium, Purpose, Verb
from app.witnesses.models import CurrentConsent, Notice, Witness

C = CurrentConsent


def holds(at: At) -> ColumnElement[bool]:
    """The windows which this moment is inside."""
    return and_(
        or_(C.starts_at.is_(None), C.starts_at <= at), or_(C.ends_at.is_(None), C.ends_at > at)
    )


def refused_to_team(
    witness_id: InstrumentedAttribute[Any], at: At, media: Sequence[Medium] = ()
) -> ColumnElement[bool]:
    """Whether this witness said no to a reading by the team of one of these media.

    By default the anonymous text, which is what a list shows, and of which minors decide alone; of
    other media their guardians have a say too. See `decision.team_blocked`.
    """
    asked = media or (Medium.ANONYMOUS_TEXT,)
    speaks: ColumnElement[bool] = C.giver_id.is_(None)
    if others := [medium for medium in asked if medium is not Medium.ANONYMOUS_TEXT]:
        speaks |= and_(C.medium.in_(others), _is_minor(at))
    return exists(
        select(C.id).where(
            C.witness_id == witness_id,
            C.audience == TEAM,
            C.medium == asked[0] if len(asked) == 1 else C.medium.in_(asked),
            C.verb != Verb.GIVE,
            or_(C.verb != Verb.RESTRICT, C.form == ""),
            speaks,
            holds(at),
        )
    )


def _is_minor(at: At) -> ColumnElement[bool]:
    """Whether the witness of a row of `current_consents` is a minor: see `decision.is_minor`."""
    young = aliased(Witness)  # the query around may be about witnesses
    year = at.year if isinstance(at, datetime) else extract("year", at)
    born = young.id == C.witness_id, young.birth_year >= year - ADULT_AT
    return exists(select(young.id).where(*born))


def allows_dataset(witness_id: InstrumentedAttribute[Any], at: datetime) -> ColumnElement[bool]:
    """Whether this witness consents to `anonymous_text x team x dataset x evaluation`: exports."""
    revoked = exists(select(Notice.id).where(Notice.id == C.notice_id, Notice.revoked_at <= at))
    return exists(
        select(C.id).where(
            C.witness_id == witness_id,
            C.audience == TEAM,
            C.medium == Medium.ANONYMOUS_TEXT,
            C.form == DATASET,
            C.purpose == Purpose.EVALUATION,
            C.verb == Verb.GIVE,
            C.valid_until > at,
            C.giver_id.is_(None),
            holds(at),
            ~revoked,
        )
    )


def gives(
    witness_id: InstrumentedAttribute[Any], audience: str, forms: Sequence[str], at: datetime
) -> ColumnElement[bool]:
    """Whether this witness themselves gave anything to this audience, for evaluation.

    In one of these forms, of any medium, anywhere. Who did not is let out by no verdict of
    `decide`; of who did, only `decide` knows.
    """
    return exists(
        select(C.id).where(
            C.witness_id == witness_id,
            C.audience == audience,
            C.form.in_(forms),
            C.purpose == Purpose.EVALUATION,
            C.verb == Verb.GIVE,
            C.giver_id.is_(None),
            C.valid_until > at,
            holds(at),
        )
    )
