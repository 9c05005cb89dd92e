"""Deliveries: a release given to one recipient, by a link of their own."""

from datetime import timedelta
from typing import Any
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden, fingerprint, new_token
from app.accounts.passwords import is_right
from app.accounts.permissions import Permission
from app.accounts.tries import count_try, forget_tries, require_tries_left
from app.audiences.service import require_decision_maker
from app.audit.models import ActorKind
from app.audit.service import Actor, record
from app.core.db import Database, locked
from app.core.models import now
from app.core.pages import Item, Order
from app.core.problems import Invalid, NotFound, Problem, WrongState
from app.core.settings import settings
from app.core.text import as_utf8
from app.gate.service import GENERAL_PUBLIC
from app.releases import exhibitions
from app.releases import service as releases
from app.releases.models import Delivery, Release
from app.releases.schemas import DeliveryIn

LATEST_FIRST = Order(Delivery.created_at, Delivery.id, descending=True)
WHILE = timedelta(minutes=15)


def from_header(passcode: str | None) -> str | None:
    """The passcode as it is kept: clients send it as UTF-8 or Latin-1, some accents apart."""
    return normalize("NFC", str(as_utf8(passcode))).strip() if passcode else passcode


class LinkClosed(Problem):
    """This link is no longer valid."""

    status = 410


class PasscodeNeeded(Problem):
    """This link asks for its passcode."""

    status = 403


def needs_link(release: Release) -> bool:
    """Whether nobody reads it without a link of theirs: all may, or it hangs on a wall."""
    return release.audience != GENERAL_PUBLIC and release.form != exhibitions.FORM


def was_given() -> ColumnElement[bool]:
    """What holds for deliveries that gave something: not closed before anybody opened them."""
    return or_(Delivery.revoked_at.is_(None), Delivery.opened_at.is_not(None))


def of_release(release: Release) -> Select[Delivery]:
    """The deliveries of this release, in no order."""
    return select(Delivery).where(Delivery.release_id == release.id)


def deliver(
    db: Session, release: Release, payload: DeliveryIn, passcode_hash: str | None, by: Caller
) -> tuple[str, Delivery]:
    """A new link of one recipient, and its address, which nobody can read again.

    Who is of the directory is of the release's audience: that is what witnesses consented to. What
    is for the general public is for anybody.
    """
    by.require(Permission.COMPOSE)
    expires_at = payload.expires_at or now() + timedelta(seconds=settings().share_ttl)
    if expires_at <= now():
        raise Invalid.at("#/expires_at", "past")
    if payload.decision_maker_id:
        given_to = require_decision_maker(db, payload.decision_maker_id)
        if release.audience not in (given_to.audience, GENERAL_PUBLIC):
            raise Invalid.at("#/decision_maker_id", "other_audience")
    token = new_token("")
    delivery = Delivery(
        release_id=release.id,
        recipient=payload.recipient,
        decision_maker_id=payload.decision_maker_id,
        fingerprint=fingerprint(token),
        passcode_hash=passcode_hash,
        created_by_id=by.id,
        expires_at=expires_at,
    )
    db.add(delivery)
    record(db, "delivery.made", on=delivery, by=by)
    return f"{settings().base_url.rstrip('/')}/r/{token}", delivery


def revoke(db: Session, delivery_id: UUID, by: Caller) -> None:
    """The link is worth nothing any more, at once. Twice is once. Raises NotFound."""
    by.require(Permission.COMPOSE)
    seen = releases.visible_to(by).with_only_columns(Release.id)
    rows = select(Delivery).where(Delivery.id == delivery_id, Delivery.release_id.in_(seen))
    if not (delivery := db.scalar(locked(db, rows))):
        raise NotFound
    if not delivery.revoked_at:
        delivery.revoked_at, delivery.revoked_by_id = now(), by.id
        record(db, "delivery.revoked", on=delivery, by=by)


def tell(_: Session, items: list[Item]) -> None:
    """Give each delivery its `has_passcode`."""
    for item in items:
        item["has_passcode"] = item["passcode_hash"] is not None


# The recipient's side: whoever holds the token


def find(db: Session, token: str) -> Delivery:
    """The delivery of this link; locked if it may be changed. Raises NotFound, LinkClosed."""
    rows = select(Delivery).where(Delivery.fingerprint == fingerprint(token))
    return _open(db.scalar(locked(db, rows)))


