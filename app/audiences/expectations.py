"""What can be done with expectations: note what somebody wants to know, and how."""

from uuid import UUID, uuid4

from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audiences.models import Expectation
from app.audiences.schemas import ExpectationFilters, ExpectationIn
from app.audiences.service import require_decision_maker
from app.audit.service import record
from app.core.db import locked
from app.core.pages import Order, matches
from app.core.problems import Invalid, NotFound
from app.schemes.service import require_scheme, require_terms

LATEST_FIRST = Order(Expectation.asked_on, Expectation.id, descending=True)


def visible_to(me: Caller) -> Select[Expectation]:
    """Those this account may see: all, for those who compose or evaluate bundles, or on case."""
    rows = select(Expectation)
    sees = me.on_case or Permission.READ_BUNDLES in me.permissions
    return rows if sees else rows.where(false())


def search(me: Caller, filters: ExpectationFilters) -> Select[Expectation]:
    """The visible expectations which pass the filters, whatever became of them."""
    names = "scheme_id", "audience", "decision_maker_id"
    return visible_to(me).where(*matches(Expectation, filters, *names))


def find(db: Session, expectation_id: UUID, by: Caller) -> Expectation:
    """The expectation, if `by` may see it; locked if it may be changed. Raises NotFound."""
    rows = visible_to(by).where(Expectation.id == expectation_id)
    if not (found := db.scalar(locked(db, rows))):
        raise NotFound
    return found


def note(db: Session, payload: ExpectationIn, by: Caller) -> Expectation:
    """A new expectation."""
    by.require(Permission.COMPOSE)
    noted = Expectation(id=uuid4(), created_by_id=by.id)
    _describe(db, noted, payload)
    db.add(noted)
    record(db, "expectation.noted", on=noted, by=by)
    return noted


def change(
    db: Session, expectation: Expectation, payload: ExpectationIn, by: Caller
) -> Expectation:
    """The same expectation, described again in full."""
    by.require(Permission.COMPOSE)
    if payload.scheme_id != expectation.scheme_id:
        raise Invalid.at("#/scheme_id", "stays")
    _describe(db, expectation, payload)
    record(db, "expectation.changed", on=expectation, by=by)
    return expectation


def _describe(db: Session, expectation: Expectation, payload: ExpectationIn) -> None:
    require_scheme(db, payload.scheme_id)
    require_terms(
        db,
        ("#/audience", "audiences", payload.audience),
        ("#/wanted_form", "forms", payload.wanted_form),
    )
    if payload.decision_maker_id:
        require_decision_maker(db, payload.decision_maker_id, kept=expectation.decision_maker_id)
    if payload.due_on and payload.due_on < payload.asked_on:
        raise Invalid.at("#/due_on", "due_before_asked")
    for name, value in payload:
        setattr(expectation, name, value)
