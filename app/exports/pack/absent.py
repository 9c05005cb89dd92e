"""The excerpts and people of a scheme that are not in a pack, and why."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import as_stored, now
from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt
from app.exports.datasets import EXCERPTS, WITNESSES
from app.exports.exclusions import MEANWHILE, UNREADABLE, WITHDRAWN
from app.exports.leaving import why_not_quoted
from app.exports.queries import EXPORTED, exportable, unopposed
from app.exports.reading import batches
from app.exports.schemas import ExcerptExport, WitnessExport
from app.testimonies.models import Testimony
from app.witnesses import service as witnesses
from app.witnesses.consents import said_by
from app.witnesses.decision import NOT_ASKED, Facts, Reason, WitnessFacts, decide
from app.witnesses.models import Witness
from app.witnesses.schemas import WitnessFilters

Reasons: TypeAlias = list[tuple[Any, str]]  # of each thing, by its real id
E, T = Excerpt, Testimony


def _chosen(filters: ExcerptExport, at: datetime) -> Select[Any]:
    """The excerpts of testimonies that may leave, those that may not too."""
    rows = excerpts.filtered(filters).where(E.erased_at.is_(None), *exportable(at))
    return rows.select_from(E).join(T, T.id == E.testimony_id)


def _registered(filters: WitnessFilters, _: datetime) -> Select[Any]:
    return witnesses.filtered(filters)


CHOSEN = replace(
    EXCERPTS,
    rows=_chosen,
    reads={
        "id": as_stored(E.id),
        "testimony_id": as_stored(E.testimony_id),
        "state": as_stored(E.state),
        "limits": EXCERPTS.reads["restriction"],
    },
    reads_at={"unopposed": unopposed},
)
REGISTERED = replace(
    WITNESSES,
    rows=_registered,
    reads={
        "id": as_stored(Witness.id),
        "birth_year": Witness.birth_year,
        "withdrawn": Witness.withdrawn_at.is_not(None),
    },
)


def of_excerpts(
    database: Database,
    scheme_id: UUID,
    testimonies: Container[object],
    told: Container[object],
) -> Iterator[Reasons]:
    """The excerpts of the testimonies of the pack that were not told, a batch at a time."""
    for rows in batches(database, CHOSEN, ExcerptExport(scheme_id=scheme_id)):
        read = [SimpleNamespace(**dict(zip(CHOSEN.names, row, strict=False))) for row in rows]
        yield [
            (excerpt.id, _why_not_quoted(excerpt))
            for excerpt in read
            if excerpt.testimony_id in testimonies and excerpt.id not in told
        ]


def _why_not_quoted(excerpt: Any) -> str:
    try:
        return str(why_not_quoted(excerpt) or MEANWHILE)
    except Exception:  # whatever is wrong with a row, the others are told
        return UNREADABLE


def of_witnesses(database: Database, scheme_id: UUID, told: Container[object]) -> Iterator[Reasons]:
    """The people who were registered and not told, a batch at a time."""
    for rows in batches(database, REGISTERED, WitnessExport(scheme_id=scheme_id)):
        people = [row for row in rows if row[0] not in told]
        with database.read() as db:
            yield _reasons(db, people, now())


def _reasons(db: Session, people: Sequence[Any], at: datetime) -> Reasons:
    """The reason of each. One that cannot be read is found by halving."""
    try:
        return list(_known(db, people, at))
    except Exception:  # whatever is wrong with a row, the others are told
        if len(people) == 1:
            return [(people[0][0], UNREADABLE)]
        middle = len(people) // 2
        return _reasons(db, people[:middle], at) + _reasons(db, people[middle:], at)


def _known(db: Session, people: Sequence[Any], at: datetime) -> Iterator[tuple[Any, str]]:
    """Who never refused the dataset, and refused to be read by the team, refused."""
    said = said_by(db, [UUID(str(row[0])) for row in people])
    for id_, birth_year, has_withdrawn, *_ in people:
        who = WitnessFacts(UUID(str(id_)), said[UUID(str(id_))], birth_year=birth_year)
        verdict = decide(Facts([who], NOT_ASKED, accepted=True), [EXPORTED], at)
        yield id_, WITHDRAWN if has_withdrawn else str(verdict.reason or Reason.REFUSED)
