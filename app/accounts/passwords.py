"""Passwords: argon2id, outside any transaction, two at a time.

Parameters are OWASP's (m = 19 MiB, t = 2, p = 1). More than two at once would only fight for the
processor's cache.
"""

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST, LONGEST = 12, 200

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_turns = BoundedSemaphore(2)
# Of nobody: checked for unknown accounts, so that they take the same time.
_nobody = (
    "$argon2id$v=19$m=19456,t=2,p=1$IT/R6t26/vdV3k3Or+0GPw"
    "$w+6KgWQuUNIiceMyt2dcrEdMKzk8PHeArnIzlM1LRNQ"
)


def hash_password(password: str) -> str:
    """What is stored of a password."""
    with _turns:
        return _hasher.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether this is the password. Takes as long when there is none to compare with."""
    with _turns:
        try:
            return _hasher.verify(kept or _nobody, password) and kept is not None
        except (VerifyMismatchError, InvalidHashError):
            return False
