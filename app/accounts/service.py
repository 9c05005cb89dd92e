"""What can be done with accounts: each function is one deed, one permission, one audit event."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app.accounts.authentication import SESSION, TOKEN, Caller, fingerprint, new_token
from app.accounts.models import Account, ApiToken, LoginSession, Organization
from app.accounts.permissions import WORDS, Permission, Sight, granted
from app.accounts.schemas import (
    AccountFilters,
    AccountIn,
    ApiTokenIn,
    OrganizationFilters,
    OrganizationIn,
)
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.pages import Order, matches
from app.core.problems import Invalid, NotFound, Problem
from app.core.settings import settings

BY_NAME = Order(Organization.name, Organization.id)
BY_EMAIL = Order(Account.email, Account.id)
OLDEST_FIRST = Order(ApiToken.created_at, ApiToken.id)


class InvalidCredentials(Problem):
    """This e-mail and this password do not go together."""

    status = 401


class OwnAccount(Problem):
    """Somebody else must do this to your account."""

    status = 409


def log_in(db: Session, account: Account) -> tuple[str, LoginSession]:
    """A session for an account whose password was right, and its token."""
    token = new_token(SESSION)
    session = LoginSession(
        account_id=account.id,
        fingerprint=fingerprint(token),
        expires_at=now() + timedelta(seconds=settings().session_ttl),
    )
    db.execute(delete(LoginSession).where(LoginSession.expires_at <= now()))
    db.add(session)
    record(db, "session.opened", on=account, by=account)
    return token, session


def log_out(db: Session, by: Caller) -> None:
    """End this session. An API token is revoked at `/api-tokens`."""
    db.execute(delete(LoginSession).where(LoginSession.id == by.credential_id))
    record(db, "session.closed", on=account_of(db, by), by=by)


def refuse_login(db: Session, account: Account) -> None:
    """Keep that somebody tried to log in as this account, in vain."""
    record(db, "login.refused", on=account, by=None)


def refuse_password(db: Session, by: Caller) -> None:
    """Keep that a password was asked of the caller, and that another one was given."""
    record(db, "password.refused", on=account_of(db, by), by=by)


def account_of(db: Session, me: Caller) -> Account:
    """The caller's own account."""
    return db.get_one(Account, me.id)


def change_password(db: Session, new_hash: str, by: Caller) -> None:
    """The caller's new password; every other session of theirs ends."""
    account = account_of(db, by)
    account.password_hash = new_hash
    others = LoginSession.account_id == by.id, LoginSession.id != by.credential_id
    db.execute(delete(LoginSession).where(*others))
    record(db, "account.password-changed", on=account, by=by)


# Organizations


def organizations(filters: OrganizationFilters) -> Select[Organization]:
    """The organizations which pass the filters. They are no secret."""
    return select(Organization).where(*matches(Organization, filters, "kind", "in_mapping"))


def find_organization(db: Session, organization_id: UUID) -> Organization:
    """The organization. Raises NotFound."""
    rows = select(Organization).where(Organization.id == organization_id)
    if not (organization := db.scalar(locked(db, rows))):
        raise NotFound
    return organization


def add_organization(db: Session, payload: OrganizationIn, by: Caller) -> Organization:
    """A new organization."""
    by.require(Permission.MANAGE_FRAME)
    organization = Organization(**payload.model_dump())
    db.add(organization)
    record(db, "organization.added", on=organization, by=by)
    return organization


def change_organization(
    db: Session, organization: Organization, payload: OrganizationIn, by: Caller
) -> Organization:
    """The same organization, described again in full."""
    by.require(Permission.MANAGE_FRAME)
    for name, value in payload:
        setattr(organization, name, value)
    record(db, "organization.changed", on=organization, by=by)
    return organization


def require_organization(db: Session, organization_id: UUID | None, pointer: str) -> None:
    """Raise Invalid at this pointer when there is no such organization."""
    if organization_id and not db.get(Organization, organization_id):
        raise Invalid.at(pointer, "unknown_id")


# Accounts


def accounts(filters: AccountFilters, by: Caller) -> Select[Account]:
    """The accounts which pass the filters."""
    by.require(Permission.MANAGE_ACCOUNTS)
    rows = select(Account).where(*matches(Account, filters, "role", "organization_id"))
    if filters.suspended is not None:
        suspended = Account.suspended_at.is_not(None)
        rows = rows.where(suspended if filters.suspended else ~suspended)
    return rows


def find_account(db: Session, account_id: UUID, by: Caller) -> Account:
    """The account. Raises NotFound."""
    by.require(Permission.MANAGE_ACCOUNTS)
    if not (account := db.scalar(locked(db, select(Account).where(Account.id == account_id)))):
        raise NotFound
    return account


