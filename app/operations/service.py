"""What administrators and custodians may know of the running service, and deeds of its host."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.authentication import Caller
from app.accounts.models import Account, Kind, Organization
from app.accounts.permissions import GRANTS, Permission, Role
from app.accounts.schemas import OrganizationIn
from app.audit import service as audit
from app.audit.models import ActorKind, AuditCheckpoint, AuditEvent
from app.audit.service import Verification
from app.core.models import Base, now
from app.core.pages import Order, matches
from app.jobs.models import Job, State
from app.operations.schemas import AuditEventFilters, JobFilters

NEWEST_JOB_FIRST = Order(Job.created_at, Job.id, descending=True)
NEWEST_CHECKPOINT_FIRST = Order(AuditCheckpoint.created_at, AuditCheckpoint.id, descending=True)
NEWEST_EVENT_FIRST = Order(AuditEvent.created_at, AuditEvent.id, descending=True)


def jobs(filters: JobFilters, by: Caller) -> Select[Job]:
    """The jobs which pass the filters."""
    by.require(Permission.READ_JOBS)
    rows = select(Job).where(*matches(Job, filters, "name"))
    if filters.state:
        rows = rows.where(or_(*(_is(state) for state in filters.state)))
    return rows


def _is(state: State) -> ColumnElement[bool]:
    """What `state_of` says, in SQL."""
    if state is State.DONE:
        return Job.done_at.is_not(None)
    if state is State.DEAD:
        return Job.failed_at.is_not(None)
    held = and_(Job.claimed_until.is_not(None), Job.claimed_until > now())
    unfinished = and_(Job.done_at.is_(None), Job.failed_at.is_(None))
    free = or_(Job.claimed_until.is_(None), Job.claimed_until <= now())
    return and_(unfinished, held if state is State.RUNNING else free)


def audit_events(filters: AuditEventFilters, by: Caller) -> Select[AuditEvent]:
    """The audit events which pass the filters."""
    by.require(Permission.READ_AUDIT)
    conditions = matches(AuditEvent, filters, "subject_id", "actor_id", "action")
    if filters.created_from:
        conditions.append(AuditEvent.created_at >= filters.created_from)
    if filters.created_to:
        conditions.append(AuditEvent.created_at <= filters.created_to)
    return select(AuditEvent).where(*conditions)


def audit_checkpoints(by: Caller) -> Select[AuditCheckpoint]:
    """Where the chain goes on each time that old events were deleted."""
    by.require(Permission.VERIFY_AUDIT)
    return select(AuditCheckpoint)


def verify_audit(db: Session, by: Caller) -> Verification:
    """Compute the whole chain of audit events again."""
    by.require(Permission.VERIFY_AUDIT)
    return audit.verify(db)


# Deeds of the command line


def operator() -> Caller:
    """Whoever has a shell on the server: no account, trusted as an administrator.

    The audit log says `command`, and nobody's id.
    """
    nobody: Any = None
    role = Role.ADMINISTRATOR
    return Caller(nobody, nobody, role, GRANTS[role], nobody, kind=ActorKind.COMMAND)


def find_or_add_organization(db: Session, name: str, by: Caller) -> Organization:
    """The organization of this name. A new one is of the kind `other`: it can be changed later."""
    payload = OrganizationIn(name=name, kind=Kind.OTHER, in_mapping=False)
    found = db.scalar(select(Organization).where(Organization.name == payload.name))
    return found or accounts.add_organization(db, payload, by=by)


def find_account_of(db: Session, email: str) -> Account | None:
    """The account with this e-mail, in any case."""
    return db.scalar(select(Account).where(Account.email == email.strip().lower()))


def is_empty(db: Session, of: type[Base]) -> bool:
    """Whether there is no row of this kind yet."""
    return db.scalar(select(of.id).limit(1)) is None
