"""What a testimony says, as its history keeps it, and who reads which version.

Whose turn it was then is whose words they are: a wording that was never handed over stays at home,
one that was never accepted stays with the editors. One that holds words of somebody who refuses the
team a reading is read by nobody, even if they are no witness of the testimony any more.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Sight
from app.core.models import now
from app.history.service import Content, Reading, Snapshot, said_by, snapshot
from app.testimonies.models import State, Testimony
from app.testimonies.queries import HIDDEN, belongings
from app.testimonies.schemas import TestimonyIn
from app.witnesses.models import Witness
from app.witnesses.queries import refused_to_team

# In which states somebody of this sight reads a testimony; of the others, in all.
HELD: Mapping[Sight, frozenset[State]] = {
    Sight.SUBMITTED: frozenset(state for state in State if state not in HIDDEN),
    Sight.ACCEPTED: frozenset({State.ACCEPTED}),
}
WORDS = ("title", "body", "tags")


def snapshot_of(db: Session, testimony: Testimony) -> Snapshot:
    """What it says now. Whoever speaks in this version takes it back with their words."""
    known = belongings(db, testimony.id)
    known["media_ids"] = [media["id"] for media in known["media"]]
    content = said_by(TestimonyIn, testimony, known)
    return snapshot(testimony, content, [(Witness, id_) for id_ in _ids(known["witness_ids"])])


def reading(db: Session, testimony: Testimony, me: Caller) -> Reading:
    """How this account reads the versions of a testimony that it sees."""
    return Reading(
        testimony,
        snapshot_of(db, testimony),
        testimony.captured_by,
        states=HELD.get(me.sight),
        clean=partial(_readable, db),
        as_now=as_now(me, WORDS),
    )


def as_now(me: Caller, words: Collection[str]) -> Collection[str]:
    """Which of these this account reads as they stand now only, for what was removed is removed.

    Who reads only what is accepted: an editor removes a name from words that were accepted.
    """
    return words if me.sight is Sight.ACCEPTED else ()


def _readable(db: Session, content: Content, _: Mapping[str, Any]) -> Content | None:
    spoke = select(Witness.id).where(Witness.id.in_(_ids(content["witness_ids"])))
    refused = db.scalar(spoke.where(refused_to_team(Witness.id, now())).limit(1))
    return None if refused else content


def _ids(texts: Iterable[Any]) -> list[UUID]:
    return [UUID(str(text)) for text in texts]
