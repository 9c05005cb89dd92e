"""What can be done with the figures for everybody: freeze them, read them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import insert_new
from app.core.pages import Order, matches
from app.core.problems import NotFound
from app.core.settings import settings
from app.figures import months
from app.figures.models import FrozenFigures
from app.figures.schemas import FiguresFilters
from app.figures.tables import is_enough, tables_of
from app.moderation.models import Decision, Verdict
from app.testimonies.heard import lists, told_of
from app.testimonies.models import State, Testimony
from app.testimonies.queries import all_refused

F = FrozenFigures
LATEST_FIRST = Order(F.last_month, F.id, descending=True)


def filtered(filters: FiguresFilters) -> Select[FrozenFigures]:
    """The periods of these schemes: everybody reads them all."""
    return select(F).where(*matches(F, filters, "scheme_id"))


def find(db: Session, figures_id: UUID) -> FrozenFigures:
    """The figures of a period. Raises NotFound."""
    if not (found := db.get(F, figures_id)):
        raise NotFound
    return found


def freeze(db: Session, scheme_id: UUID, at: datetime) -> bool:
    """Publish what was accepted until the end of the last month, since the last period.

    False while that is not enough: it waits for the months to come. Twice is once, also at once.
    """
    last_month = months.last_over(at)
    newest = select(F).where(F.scheme_id == scheme_id).order_by(F.number.desc()).limit(1)
    before = db.scalars(newest).first()
    if before and before.last_month >= last_month:
        return False
    told = list(told_of(db, _accepted(scheme_id, before, last_month, at)).values())
    if not is_enough(told):
        return False
    number = before.number + 1 if before else 1
    frozen = {
        "first_month": months.after(before.last_month) if before else None,
        "last_month": last_month,
        "k": settings().figures_k_public,
        "testimonies": len(told),
        "tables": tables_of(told, lists(db)),
    }
    if not insert_new(db, F, scheme_id=scheme_id, number=number, **frozen):
        return False  # another worker did it
    done = db.scalars(select(F).where(F.scheme_id == scheme_id, F.number == number)).one()
    record(db, "figures.frozen", on=done, by=None, number=number, testimonies=len(told))
    return True


def _accepted(
    scheme_id: UUID, before: FrozenFigures | None, last_month: str, at: datetime
) -> Select[UUID]:
    """The testimonies of a period: by when they were accepted first, so that none is in two."""
    first = func.min(Decision.created_at)
    of_it = [first < months.end(last_month)]
    if before:
        of_it.append(first >= months.end(before.last_month))
    decided = (
        select(Decision.testimony_id)
        .join(Testimony, Testimony.id == Decision.testimony_id)
        .where(Testimony.scheme_id == scheme_id, Decision.verdict == Verdict.ACCEPT)
        .group_by(Decision.testimony_id)
        .having(*of_it)
    )
    return select(Testimony.id).where(
        Testimony.id.in_(decided),
        Testimony.state == State.ACCEPTED,
        Testimony.id.not_in(all_refused(at)),
    )
