"""Record what was done; chain it, so that a change of the past shows; verify the chain.

The chain: sealed events are numbered 1, 2, 3… in the order of their sealing (an event may be
committed after one that was created later). The digest of an event is

    SHA-256(digest of the event before ‖ JSON of this one)

in hexadecimal. The digest before is its 32 bytes; before number 1, 32 zero bytes. The JSON is
ASCII, its names sorted, without blanks; it holds `action actor_id actor_kind created_at facts id
number subject_id subject_kind`: ids as text, the moment in UTC as `2026-11-22T14:05:00.000000Z`.

So a number and its digest (a `Checkpoint`) say all that came before. One kept elsewhere is what
shows that the end of the chain was cut off, or the whole of it written again.

`prune` deletes old events, from the first on, and keeps an `AuditCheckpoint`: the chain is verified
from the newest of them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.audit.models import ActorKind, AuditCheckpoint, AuditEvent
from app.core.models import Base

BATCH = 1000
KEPT_MONTHS = 12
EVENTS: Table = AuditEvent.metadata.tables["audit_events"]
NUMBER_IT = (
    update(EVENTS)
    .where(EVENTS.c.id == bindparam("event_id"))
    .values(number=bindparam("next_number"), digest=bindparam("next_digest"))
)


@dataclass(frozen=True)
class Actor:
    """Who acts, when it is not an account: `Actor(ActorKind.LINK, delivery.id)`."""

    kind: ActorKind
    id: UUID | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A place in the chain: the number of an event, and its digest."""

    number: int
    digest: str


BEGINNING = Checkpoint(0, bytes(32).hex())


@dataclass(frozen=True)
class Verification:
    """How far the chain holds: `sealed` events up to `head`, then `first_broken` or nothing.

    `waiting` events are not sealed yet.
    """

    ok: bool
    sealed: int
    waiting: int
    first_broken: int | None
    head: Checkpoint


