"""The make-up of a bundle, beside the corpus it was chosen from.

A passage counts once in each table, but for `role`: passages of several witnesses count once for
each role that speaks. `mixed` is a nature of its own, and no half practice. The corpus is every
valid excerpt of the scheme's accepted testimonies, but those that somebody refuses the team: nobody
could choose them.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.bundles.models import Bundle, BundleItem
from app.core.figures import shares
from app.excerpts.models import Excerpt, ExcerptState
from app.excerpts.service import readable
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.models import Witness

TABLES: dict[str, InstrumentedAttribute[Any]] = {
    "territory": Testimony.territory_id,
    "sector": Testimony.sector,
    "method": Testimony.method,
    "workshop": Testimony.workshop_id,
}
UNKNOWN = "unknown"


@dataclass
class Counts:
    """How many passages, and how many of each sort in each table."""

    count: int = 0
    tables: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, table: str, value: Any, many: int) -> None:
        self.tables.setdefault(table, Counter())[_code(value)] += many

    def table(self, name: str) -> Counter[str]:
        """One table; nothing counted is an empty one."""
        return self.tables.get(name, Counter())

    def told(self) -> dict[str, Any]:
        """The exact shares."""
        names = ("nature", "role", *TABLES)
        return {"count": self.count} | {n: shares(self.table(n)) for n in names}


def of_bundle(db: Session, bundle: Bundle) -> Counts:
    """The make-up of the passages of a bundle; texts of the editor's own do not count."""
    excerpts = (
        select(Excerpt.id, Excerpt.nature, Excerpt.testimony_id)
        .join(BundleItem, BundleItem.excerpt_id == Excerpt.id)
        .where(BundleItem.bundle_id == bundle.id)
    )
    wholes = (
        select(BundleItem.id, Testimony.nature, Testimony.id)
        .join(Testimony, BundleItem.testimony_id == Testimony.id)
        .where(BundleItem.bundle_id == bundle.id)
    )
    return of_passages(db, excerpts, wholes)


def of_passages(db: Session, *passages_of: Select[Any, Any, Any]) -> Counts:
    """The make-up of passages, which selects of (an id, a nature, a testimony's id) tell."""
    counts, passages = Counts(), Counter[UUID]()
    for rows in passages_of:
        for _, nature, testimony_id in db.execute(rows):
            counts.count += 1
            counts.add("nature", nature, 1)
            passages[testimony_id] += 1
    ids = list(passages)
    named = list(TABLES.items())
    facts = select(Testimony.id, *TABLES.values()).where(Testimony.id.in_(ids))
    for testimony_id, *values in db.execute(facts):
        for (table, _), value in zip(named, values, strict=True):
            counts.add(table, value, passages[testimony_id])
    for testimony_id, role in db.execute(_roles().where(TestimonyWitness.testimony_id.in_(ids))):
        counts.add("role", role, passages[testimony_id])
    return counts


def usable(scheme_id: UUID) -> Select[Any]:
    """How many excerpts could be chosen: other columns tell more of them."""
    return (
        select(func.count())
        .select_from(Excerpt)
        .join(Testimony, Testimony.id == Excerpt.testimony_id)
        .where(
            Excerpt.scheme_id == scheme_id,
            Excerpt.state == ExcerptState.VALID,
            *readable(),
            Testimony.state == State.ACCEPTED,
        )
    )


def of_corpus(db: Session, scheme_id: UUID) -> Counts:
    """The make-up of all that could have been chosen."""
    rows = usable(scheme_id)
    counts = Counts(db.scalar(rows) or 0)
    for table, column in {"nature": Excerpt.nature, **TABLES}.items():
        by_value = rows.with_only_columns(column, func.count()).group_by(column)
        for value, many in db.execute(by_value):
            counts.add(table, value, many)
    chosen = rows.with_only_columns(Excerpt.id, Excerpt.testimony_id).subquery()
    roles = _roles().subquery()
    by_role = (
        select(roles.c.role, func.count())
        .select_from(chosen)
        .join(roles, roles.c.testimony_id == chosen.c.testimony_id)
        .group_by(roles.c.role)
    )
    for role, many in db.execute(by_role):
        counts.add("role", role, many)
    return counts


def _roles() -> Any:
    return (
        select(TestimonyWitness.testimony_id, Witness.role)
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .distinct()
    )


def _code(value: Any) -> str:
    return UNKNOWN if value is None else str(getattr(value, "value", value))
