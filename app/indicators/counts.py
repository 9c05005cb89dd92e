"""How many, of what and by what: a closed list of dimensions, one or two at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from typing import Any

from sqlalchemy import Select, String, case, cast, extract, func
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.core.figures import Figures
from app.core.models import as_stored, now
from app.excerpts.models import Excerpt, ExcerptTheme
from app.indicators.corpus import accepted, figures_for, quoted
from app.indicators.schemas import By, CountFilters, Of
from app.indicators.words import UNKNOWN
from app.places.service import all_coarse
from app.testimonies.models import Testimony, TestimonyTheme, TestimonyWitness
from app.witnesses.ages import BANDS, OLDEST_OF_BAND, YOUNGEST
from app.witnesses.models import Witness
from app.workshops.models import Workshop

T = Testimony
NEAR = all_coarse().subquery("near")
AGE = extract("year", T.recorded_on) - Witness.birth_year - 1  # as minority counts
BAND = case(
    (AGE < YOUNGEST, None),
    *((oldest >= AGE, band) for oldest, band in OLDEST_OF_BAND.items()),
    (max(OLDEST_OF_BAND) < AGE, BANDS[-1]),
)
COLUMNS: Mapping[By, Any] = {
    By.ROLE: Witness.role,
    By.METHOD: T.method,
    By.NATURE: as_stored(T.nature),
    By.TERRITORY: NEAR.c.coarse_id,
    By.PLACE: T.place_id,
    By.SECTOR: T.sector,
    By.THEME: TestimonyTheme.theme_id,
    By.MONTH: func.substr(cast(T.recorded_on, String), 1, 7),
    By.WORKSHOP_KIND: as_stored(Workshop.kind),
    By.AGE_BAND: BAND,
}
OF_EXCERPTS: Mapping[By, Any] = {
    By.NATURE: as_stored(Excerpt.nature),
    By.THEME: ExcerptTheme.theme_id,
}
COUNTED: Mapping[Of, Any] = {
    Of.TESTIMONIES: T.id,
    Of.EXCERPTS: Excerpt.id,
    Of.WITNESSES: TestimonyWitness.witness_id,
    Of.WORKSHOPS: T.workshop_id,
}
ROWS = {Of.TESTIMONIES, Of.EXCERPTS}  # of which each row is one
PEOPLE = {By.ROLE, By.AGE_BAND}
SEVERAL = {*PEOPLE, By.THEME}  # of one testimony
Key = tuple[str | None, ...]  # a code for each dimension; None is all of them
Join = Callable[[Select[Any]], Select[Any]]


def counts(db: Session, filters: CountFilters, me: Caller) -> dict[str, Any]:
    """A `CountsOut`: in all, by each of the dimensions, and by both."""
    figures, by = figures_for(me), filters.by
    for kept in _told(by):
        figures.counts.update(_counted(db, filters, kept, me))
    codes = [sorted({key[i] or "" for key in figures.counts} - {""}) for i in range(len(by))]
    _say_sums(figures, codes)
    whole: Key = (None,) * len(by)
    keys = [whole, *sorted(figures.counts.keys() - {whole}, key=lambda key: [c or "" for c in key])]
    return {
        "counted_at": now(),
        "k": figures.k,
        "of": filters.of,
        "by": by,
        "cells": [
            {
                "keys": key,
                "count": figures.count(key),
                "share": figures.share(key, of=_total_of(key)),
            }
            for key in keys
        ],
    }


def _told(by: Sequence[By]) -> list[tuple[bool, ...]]:
    """Which dimensions each sum keeps: none, one, the other, both."""
    return list(product((False, True), repeat=len(by)))


def _total_of(key: Key) -> Key:
    """What the share of a cell is in: of two codes in the first, of one in all."""
    last = len(key) - 1
    return (*key[:last], None) if key[last] else (None,) * len(key)


def _counted(
    db: Session, filters: CountFilters, kept: Sequence[bool], me: Caller
) -> dict[Key, int]:
    """By these dimensions alone: as several roles may belong to one, parts do not make a sum."""
    by = [name for name, is_kept in zip(filters.by, kept, strict=True) if is_kept]
    found = {}
    for *values, count in db.execute(_grouped(filters, by, me)):
        codes = iter(UNKNOWN if value is None else str(value) for value in values)
        found[tuple(next(codes) if is_kept else None for is_kept in kept)] = count
    return found


def _grouped(filters: CountFilters, by: Sequence[By], me: Caller) -> Select[Any]:
    of, columns = filters.of, {**COLUMNS, **(OF_EXCERPTS if filters.of is Of.EXCERPTS else {})}
    rows = quoted(filters, me) if of is Of.EXCERPTS else accepted(filters, me)
    for join in _joins(of, by):
        rows = join(rows)
    each = [columns[name].label(f"by_{name}") for name in by]
    is_row = of in ROWS and not SEVERAL.intersection(by)
    counted = func.count() if is_row else func.count(COUNTED[of].distinct())
    return rows.with_only_columns(*each, counted).group_by(*each)


def _joins(of: Of, by: Collection[By]) -> list[Join]:
    """What these columns are read from, besides testimonies."""
    found: list[Join] = []
    if of is Of.WITNESSES or PEOPLE.intersection(by):
        found.append(lambda r: r.join(TestimonyWitness, TestimonyWitness.testimony_id == T.id))
    if PEOPLE.intersection(by):
        found.append(lambda r: r.join(Witness, Witness.id == TestimonyWitness.witness_id))
    if By.TERRITORY in by:
        found.append(lambda r: r.outerjoin(NEAR, NEAR.c.id == T.territory_id))
    if By.WORKSHOP_KIND in by:
        found.append(lambda r: r.outerjoin(Workshop, Workshop.id == T.workshop_id))
    if By.THEME in by and of is Of.EXCERPTS:
        found.append(lambda r: r.outerjoin(ExcerptTheme, ExcerptTheme.excerpt_id == Excerpt.id))
    elif By.THEME in by:
        found.append(lambda r: r.outerjoin(TestimonyTheme, TestimonyTheme.testimony_id == T.id))
    return found


def _say_sums(figures: Figures, codes: Sequence[Sequence[str]]) -> None:
    """What readers may subtract; several of may belong to one, but mostly one does."""
    known = figures.counts.keys()
    for place, parts in enumerate(codes):
        totals = {(*key[:place], None, *key[place + 1 :]) for key in known}
        for total in sorted(totals, key=str):
            cells = [(*total[:place], code, *total[place + 1 :]) for code in parts]
            figures.add_up(total, [cell for cell in cells if cell in known])
