"""The answers already given, by the key of their request."""

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class IdempotencyKey(Base):
    """A request and its answer, empty inside the transaction of the deed, or after a withdrawal.

    The answer may hold a secret shown once: it is encrypted under a key that only the client has,
    derived from its Idempotency-Key. Of that one, and of the caller, only a hash is kept.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
