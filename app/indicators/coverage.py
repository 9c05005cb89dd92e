"""Whom a scheme wants to hear, and where; who was heard there; who is missing."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.core.figures import SUPPRESSED, Figures
from app.core.models import now
from app.core.pages import matches
from app.indicators.corpus import accepted, figures_for
from app.indicators.models import Target
from app.indicators.schemas import CorpusFilters, CoverageFilters, LoopFilters
from app.indicators.voices import overused
from app.places.service import all_coarse
from app.schemes.models import Term
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.models import Witness

WITNESSES, TESTIMONIES = "witnesses", "testimonies"
Cell = tuple[str, str | None]  # a role, and the id of a department or region; None is unknown


def coverage(db: Session, filters: CoverageFilters, me: Caller) -> dict[str, Any]:
    """A `CoverageOut`. Where no target is set, all roles are wanted wherever somebody is heard."""
    figures, targets = figures_for(me), _targets(db, filters)
    heard = _count(db, figures, filters, me)
    wanted = set(targets) or _everybody(db, heard)
    cells = sorted({*wanted, *heard}, key=lambda cell: (cell[0], cell[1] or "~"))
    figures.add_up(WITNESSES, [(cell, WITNESSES) for cell in cells])
    figures.add_up(TESTIMONIES, [(cell, TESTIMONIES) for cell in cells])
    told = [_told(figures, cell, targets.get(cell)) for cell in cells]
    of_scheme = LoopFilters(scheme_id=filters.scheme_id)
    may_read = Permission.READ_BUNDLES in me.permissions
    return {
        "counted_at": now(),
        "k": figures.k,
        "has_targets": bool(targets),
        WITNESSES: figures.count(WITNESSES),
        TESTIMONIES: figures.count(TESTIMONIES),
        "cells": told,
        "missing": [
            {"role": cell["role"], "territory_id": cell["territory_id"], "target": cell["target"]}
            for cell in told
            if cell[WITNESSES] == 0
        ],
        "overused": overused(db, of_scheme, me) if may_read else None,
    }


def _targets(db: Session, filters: CoverageFilters) -> dict[Cell, int]:
    """Of the scheme, or of all of them together."""
    rows = select(Target.role, Target.territory_id, func.sum(Target.witnesses))
    rows = rows.where(*matches(Target, filters, "scheme_id"))
    found = db.execute(rows.group_by(Target.role, Target.territory_id))
    return {(role, str(territory_id)): int(many) for role, territory_id, many in found}


def _count(db: Session, figures: Figures, filters: CoverageFilters, me: Caller) -> set[Cell]:
    """Count who was heard, and in how many testimonies; the cells with somebody."""
    [[figures.counts[WITNESSES], figures.counts[TESTIMONIES]]] = db.execute(_heard(filters, me))
    near = all_coarse().subquery("near")
    by_cell = Witness.role, near.c.coarse_id
    rows = (
        _heard(filters, me)
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .outerjoin(near, near.c.id == Testimony.territory_id)
        .add_columns(*by_cell)
        .group_by(*by_cell)
    )
    heard = set()
    for witnesses, testimonies, role, territory_id in db.execute(rows):
        cell = role, str(territory_id) if territory_id else None
        figures.counts[cell, WITNESSES] = witnesses
        figures.counts[cell, TESTIMONIES] = testimonies
        heard.add(cell)
    return heard


def _heard(filters: CoverageFilters, me: Caller) -> Select[int, int]:
    asked = CorpusFilters.model_construct(**CorpusFilters().model_dump() | dict(filters))
    return (
        accepted(asked, me)
        .join(TestimonyWitness, TestimonyWitness.testimony_id == Testimony.id)
        .with_only_columns(
            func.count(TestimonyWitness.witness_id.distinct()), func.count(Testimony.id.distinct())
        )
    )


def _everybody(db: Session, heard: Iterable[Cell]) -> set[Cell]:
    """Every role of the vocabulary in every territory where somebody was heard."""
    roles = select(Term.code).where(Term.vocabulary == "witness_roles", Term.retired.is_(False))
    territories = {territory for _, territory in heard if territory}
    return {(role, territory) for role in db.scalars(roles) for territory in territories}


def _told(figures: Figures, cell: Cell, target: int | None) -> dict[str, Any]:
    witnesses = figures.count((cell, WITNESSES))
    gap = None if target is None else SUPPRESSED if witnesses == SUPPRESSED else target - witnesses
    return {
        "role": cell[0],
        "territory_id": UUID(cell[1]) if cell[1] else None,
        "target": target,
        WITNESSES: witnesses,
        TESTIMONIES: figures.count((cell, TESTIMONIES)),
        "gap": gap,
    }
