"""A POST that is sent again with its `Idempotency-Key` is answered again, not done again.

Reserve a key before the deed, keep its answer after it, forget both a day later. All in the
transaction of the deed: key and deed are kept, or neither. So a request which failed may be sent
again with its key. See IETF draft-ietf-httpapi-idempotency-key-header.
"""

import hmac
import json
import os
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Response
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.calls.models import IdempotencyKey
from app.core.db import insert_new
from app.core.keys import derive
from app.core.models import now
from app.core.problems import Problem
from app.core.settings import settings

NONCE = 12


class AnswerForgotten(Problem):
    """This was done already, and what was answered is not kept any more: read it anew."""

    status = 409


class IdempotencyKeyReused(Problem):
    """This Idempotency-Key was already used for another request."""

    status = 422


@dataclass(frozen=True)
class Key:
    """One caller's Idempotency-Key, for one request: method, address and body are its text."""

    caller_id: UUID
    value: UUID
    request: bytes

    @property
    def hash(self) -> str:
        return sha256(self.caller_id.bytes + self.value.bytes).hexdigest()

    @property
    def fingerprint(self) -> str:
        return hmac.digest(self._secret("fingerprint"), self.request, sha256).hex()

    def _secret(self, purpose: str) -> bytes:
        return derive(self.value.bytes, f"idempotency {purpose} {self.caller_id}")

    def encrypt(self, response: Response) -> bytes:
        headers = {name.decode(): value.decode("latin-1") for name, value in response.raw_headers}
        head = json.dumps([response.status_code, headers]).encode()
        nonce = os.urandom(NONCE)
        plain = len(head).to_bytes(4) + head + bytes(response.body)
        return nonce + AESGCM(self._secret("answer")).encrypt(nonce, plain, None)

    def decrypt(self, answer: bytes) -> Response:
        plain = AESGCM(self._secret("answer")).decrypt(answer[:NONCE], answer[NONCE:], None)
        end = 4 + int.from_bytes(plain[:4])
        status, headers = json.loads(plain[4:end])
        return Response(plain[end:], status, {**headers, "idempotency-replayed": "true"})


def reserve(db: Session, key: Key) -> IdempotencyKey:
    """The key, reserved for this request; or with its answer, when it was answered already.

    While the first request is under way, a retry waits: on SQLite for its turn to write, on
    PostgreSQL for the unique constraint. Raises IdempotencyKeyReused; AnswerForgotten when a
    withdrawal emptied the answer: the deed is not done twice for that.
    """
    values = {"key_hash": key.hash, "fingerprint": key.fingerprint}
    is_new = insert_new(db, IdempotencyKey, **values)
    reserved = db.scalars(select(IdempotencyKey).where(IdempotencyKey.key_hash == key.hash)).one()
    if reserved.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused
    if not is_new and reserved.answer is None:
        raise AnswerForgotten
    return reserved


def forget_answers(db: Session) -> None:
    """Empty every answer: they are encrypted, and nobody can tell which hold somebody's words."""
    db.execute(update(IdempotencyKey).where(IdempotencyKey.answer.is_not(None)).values(answer=None))


def forget_old(db: Session) -> None:
    """Forget the answers given more than a day ago."""
    too_old = now() - timedelta(seconds=settings().idempotency_ttl)
    db.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < too_old))