def find_by_id(db: Session, delivery_id: UUID, release_id: UUID) -> Delivery:
    """The delivery whose recipient came in already. Raises NotFound, LinkClosed."""
    rows = select(Delivery).where(Delivery.id == delivery_id, Delivery.release_id == release_id)
    return _open(db.scalar(locked(db, rows)))


def find_again(db: Session, delivery_id: UUID) -> Delivery:
    """The delivery of a link that was followed just now. Raises NotFound, LinkClosed."""
    return _open(db.scalar(locked(db, select(Delivery).where(Delivery.id == delivery_id))))


def enter(database: Database, token: str, passcode: str | None) -> UUID:
    """Open the link: its first opening is kept. The id of the delivery.

    Wrong passcodes are counted for each link, five in 15 minutes; a right one is refused too while
    there were too many. Raises NotFound, LinkClosed, PasscodeNeeded, RateLimited.
    """
    with database.read() as db:
        delivery = find(db, token)
        tries = f"passcode {delivery.id}"
        if delivery.passcode_hash:
            require_tries_left(db, tries, settings().share_rate)
    if delivery.passcode_hash:
        _require_passcode(database, delivery, passcode, tries)
    with database.write.begin() as db:
        delivery = find(db, token)
        note_opening(db, delivery)
    return delivery.id


def note_opening(db: Session, delivery: Delivery) -> None:
    """The recipient opens it: the first time is kept."""
    if not delivery.opened_at:
        delivery.opened_at = now()
    record(db, "delivery.opened", on=delivery, by=Actor(ActorKind.LINK, delivery.id))


def read(db: Session, delivery: Delivery, url: str) -> dict[str, Any]:
    """A `SharedOut`: the release, minus what the gate blocks now. Files are below `url`."""
    release = db.get_one(Release, delivery.release_id)
    content, blocked = releases.read(db, release, now(), delivery.id)
    newer = releases.superseded_by(db, release)
    files = releases.files(db, release, url)
    return content | {
        "files": releases.withheld(files) if blocked else files,
        "acknowledged_at": delivery.acknowledged_at,
        "superseded_by": newer.number if newer else None,
        "personal": not delivery.is_wall,
    }


def require_recipient(delivery: Delivery) -> None:
    """Raise Forbidden behind the codes of an exhibition: who stands there speaks for nobody."""
    if delivery.is_wall:
        raise Forbidden


def acknowledge(db: Session, delivery: Delivery) -> Delivery:
    """The recipient took note. Twice is once. Raises Forbidden, for a visitor of an exhibition."""
    require_recipient(delivery)
    if not delivery.acknowledged_at:
        delivery.acknowledged_at = now()
        record(db, "delivery.acknowledged", on=delivery, by=Actor(ActorKind.LINK, delivery.id))
    return delivery


def acknowledge_recall(db: Session, delivery: Delivery) -> Delivery:
    """The recipient took note that it was recalled: the link now opens what takes its place.

    That is a release for the same readers, or nothing. Twice is once. Raises WrongState when
    nothing was recalled.
    """
    if not delivery.recalled_at:
        raise WrongState(recalled_at=None)
    release = db.get_one(Release, delivery.release_id)
    if not delivery.recall_acknowledged_at:
        delivery.recall_acknowledged_at = now()
        newer = releases.superseded_by(db, release)
        if newer and not newer.recalled_at:
            delivery.release_id, delivery.acknowledged_at = newer.id, None
        record(db, "recall.acknowledged", on=delivery, by=Actor(ActorKind.LINK, delivery.id))
    return delivery


def _open(delivery: Delivery | None) -> Delivery:
    if not delivery:
        raise NotFound
    if delivery.revoked_at or delivery.expires_at <= now():
        raise LinkClosed
    return delivery


def _require_passcode(
    database: Database, delivery: Delivery, passcode: str | None, tries: str
) -> None:
    if not passcode:
        raise PasscodeNeeded
    with database.write.begin() as db:
        count_try(db, tries, settings().share_rate, WHILE)
    if not is_right(passcode, delivery.passcode_hash):
        with database.write.begin() as db:
            record(db, "delivery.refused", on=delivery, by=Actor(ActorKind.LINK, delivery.id))
        raise PasscodeNeeded
    with database.write.begin() as db:
        forget_tries(db, tries)