@cache
def _kind_of(subject: type[Base]) -> str:
    """`WitnessGroup` -> `witness_group`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", subject.__name__).lower()


def record(db: Session, action: str, *, on: Base, by: Any | None, **facts: Any) -> None:
    """Keep that `by` did `action` to `on`. Flushes, so that a new row has its id and version.

    `by` has an `id`, and a `kind` unless it is an account; None is the service itself. `facts` fit
    in JSON, and hold no personal data: codes, counts and ids, never words.
    """
    db.flush()
    kind = getattr(by, "kind", ActorKind.ACCOUNT) if by else ActorKind.SYSTEM
    event = {
        "action": action,
        "subject_kind": _kind_of(type(on)),
        "subject_id": on.id,
        "actor_kind": ActorKind(kind),
        "actor_id": by and by.id,
        "facts": facts,
    }
    db.connection().execute(insert(EVENTS), event)


def seal(db: Session) -> int:
    """Chain committed events that wait, at most 1 000, the oldest first; how many that was.

    Two that seal at once wait for each other, or one of them gets an IntegrityError: a number is
    given once.
    """
    waiting = select(EVENTS).where(EVENTS.c.number.is_(None))
    oldest = waiting.order_by(EVENTS.c.created_at, EVENTS.c.id).limit(BATCH)
    events = db.execute(oldest.with_for_update()).all()  # before the head is read: it may move
    head, sealed = _head(db), []
    for event in events:
        head = _next(head, event)
        sealed.append(
            {"event_id": event.id, "next_number": head.number, "next_digest": head.digest}
        )
    if sealed:
        db.connection().execute(NUMBER_IT, sealed)
    return len(sealed)


def prune(db: Session, before: datetime) -> int:
    """Delete the first events of the chain, those of before this moment, at most 1 000; how many.

    It stops before an event that is not what was sealed, which `verify` so goes on showing. Where
    the chain goes on is kept in an AuditCheckpoint. Two that prune at once keep one of them, or one
    gets an IntegrityError.
    """
    start = head = kept_since(db)
    up_to = None
    rows = select(EVENTS).where(EVENTS.c.number > start.number).order_by(EVENTS.c.number)
    for event in db.execute(rows.limit(BATCH)).all():
        following = _next(head, event)
        if event.created_at >= before or following != Checkpoint(event.number, event.digest):
            break
        head, up_to = following, event.created_at
    pruned = head.number - start.number
    if up_to:
        db.connection().execute(delete(EVENTS).where(EVENTS.c.number <= head.number))
        db.add(AuditCheckpoint(number=head.number, digest=head.digest, pruned=pruned, up_to=up_to))
        db.flush()
    return pruned


def kept_since(db: Session) -> Checkpoint:
    """Where the kept chain begins: the last event that was pruned."""
    found = select(AuditCheckpoint.number, AuditCheckpoint.digest)
    last = db.execute(found.order_by(AuditCheckpoint.number.desc()).limit(1)).one_or_none()
    return Checkpoint(*last) if last else BEGINNING


def verify(
    db: Session, start: Checkpoint | None = None, known: Checkpoint | None = None
) -> Verification:
    """Compute the chain again from `start`, else from where it is kept, with constant memory.

    `first_broken` is the number where an event is missing, or is not what was sealed. The chain
    must pass through `known`, when it was kept elsewhere; before `start`, AuditCheckpoints tell.
    """
    start = start or kept_since(db)
    older = known if known and known.number < start.number else None
    wrong = _contradicts(start, known) or (older and passes_through(db, older) is False)
    head, broken = start, start.number if wrong else None
    for event in _sealed_after(db, start.number) if broken is None else ():
        following = _next(head, event)
        sealed = Checkpoint(event.number, event.digest)
        if sealed != following or _contradicts(sealed, known):
            broken = following.number
            break
        head = following
    if broken is None and known and known.number > head.number:
        broken = head.number + 1
    waiting = select(func.count()).select_from(EVENTS).where(EVENTS.c.number.is_(None))
    return Verification(
        ok=broken is None,
        sealed=head.number - start.number,
        waiting=db.scalar(waiting) or 0,
        first_broken=broken,
        head=head,
    )


def passes_through(db: Session, known: Checkpoint) -> bool | None:
    """Whether this was kept as the digest of that number: by an event, or by an AuditCheckpoint.

    None when it was pruned and no AuditCheckpoint is there: nobody can tell any more.
    """
    for rows in (EVENTS.c, AuditCheckpoint):
        if digest := db.scalar(select(rows.digest).where(rows.number == known.number)):
            return bool(digest == known.digest)
    return None if known.number < kept_since(db).number else False


def _contradicts(sealed: Checkpoint, known: Checkpoint | None) -> bool:
    return known is not None and known.number == sealed.number and known != sealed


def _head(db: Session) -> Checkpoint:
    sealed = select(EVENTS.c.number, EVENTS.c.digest).where(EVENTS.c.number.is_not(None))
    last = db.execute(sealed.order_by(EVENTS.c.number.desc()).limit(1)).one_or_none()
    return Checkpoint(*last) if last else kept_since(db)


def _sealed_after(db: Session, number: int) -> Iterator[Row[Any]]:
    """The sealed events after this number, in order, a batch at a time."""
    while True:
        after = select(EVENTS).where(EVENTS.c.number > number).order_by(EVENTS.c.number)
        events = db.execute(after.limit(BATCH)).all()
        yield from events
        if len(events) < BATCH:
            return
        number = events[-1].number


def _next(head: Checkpoint, event: Row[Any]) -> Checkpoint:
    """Where the chain stands once this event follows."""
    number = head.number + 1
    told = {
        "action": event.action,
        "actor_id": event.actor_id and str(event.actor_id),
        "actor_kind": event.actor_kind,
        "created_at": _utc(event.created_at),
        "facts": event.facts,
        "id": str(event.id),
        "number": number,
        "subject_id": str(event.subject_id),
        "subject_kind": event.subject_kind,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return Checkpoint(number, sha256(bytes.fromhex(head.digest) + text.encode()).hexdigest())


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
