"""Practices beside feelings: what was accepted, by nature, in all and month by month."""

from typing import Any

from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.core.figures import Figures
from app.core.models import as_stored, now
from app.excerpts.models import Excerpt
from app.indicators.corpus import accepted, figures_for, quoted
from app.indicators.schemas import BalanceFilters
from app.testimonies.models import Nature, Testimony

UNKNOWN = "unknown"
NATURES = {"excerpts": [*Nature], "testimonies": [*Nature, UNKNOWN]}
# `2013-05`: both databases write a date as ISO 8601 does.
MONTH = func.substr(cast(Testimony.recorded_on, String), 1, 7)


def balance(db: Session, filters: BalanceFilters, me: Caller) -> dict[str, Any]:
    """The counts, and their shares in the total of all, or of their month."""
    rows = {
        "excerpts": (quoted(filters, me), Excerpt.nature),
        "testimonies": (accepted(filters, me), Testimony.nature),
    }
    figures, months = figures_for(me), set[str]()
    for of, (counted, nature) in rows.items():
        for month, code, count in db.execute(_by_month(counted, nature)):
            months.add(month)
            code_ = code or UNKNOWN
            for cell in ((None, code_), (None, None), (month, code_), (month, None)):
                figures.counts[of, *cell] += count
    told: list[str | None] = [None, *(sorted(months) if filters.over else [])]
    for of in rows:
        _say_sums(figures, of, told)
    return {
        "counted_at": now(),
        "k": figures.k,
        "over": filters.over,
        "totals": [
            {"of": of, "month": month, "count": figures.count((of, month, None))}
            for of in rows
            for month in told
        ],
        "cells": [
            {
                "of": of,
                "month": month,
                "nature": nature,
                "count": figures.count((of, month, nature)),
                "share": figures.share((of, month, nature), of=(of, month, None)),
            }
            for of in rows
            for month in told
            for nature in NATURES[of]
        ],
    }


def _by_month(rows: Select[Any], nature: Any) -> Select[Any, Any, int]:
    each = rows.with_only_columns(MONTH.label("month"), as_stored(nature).label("nature"))
    found = each.subquery()
    return select(found.c.month, found.c.nature, func.count()).group_by(
        found.c.month, found.c.nature
    )


def _say_sums(figures: Figures, of: str, told: list[str | None]) -> None:
    """Natures add up to their month, and months to all of them."""
    for month in told:
        figures.add_up((of, month, None), [(of, month, nature) for nature in NATURES[of]])
    if months := told[1:]:
        for nature in (*NATURES[of], None):
            figures.add_up((of, None, nature), [(of, month, nature) for month in months])
