"""What can be done with the log of mobilization: add a line, read it."""

from uuid import UUID

from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audiences.service import require_decision_maker
from app.audit.service import record
from app.bundles.models import Bundle
from app.core.models import now
from app.core.pages import Order, matches
from app.core.problems import Invalid, NotFound
from app.mobilization.models import Mobilization
from app.mobilization.schemas import MobilizationFilters, MobilizationIn
from app.releases import service as releases
from app.releases.models import Delivery, Release
from app.schemes.service import require_scheme

M = Mobilization
LATEST_FIRST = Order(M.on, M.id, descending=True)


def visible_to(me: Caller) -> Select[Mobilization]:
    """What this account may read of the log: all, for those who compose or evaluate, or on case."""
    reads = me.on_case or Permission.READ_BUNDLES in me.permissions
    return select(M) if reads else select(M).where(false())


def search(me: Caller, filters: MobilizationFilters) -> Select[Mobilization]:
    """The visible lines which pass the filters."""
    names = ("scheme_id", "delivery_id", "decision_maker_id", "what", "by_id")
    rows = visible_to(me).where(*matches(M, filters, *names))
    if filters.on_from:
        rows = rows.where(M.on >= filters.on_from)
    if filters.on_to:
        rows = rows.where(M.on <= filters.on_to)
    return rows


def find(db: Session, mobilization_id: UUID, by: Caller) -> Mobilization:
    """The line, if `by` may read it. Raises NotFound."""
    if not (found := db.scalar(visible_to(by).where(M.id == mobilization_id))):
        raise NotFound
    return found


def note(db: Session, payload: MobilizationIn, by: Caller) -> Mobilization:
    """A new line of the log. Raises Invalid."""
    by.require(Permission.COMPOSE)
    require_scheme(db, payload.scheme_id)
    if payload.delivery_id:
        _require_delivery(db, payload.delivery_id, payload.scheme_id, by)
    if payload.decision_maker_id:
        require_decision_maker(db, payload.decision_maker_id)
    if payload.on > now().date():
        raise Invalid.at("#/on", "future")
    line = Mobilization(by_id=by.id, **payload.model_dump())
    db.add(line)
    record(db, "mobilization.noted", on=line, by=by, what=line.what)
    return line


def _require_delivery(db: Session, delivery_id: UUID, scheme_id: UUID, by: Caller) -> None:
    """Raise Invalid unless it gave a release of this scheme, that `by` sees."""
    seen = releases.visible_to(by).with_only_columns(Release.id)
    of_scheme = select(Bundle.id).where(Bundle.scheme_id == scheme_id)
    rows = select(Delivery.id).where(
        Delivery.id == delivery_id,
        Delivery.release_id.in_(seen.where(Release.bundle_id.in_(of_scheme))),
    )
    if not db.scalar(rows):
        raise Invalid.at("#/delivery_id", "unknown_id")
