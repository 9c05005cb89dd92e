"""Who is calling."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select, true
from sqlalchemy.orm import Session

from app.accounts.models import Account, ApiToken, LoginSession, Owned
from app.accounts.permissions import EVERYWHERE, WORDS, Permission, Role, Sight, granted
from app.core.db import rows_of
from app.core.models import now
from app.core.problems import Problem
from app.core.settings import settings

SESSION, TOKEN = "s_", "t_"


class NotAuthenticated(Problem):
    """Tell us who you are: log in, or send a valid API token."""

    status = 401
    headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    """Your role does not allow this here."""

    status = 403


class FreshLoginNeeded(Problem):
    """This asks for a recent login: log in again, then repeat."""

    status = 403


@dataclass(frozen=True)
class Caller:
    """An account that calls, with what this session or token lets it do.

    `on_case`: a custodian who said why, which is written down (see `calls.case`).
    """

    id: UUID
    organization_id: UUID
    role: Role
    permissions: frozenset[Permission]
    credential_id: UUID
    logged_in_at: datetime | None = None
    on_case: bool = False
    kind: str = field(default="account", repr=False)

    @property
    def sight(self) -> Sight:
        """Whose words this caller sees."""
        return Sight.CASE if self.on_case else WORDS[self.role]

    def require(self, permission: Permission, at: Owned | None = None) -> None:
        """Raise Forbidden unless the caller may do this; when `at` is given, there.

        Who runs workshops runs those of their own organization, or that it films elsewhere.
        """
        if permission not in self.permissions or (at is not None and not self.is_home(at)):
            raise Forbidden(permission=permission)

    def require_fresh_login(self) -> None:
        """Raise FreshLoginNeeded unless the caller typed a password a short while ago."""
        fresh = now() - timedelta(seconds=settings().fresh_login)
        if not self.logged_in_at or self.logged_in_at < fresh:
            raise FreshLoginNeeded

    def is_home(self, row: Owned) -> bool:
        """Whether this row is the caller's organization's."""
        return self.organization_id in (row.owner_organization_id, row.partner_organization_id)

    def owns(self, model: type[Owned]) -> Sequence[ColumnElement[bool]]:
        """What holds for rows at home: two conditions that no row meets both.

        Each is the beginning of an index, so that a list is read in order; `visible` joins them.
        """
        mine = self.organization_id
        owner, partner = model.owner_organization_id, model.partner_organization_id
        return [owner == mine, and_(partner == mine, owner != mine)]

    def sees(self, model: type[Owned]) -> Sequence[ColumnElement[bool]]:
        """The same for workshops and witnesses, which some roles see everywhere."""
        if self.role in EVERYWHERE:
            return [true()]
        return [false()] if self.sight is Sight.NONE else self.owns(model)


def fingerprint(token: str) -> str:
    """What is stored of a token: its SHA-256, in hexadecimal."""
    return sha256(token.encode()).hexdigest()


def new_token(prefix: str) -> str:
    """256 random bits, readable in a header."""
    return prefix + secrets.token_urlsafe(32)


def _bearer_of(model: Any, *columns: Any) -> Any:
    return (
        select(
            *(Account.id, Account.organization_id, Account.role),
            Account.follow_up_at.is_not(None),
            *columns,
        )
        .join(model, model.account_id == Account.id)
        .where(model.fingerprint == bindparam("fingerprint"), Account.suspended_at.is_(None))
        .where(or_(model.expires_at.is_(None), model.expires_at > bindparam("now")))
    )


BEARER_OF_SESSION = _bearer_of(LoginSession, LoginSession.id, LoginSession.created_at)
BEARER_OF_TOKEN = _bearer_of(ApiToken, ApiToken.id, ApiToken.permissions)


@lru_cache(1000)
def _granted(
    role: Role, follows_up: bool, narrowed: tuple[str, ...] | None
) -> frozenset[Permission]:
    grants = granted(role, follows_up=follows_up)
    return grants if narrowed is None else frozenset(p for p in grants if p in narrowed)


def authenticate(db: Session, token: str) -> Caller:
    """The caller behind the token. Raises NotAuthenticated."""
    values = {"fingerprint": fingerprint(token), "now": now()}
    is_session = token.startswith(SESSION)
    found = rows_of(db, BEARER_OF_SESSION if is_session else BEARER_OF_TOKEN, **values)
    if not found:
        raise NotAuthenticated
    ((account_id, organization_id, role, follows_up, credential_id, last),) = found
    if is_session:
        permissions = _granted(role, follows_up, None)
        return Caller(account_id, organization_id, role, permissions, credential_id, last)
    permissions = _granted(role, follows_up, None if last is None else tuple(last))
    return Caller(account_id, organization_id, role, permissions, credential_id)