def add_account(db: Session, payload: AccountIn, password_hash: str | None, by: Caller) -> Account:
    """A new account."""
    by.require(Permission.MANAGE_ACCOUNTS)
    account = Account()
    _describe(db, account, payload, password_hash)
    db.add(account)
    record(db, "account.added", on=account, by=by, **_told(account))
    return account


def change_account(
    db: Session, account: Account, payload: AccountIn, password_hash: str | None, by: Caller
) -> Account:
    """The same account, described again in full. A new password ends its sessions.

    With another role, what was granted besides the one before is gone.
    """
    by.require(Permission.MANAGE_ACCOUNTS)
    if account.id == by.id and payload.role is not account.role:
        raise OwnAccount
    if payload.role is not account.role:
        end_follow_up(db, account, by)
    _describe(db, account, payload, password_hash)
    if password_hash:
        db.execute(delete(LoginSession).where(LoginSession.account_id == account.id))
    record(db, "account.changed", on=account, by=by, **_told(account))
    return account


def suspend(db: Session, account: Account, by: Caller) -> None:
    """Nothing more in this account's name. Suspending twice is suspending once."""
    by.require(Permission.MANAGE_ACCOUNTS)
    if account.id == by.id:
        raise OwnAccount
    if not account.suspended_at:
        account.suspended_at, account.suspended_by_id = now(), by.id
        record(db, "account.suspended", on=account, by=by)


def restore(db: Session, account: Account, by: Caller) -> None:
    """The account may act again."""
    by.require(Permission.MANAGE_ACCOUNTS)
    if account.suspended_at:
        account.suspended_at = account.suspended_by_id = None
        record(db, "account.restored", on=account, by=by)


def _describe(db: Session, account: Account, payload: AccountIn, password_hash: str | None) -> None:
    require_organization(db, payload.organization_id, "#/organization_id")
    for name, value in payload:
        if name != "password":
            setattr(account, name, value)
    if password_hash:
        account.password_hash = password_hash


def let_follow_up(db: Session, account: Account, by: Caller) -> None:
    """Its exports may have ids that are the same from one to the next. Twice is once."""
    by.require(Permission.MANAGE_ACCOUNTS)
    if not account.follow_up_at:
        account.follow_up_at, account.follow_up_by_id = now(), by.id
        record(db, "account.follow-up-granted", on=account, by=by)


def end_follow_up(db: Session, account: Account, by: Caller) -> None:
    """Its exports have ids of their own again. Twice is once."""
    by.require(Permission.MANAGE_ACCOUNTS)
    if account.follow_up_at:
        account.follow_up_at = account.follow_up_by_id = None
        record(db, "account.follow-up-ended", on=account, by=by)


def _told(account: Account) -> dict[str, Any]:
    """What the custodian is told: a role that gives access to people's words is granted."""
    return {"role": account.role, "reads_words": WORDS[account.role] is not Sight.NONE}


# API tokens


def api_tokens(me: Caller) -> Select[ApiToken]:
    """The caller's own tokens."""
    return select(ApiToken).where(ApiToken.account_id == me.id)


def add_api_token(db: Session, payload: ApiTokenIn, by: Caller) -> tuple[str, ApiToken]:
    """A new token, and its secret. It never allows more than the caller is allowed."""
    if payload.expires_at and payload.expires_at <= now():
        raise Invalid.at("#/expires_at", "past")
    for index, permission in enumerate(payload.permissions or []):
        if permission not in by.permissions:
            raise Invalid.at(f"#/permissions/{index}", "not_yours")
    account = account_of(db, by)
    asked = payload.permissions
    of_account = granted(account.role, follows_up=account.follow_up_at is not None)
    if asked is None and by.permissions != of_account:
        asked = sorted(by.permissions)  # a narrowed token makes no wider one
    return issue_token(db, account, payload.name, by, asked, payload.expires_at)


def issue_token(
    db: Session,
    account: Account,
    name: str,
    by: Any,
    permissions: list[Permission] | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, ApiToken]:
    """A token for this account, asked for by its owner or from the command line."""
    secret = new_token(TOKEN)
    token = ApiToken(
        account_id=account.id,
        name=name,
        fingerprint=fingerprint(secret),
        permissions=None if permissions is None else [str(p) for p in permissions],
        expires_at=expires_at,
    )
    db.add(token)
    record(db, "api-token.added", on=token, by=by)
    return secret, token


def revoke_api_token(db: Session, token_id: UUID, by: Caller) -> None:
    """End one of the caller's own tokens. Raises NotFound."""
    token = db.scalar(locked(db, api_tokens(by).where(ApiToken.id == token_id)))
    if not token:
        raise NotFound
    record(db, "api-token.revoked", on=token, by=by)
    db.delete(token)
