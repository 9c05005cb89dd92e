"""Which form moved whom: what recipients did and said, by form and audience."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, case, cast, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.bundles.models import Bundle
from app.core.figures import SUPPRESSED, Figures
from app.core.models import now
from app.core.pages import matches
from app.indicators.corpus import figures_for
from app.indicators.schemas import ReceptionFilters
from app.reactions.models import Commitment, Reaction
from app.releases.deliveries import was_given
from app.releases.models import Delivery, Release
from app.releases.service import visible_to

FURTHER = list(Commitment)
QUESTIONS = ("understood", "surprised")
Way = tuple[str | None, str | None]  # form and audience; None is all of them


@dataclass
class Voice:
    """Recipients alike: what they did, said last, and how far they committed themselves.

    `many` is how many there are, `reactions` what all of them said.
    """

    form: str
    audience: str
    opened: bool
    acknowledged: bool
    form_rating: int | None
    understood: bool | None
    surprised: bool | None
    furthest: int | None  # a place in `FURTHER`; None is nothing said
    many: int
    reactions: int


def reception(db: Session, filters: ReceptionFilters, me: Caller) -> dict[str, Any]:
    """A `ReceptionOut`. The unit is the recipient: who answers ten times has one voice."""
    me.require(Permission.READ_BUNDLES)
    voices = list(_voices(db, filters, me))
    figures, ratings = figures_for(me), defaultdict[Way, Counter[int]](Counter)
    forms = sorted({voice.form for voice in voices})
    audiences = sorted({voice.audience for voice in voices})
    for voice in voices:
        for way in _ways(voice.form, voice.audience):
            for measure in _measures(voice):
                figures.counts[*way, measure] += voice.many
            figures.counts[*way, "reactions"] += voice.reactions
            if voice.form_rating is not None:
                ratings[way][voice.form_rating] += voice.many
    ways: list[Way] = [(f, a) for f in (None, *forms) for a in (None, *audiences)]
    _say_sums(figures, ways, forms, audiences)
    cells = [_told(figures, way, ratings[way]) for way in ways]
    return {"counted_at": now(), "k": figures.k, "cells": cells}


def _voices(db: Session, filters: ReceptionFilters, me: Caller) -> Iterator[Voice]:
    """Those who are alike are counted together, by the database."""
    seen = visible_to(me).where(*matches(Release, filters, "form", "audience"))
    if filters.scheme_id:
        of_scheme = select(Bundle.id).where(Bundle.scheme_id == filters.scheme_id)
        seen = seen.where(Release.bundle_id.in_(of_scheme))
    each = _each(seen.with_only_columns(Release.id)).subquery()
    alike = [column for column in each.c if column.name != "reactions"]
    said = cast(func.sum(each.c.reactions), Integer)  # or PostgreSQL gives a decimal
    rows: Select[Any] = select(*alike, func.count(), said).group_by(*alike)
    for row in db.execute(rows):
        yield Voice(*row)


def _each(shown: Select[Any]) -> Select[Any]:
    """The recipients of these releases, a row for each, in the order of a `Voice`."""
    ranks = case({code: place for place, code in enumerate(FURTHER)}, value=Reaction.commitment)
    said = (
        select(
            Reaction.delivery_id,
            func.count().label("reactions"),
            func.max(ranks).label("furthest"),
        )
        .group_by(Reaction.delivery_id)
        .subquery()
    )
    return (
        select(
            Release.form,
            Release.audience,
            Delivery.opened_at.is_not(None).label("opened"),
            Delivery.acknowledged_at.is_not(None).label("acknowledged"),
            *(_last(name) for name in ("form_rating", *QUESTIONS)),
            said.c.furthest,
            func.coalesce(said.c.reactions, 0).label("reactions"),
        )
        .join(Release, Release.id == Delivery.release_id)
        .outerjoin(said, said.c.delivery_id == Delivery.id)
        .where(
            Delivery.release_id.in_(shown),
            ~Delivery.is_wall,
            was_given(),
        )
    )


def _last(name: str) -> Any:
    """The last answer of a recipient to this question."""
    column = getattr(Reaction, name)
    answers = select(column).where(Reaction.delivery_id == Delivery.id, column.is_not(None))
    latest = answers.order_by(Reaction.created_at.desc(), Reaction.id.desc()).limit(1)
    return latest.correlate(Delivery).scalar_subquery().label(name)


def _ways(form: str, audience: str) -> list[Way]:
    return [(form, audience), (form, None), (None, audience), (None, None)]


def _measures(voice: Voice) -> list[str]:
    """What these recipients count for; and in `not …`, what is left of what they do not."""
    found = ["deliveries", *(_or_not("opened", voice.opened),)]
    if voice.opened:
        found.append(_or_not("acknowledged", voice.acknowledged))
    found.append(_or_not("answered", voice.furthest is not None))
    if voice.furthest is not None:
        found.append(f"commitment {FURTHER[voice.furthest]}")
        found.append(_or_not("rated", voice.form_rating is not None))
    for name in QUESTIONS:
        if (said := getattr(voice, name)) is not None:
            found += [f"{name} said", _or_not(name, said)]
    return found


def _or_not(measure: str, holds: bool) -> str:
    return measure if holds else f"not {measure}"


PARTS: dict[str, list[tuple[str, ...]]] = {
    "deliveries": [("opened", "not opened"), ("answered", "not answered")],
    "opened": [("acknowledged", "not acknowledged")],
    "answered": [tuple(f"commitment {c}" for c in FURTHER), ("rated", "not rated")],
    **{f"{name} said": [(name, f"not {name}")] for name in QUESTIONS},
}


def _say_sums(figures: Figures, ways: list[Way], forms: list[str], audiences: list[str]) -> None:
    """What readers may subtract: within a cell, along its row and along its column."""
    every = {*PARTS, *(part for sums in PARTS.values() for parts in sums for part in parts)}
    for form, audience in ways:
        for total, sums in PARTS.items():
            for parts in sums:
                figures.add_up((form, audience, total), [(form, audience, p) for p in parts])
        for measure in sorted(every):
            if form is None:
                figures.add_up(
                    (form, audience, measure), [(one, audience, measure) for one in forms]
                )
            if audience is None:
                figures.add_up(
                    (form, audience, measure), [(form, one, measure) for one in audiences]
                )


def _told(figures: Figures, way: Way, ratings: Counter[int]) -> dict[str, Any]:
    def count(measure: str) -> Any:
        return figures.count((*way, measure))

    def share(measure: str, of: str) -> Any:
        return figures.share((*way, measure), of=(*way, of))

    answered, rated = count("answered"), count("rated")
    counts = ("deliveries", "opened", "acknowledged")
    return {
        "form": way[0],
        "audience": way[1],
        **{name: count(name) for name in counts},
        "answered": answered,
        "reactions": SUPPRESSED if answered == SUPPRESSED else count("reactions"),
        "rated": rated,
        "mean_form_rating": SUPPRESSED if rated == SUPPRESSED else _mean(ratings, figures.k),
        **{f"{name}_said": count(f"{name} said") for name in QUESTIONS},
        **{f"{name}_share": share(name, f"{name} said") for name in QUESTIONS},
        "commitments": {c: count(f"commitment {c}") for c in FURTHER},
    }


def _mean(ratings: Counter[int], k: int) -> float | None:
    """To 2 decimals; to 1 for who is told no small cell."""
    total = sum(rating * many for rating, many in ratings.items())
    return round(total / ratings.total(), 1 if k else 2) if ratings else None
