"""What is recorded of an event: when and where, who came, what was shown, what they said.

A release that was recalled hands it to its successor, without what was said about the words that
were taken back, and without the minutes, which may quote them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.db import locked
from app.core.figures import OTHER, at_least, concealed, panel
from app.core.models import now
from app.core.problems import Invalid, Problem
from app.documents.edition import shown_in
from app.places.models import Place
from app.releases.event_schemas import EventIn
from app.releases.figures import k_of
from app.releases.files import ask_anew
from app.releases.models import Attendance, EventReaction, HeldEvent, Release
from app.releases.quoting import unquoted
from app.releases.service import blocked_items, require_current
from app.schemes.service import labels, require_terms

FORM = "event"
VOCABULARIES = ("witness_roles", "audiences")  # of who comes


class NotAnEvent(Problem):
    """This release is of another form: there was no event."""

    status = 409


def of_release(db: Session, release: Release) -> HeldEvent | None:
    """What is recorded of its event; locked if it may be changed. Raises NotAnEvent and the like.

    `release` is one that the caller sees.
    """
    require_current(db, release)
    if release.form != FORM:
        raise NotAnEvent(form=release.form)
    return db.scalar(locked(db, select(HeldEvent).where(HeldEvent.release_id == release.id)))


def to_note(db: Session, release: Release, by: Caller) -> HeldEvent | None:
    """What is recorded of its event, to be replaced; who may not is told so first."""
    by.require(Permission.COMPOSE)
    return of_release(db, release)


def note(
    db: Session, release: Release, known: HeldEvent | None, payload: EventIn, by: Caller
) -> HeldEvent:
    """Record an event, in place of what was recorded before. Its minutes are made again."""
    by.require(Permission.COMPOSE)
    _require_known(db, release, payload)
    event = known or HeldEvent(release_id=release.id)
    for name in ("held_on", "place_id", "starts_at", "minutes"):
        setattr(event, name, getattr(payload, name))
    event.programme = [step.model_dump(mode="json") for step in payload.programme]
    event.shown = [str(item_id) for item_id in payload.shown]
    event.recorded_by_id = by.id
    event.touch()
    db.add(event)
    db.flush()
    _replace_parts(db, event, payload)
    record(db, "event.recorded", on=event, by=by, reactions=len(payload.reactions))
    ask_anew(db, release)
    return event


def told(db: Session, release: Release, event: HeldEvent) -> dict[str, Any]:
    """What the team reads of it, besides its columns, at this moment.

    Nothing of what was said about an item that may not be shown now; nor the minutes meanwhile.
    """
    blocked = blocked_items(db, release, now())
    return {
        "programme": [step for step in event.programme if step["item_id"] not in blocked],
        "shown": [item_id for item_id in event.shown if item_id not in blocked],
        "minutes": None if blocked else event.minutes,
        "attendance": [
            {"role": one.role, "count": one.count} for one in _parts(db, Attendance, event)
        ],
        "reactions": [
            {"item_id": one.item_id, "text": one.text, "role": one.role}
            for one in _parts(db, EventReaction, event)
            if str(one.item_id) not in blocked
        ],
    }


def for_print(db: Session, release: Release) -> dict[str, Any] | None:
    """What its documents say of it, for who is not of the team; None when nothing is recorded.

    How many came is told as figures about people are: no cell below k, shares rounded to 5 %.
    """
    event = db.scalar(select(HeldEvent).where(HeldEvent.release_id == release.id))
    if not event:
        return None
    known, names = told(db, release, event), _names(db)
    place = db.get(Place, event.place_id) if event.place_id else None
    return known | {
        "held_on": event.held_on.isoformat(),
        "starts_at": event.starts_at and event.starts_at.isoformat(),
        "place": place and place.name,
        "attendance": _crowd(release, known["attendance"], names),
        "reactions": [
            {
                "item_id": str(one["item_id"]),
                "text": one["text"],
                "role_label": one["role"] and names.get(one["role"], one["role"]),
            }
            for one in known["reactions"]
        ],
    }


def days_of(db: Session, release_ids: Collection[UUID]) -> dict[UUID, date]:
    """The days of the events of these releases, held or still to come; of those that have one."""
    days = select(HeldEvent.release_id, HeldEvent.held_on)
    return dict(db.execute(days.where(HeldEvent.release_id.in_(release_ids))).all())


def latest(days: Mapping[UUID, date], release_ids: Collection[UUID]) -> date | None:
    """The last day of the events of these releases: a later release of a bundle has none yet."""
    return max((days[id_] for id_ in release_ids if id_ in days), default=None)


# What becomes of it


def lose(
    db: Session, release: Release, items: Collection[str], signatures: Collection[str]
) -> None:
    """Forget what was said about these items, and the minutes, which may quote them.

    What was said about others stays, without how the people of these signed them.
    """
    if not (event := db.scalar(locked(db, _at(release)))):
        return
    event.programme = [step for step in event.programme if step["item_id"] not in items]
    event.shown = [item_id for item_id in event.shown if item_id not in items]
    event.minutes = None
    event.touch()
    gone = EventReaction.item_id.in_([UUID(item_id) for item_id in items])
    of_it = EventReaction.event_id == event.id
    db.execute(delete(EventReaction).where(of_it, gone))
    for one in db.scalars(select(EventReaction).where(of_it)):
        one.text = unquoted(one.text, [], signatures)
    record(db, "event.words-lost", on=event, by=None, items=len(items))


def hand_over(db: Session, release: Release, successor: Release) -> None:
    """What is left of it is the successor's."""
    if event := db.scalar(locked(db, _at(release))):
        event.release_id = successor.id
        db.flush()


