"""What is forgotten of accounts: what has ended, and who left long ago."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app.accounts.models import Account, ApiToken, LoginSession
from app.core.db import locked

NAME = "Compte fermé"
DOMAIN = "@compte-ferme.invalid"  # where no mail is ever delivered (RFC 2606)


def ended_sessions(before: datetime) -> Select[UUID]:
    """The logins that ended before this moment."""
    return select(LoginSession.id).where(LoginSession.expires_at <= before)


def forget_sessions(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Delete these logins."""
    db.execute(delete(LoginSession).where(LoginSession.id.in_(ids)))
    return []


def ended_tokens(before: datetime) -> Select[UUID]:
    """The API tokens that ended before this moment."""
    return select(ApiToken.id).where(ApiToken.expires_at <= before)


def forget_tokens(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Delete these API tokens."""
    db.execute(delete(ApiToken).where(ApiToken.id.in_(ids)))
    return []


def closed_accounts(before: datetime) -> Select[UUID]:
    """The accounts suspended before this moment that still say whose they were."""
    named = ~Account.email.endswith(DOMAIN, autoescape=True)
    return select(Account.id).where(Account.suspended_at <= before, named)


def forget_people(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Replace the names and addresses of these accounts; what they did stays theirs, by id."""
    for account in db.scalars(locked(db, select(Account).where(Account.id.in_(ids)))):
        account.email, account.display_name = f"{account.id}{DOMAIN}", NAME
        account.password_hash = None
    for model in (LoginSession, ApiToken):
        db.execute(delete(model).where(model.account_id.in_(ids)))
    return []
