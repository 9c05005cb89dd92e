"""Sessions of witnesses: a code opens one, leaving or five idle minutes end it.

A right code is never limited: it is looked up first, by its hash, and only what is not found is
counted. So nobody can keep a witness out by trying codes, from anywhere.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts.authentication import NotAuthenticated, fingerprint, new_token
from app.accounts.tries import count_try
from app.audit.models import ActorKind
from app.audit.service import Actor, record
from app.core.db import Database
from app.core.models import now
from app.core.problems import Problem
from app.core.settings import settings
from app.receipts.models import ReceiptSession, WrongCodes
from app.witnesses.codes import receipt_hash
from app.witnesses.models import Witness

PREFIX = "r_"
WHILE = timedelta(minutes=15)
REFRESHED = timedelta(seconds=20)  # `seen_at` is this exact
BETWEEN_SYMBOLS = re.compile(r"[\W_]+")  # the blanks and dashes of all keyboards


class InvalidReceiptCode(Problem):
    """This is not a receipt code of ours."""

    status = 401


@dataclass(frozen=True)
class Holder:
    """A witness, by the session that their code opened."""

    id: UUID
    session_id: UUID
    expires_at: datetime

    @property
    def actor(self) -> Actor:
        """Who acts, as the audit log tells it."""
        return Actor(ActorKind.RECEIPT, self.id)


def symbols_of(code: str) -> str:
    """A code as it was typed, without what is between its symbols."""
    return BETWEEN_SYMBOLS.sub("", code)


def open_session(database: Database, code: str, address: str) -> dict[str, Any]:
    """A `ReceiptSessionOut`. Raises InvalidReceiptCode; RateLimited after too many wrong ones.

    Wrong codes are counted for each address, and in all, so that changing addresses gains nothing.
    """
    with database.read() as db:
        known = Witness.receipt_hash == receipt_hash(symbols_of(code))
        witness = db.scalar(select(Witness).where(known))
    if not witness:
        _count_wrong(database, address)
        raise InvalidReceiptCode
    token, moment = new_token(PREFIX), now()
    opened = ReceiptSession(
        witness_id=witness.id,
        fingerprint=fingerprint(token),
        seen_at=moment,
        expires_at=moment + timedelta(seconds=settings().receipt_ttl),
    )
    with database.write.begin() as db:
        db.execute(delete(ReceiptSession).where(ReceiptSession.expires_at <= moment))
        db.add(opened)
        record(db, "receipt.opened", on=witness, by=Actor(ActorKind.RECEIPT, witness.id))
    return {"token": token, "expires_at": opened.expires_at}


def find(db: Session, token: str) -> Holder:
    """Who holds this token. Raises NotAuthenticated, also when the session was idle too long."""
    return _holder(_session_of(db, token))


def keep(database: Database, token: str) -> Holder:
    """The same, and the session is not idle: a short write, at most every 20 seconds."""
    moment = now()
    with database.read() as db:
        session = _session_of(db, token)
    stale = moment - REFRESHED
    if session.seen_at <= stale:
        seen = update(ReceiptSession).where(
            ReceiptSession.id == session.id, ReceiptSession.seen_at <= stale
        )
        with database.write.begin() as db:
            db.execute(seen.values(seen_at=moment))
    return _holder(session)


def leave(db: Session, by: Holder) -> None:
    """End this session: its token is worth nothing any more."""
    db.execute(delete(ReceiptSession).where(ReceiptSession.id == by.session_id))


def _session_of(db: Session, token: str) -> ReceiptSession:
    moment = now()
    found = db.scalar(
        select(ReceiptSession).where(
            ReceiptSession.fingerprint == fingerprint(token),
            ReceiptSession.expires_at > moment,
            ReceiptSession.seen_at > moment - timedelta(seconds=settings().receipt_idle),
        )
    )
    if not found:
        raise NotAuthenticated
    return found


def _holder(session: ReceiptSession) -> Holder:
    return Holder(session.witness_id, session.id, session.expires_at)


def _count_wrong(database: Database, address: str) -> None:
    """Count a wrong code. Raises RateLimited when there were enough of them."""
    limits = (
        ("address", f"receipt {address}", settings().receipt_rate),
        ("all", "receipt", settings().receipt_rate_in_all),
    )
    for whose, what, at_most in limits:
        with database.write.begin() as db:
            if count_try(db, what, at_most, WHILE) == at_most:
                nobody = Actor(ActorKind.RECEIPT)
                record(db, "receipt.limit-reached", on=WrongCodes(), by=nobody, whose=whose)