def with_words(before: date) -> Select[UUID]:
    """The events held before this day of which words are kept."""
    said = select(EventReaction.id).where(EventReaction.event_id == HeldEvent.id).exists()
    words = or_(HeldEvent.minutes.is_not(None), said)
    return select(HeldEvent.id).where(HeldEvent.held_on <= before, words)


def forget_words(db: Session, ids: Sequence[UUID]) -> None:
    """Erase what was said at these events, and their minutes: when, where and how many stays."""
    db.execute(delete(EventReaction).where(EventReaction.event_id.in_(ids)))
    for event in db.scalars(locked(db, select(HeldEvent).where(HeldEvent.id.in_(ids)))):
        event.minutes = None
        event.touch()
        ask_anew(db, db.get_one(Release, event.release_id))


def _at(release: Release) -> Select[HeldEvent]:
    return select(HeldEvent).where(HeldEvent.release_id == release.id)


def _require_known(db: Session, release: Release, payload: EventIn) -> None:
    """Its place, its roles and its items are there. Raises Invalid at the first that is not."""
    if payload.place_id and not db.get(Place, payload.place_id):
        raise Invalid.at("#/place_id", "unknown_id")
    asked = [(f"#/programme/{n}/item_id", step.item_id) for n, step in enumerate(payload.programme)]
    asked += [(f"#/shown/{n}", item_id) for n, item_id in enumerate(payload.shown)]
    asked += [(f"#/reactions/{n}/item_id", one.item_id) for n, one in enumerate(payload.reactions)]
    items = _items_shown(db, release)
    for pointer, item_id in asked:
        if item_id is not None and str(item_id) not in items:
            raise Invalid.at(pointer, "unknown_id")
    _require_once([f"#/shown/{n}" for n, _ in enumerate(payload.shown)], payload.shown)
    roles = [one.role for one in payload.attendance]
    _require_once([f"#/attendance/{n}/role" for n, _ in enumerate(roles)], roles)
    _require_roles(db, payload)


def _items_shown(db: Session, release: Release) -> set[str]:
    blocked = blocked_items(db, release, now())
    return {item["id"] for item in shown_in(release.content)} - blocked.keys()


def _require_once(pointers: Sequence[str], values: Sequence[Any]) -> None:
    for n, pointer in enumerate(pointers):
        if values[n] in values[:n]:
            raise Invalid.at(pointer, "said_before")


def _require_roles(db: Session, payload: EventIn) -> None:
    asked = [(f"#/attendance/{n}/role", one.role) for n, one in enumerate(payload.attendance)]
    asked += [
        (f"#/reactions/{n}/role", one.role) for n, one in enumerate(payload.reactions) if one.role
    ]
    witnesses, audiences = VOCABULARIES
    speak = labels(db, witnesses)
    require_terms(
        db, *((at, witnesses if code in speak else audiences, code) for at, code in asked)
    )


def _replace_parts(db: Session, event: HeldEvent, payload: EventIn) -> None:
    for model, parts in ((Attendance, payload.attendance), (EventReaction, payload.reactions)):
        db.execute(delete(model).where(model.event_id == event.id))
        for position, part in enumerate(parts):
            db.add(model(event_id=event.id, position=position, **part.model_dump()))


def _parts(db: Session, model: Any, event: HeldEvent) -> Sequence[Any]:
    rows = select(model).where(model.event_id == event.id)
    return db.scalars(rows.order_by(model.position)).all()


def _names(db: Session) -> dict[str, str]:
    return {
        code: name for vocabulary in VOCABULARIES for code, name in labels(db, vocabulary).items()
    }


def _crowd(
    release: Release, attendance: list[dict[str, Any]], names: dict[str, str]
) -> dict[str, Any]:
    """How many came at least, and the share of each role; what is not told is « Autres »."""
    k = k_of(release.audience)
    came = {one["role"]: one["count"] for one in attendance}
    counts = dict.fromkeys([*names, *came], 0) | came
    shares = panel(counts, concealed(counts, k))
    return {
        "at_least": at_least(sum(came.values()), k),
        "roles": [
            {"label": "Autres" if role == OTHER else names.get(role, role), "share": share}
            for role, share in shares.items()
        ],
    }
