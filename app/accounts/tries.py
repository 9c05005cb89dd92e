"""How often something may be tried: counted in the database, so that all processes agree."""

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Tries
from app.core.db import insert_new
from app.core.models import now
from app.core.problems import RateLimited


def count_try(db: Session, what: str, at_most: int, within: timedelta) -> int:
    """Count one more try of `what`. Raises RateLimited when there were enough in this while.

    The answer is how many there are now. A fixed window: it opens with the first try and is
    forgotten `within` later. Only a hash of `what` is kept. Call it in a transaction of its own,
    which the refusal does not undo.
    """
    key = sha256(what.encode()).hexdigest()
    moment = now()
    db.execute(delete(Tries).where(Tries.key == key, Tries.expires_at <= moment))
    insert_new(db, Tries, key=key, expires_at=moment + within)
    one_more = update(Tries).where(Tries.key == key).values(count=Tries.count + 1)
    count, expires_at = db.execute(one_more.returning(Tries.count, Tries.expires_at)).one()
    if count > at_most:
        db.commit()  # the count outlives the refusal
        raise RateLimited(max(1, int((expires_at - moment).total_seconds())))
    return int(count)


def require_tries_left(db: Session, what: str, at_most: int) -> None:
    """Raise RateLimited when `what` was tried enough; counts nothing."""
    key = sha256(what.encode()).hexdigest()
    found = db.execute(
        select(Tries.count, Tries.expires_at).where(Tries.key == key, Tries.expires_at > now())
    ).first()
    if found and found[0] >= at_most:
        raise RateLimited(max(1, int((found[1] - now()).total_seconds())))


def forget_tries(db: Session, what: str) -> None:
    """Start counting `what` anew: it succeeded."""
    db.execute(delete(Tries).where(Tries.key == sha256(what.encode()).hexdigest()))


def forget_old_tries(db: Session) -> None:
    """Delete the counts whose while is over."""
    db.execute(delete(Tries).where(Tries.expires_at <= now()))
