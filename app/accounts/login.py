"""Passwords that are tried: counted in one transaction, checked outside any."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.authentication import Caller
from app.accounts.models import Account
from app.accounts.passwords import is_right
from app.accounts.permissions import GRANTS
from app.accounts.schemas import AccountOut, SessionIn
from app.accounts.service import InvalidCredentials, log_in, refuse_login, refuse_password
from app.accounts.tries import count_try, forget_tries
from app.core.db import Database
from app.core.settings import settings

MINUTE = timedelta(minutes=1)
ANY = 2**31 - 2  # tries: they are counted, not limited


def open_session(database: Database, payload: SessionIn, address: str) -> dict[str, Any]:
    """A `SessionOut`. Raises InvalidCredentials, or RateLimited after five tries in a minute.

    An unknown account, a wrong password and a suspended account are one and the same answer, after
    the same time.
    """
    email = payload.email.lower()
    what = f"login {email} {address}"
    with database.write.begin() as db:
        count_try(db, what, settings().login_rate, MINUTE)
    with database.read() as db:
        known = db.scalar(select(Account).where(Account.email == email))
    right = is_right(payload.password, known.password_hash if known else None)
    if not (right and known and not known.suspended_at):
        with database.write.begin() as db:
            if known:
                refuse_login(db, known)
            else:  # as long, and nothing that would let strangers fill the journal
                count_try(db, f"refused {address}", ANY, MINUTE)
        raise InvalidCredentials
    with database.write.begin() as db:
        forget_tries(db, what)
        account = db.get_one(Account, known.id)
        token, session = log_in(db, account)
        me = Caller(
            account.id, account.organization_id, account.role, GRANTS[account.role], session.id
        )
        shown = {name: getattr(account, name) for name in AccountOut.model_fields}
        shown["permissions"] = sorted(me.permissions)
        return {"token": token, "expires_at": session.expires_at, "account": shown}


def require_password(database: Database, me: Caller, password: str) -> None:
    """Raise InvalidCredentials unless this is the caller's password; RateLimited after five tries.

    So that a session which somebody left open does not tell the password, try by try.
    """
    what = f"password {me.id}"
    with database.write.begin() as db:
        count_try(db, what, settings().login_rate, MINUTE)
    with database.read() as db:
        known = db.get_one(Account, me.id).password_hash
    if not is_right(password, known):
        with database.write.begin() as db:
            refuse_password(db, by=me)
        raise InvalidCredentials
    with database.write.begin() as db:
        forget_tries(db, what)
