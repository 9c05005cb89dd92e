"""What everybody may read: the newest release of a bundle, at an address of its own.

The address is the bundle's. What it shows is asked at every reading: a newer release takes its
place there at once, and it is retired while there is nothing to show (the address was withdrawn,
the bundle closed, the newest release recalled, or published for somebody else).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.bundles.models import Bundle, BundleState
from app.bundles.service import find as find_bundle
from app.core.db import locked
from app.core.models import now
from app.core.pages import Order
from app.core.problems import NotFound, Problem, WrongState
from app.core.settings import settings
from app.gate.service import GENERAL_PUBLIC
from app.releases import service as releases
from app.releases.models import PublicAddress, Release

AT_ONCE = 50
NEWEST_FIRST = Order(Release.published_at, Release.id, descending=True)


class NotForThePublic(Problem):
    """Only what is meant for the general public has a public address."""

    status = 409


class SlugTaken(Problem):
    """This public address is, or was, another bundle's."""

    status = 409


class NoLongerPublic(Problem):
    """This is not public any more."""

    status = 410


@dataclass(frozen=True)
class Public:
    """A release that everybody may read, and the address where it is read now."""

    slug: str
    release: Release

    @property
    def path(self) -> str:
        return f"/p/{self.slug}"


def give(db: Session, release: Release, slug: str, by: Caller) -> PublicAddress:
    """Have everybody read the newest release of this bundle at `/p/{slug}`. Twice is once.

    The address before leads to the new one. Raises NotForThePublic, SlugTaken, WrongState when the
    bundle is closed, ReleaseRecalled.
    """
    by.require(Permission.COMPOSE)
    bundle = find_bundle(db, release.bundle_id, by=by)
    newest = db.scalar(releases.standing(bundle.id)) or release
    for shown in (release, newest):
        releases.require_current(db, shown)
        if shown.audience != GENERAL_PUBLIC:
            raise NotForThePublic(audience=shown.audience)
    if bundle.closed_at:
        raise WrongState(state=BundleState.CLOSED)
    address = db.scalar(locked(db, select(PublicAddress).where(PublicAddress.slug == slug)))
    if address and address.bundle_id != bundle.id:
        raise SlugTaken(slug=slug)
    current = db.scalar(locked(db, current_of(bundle.id)))
    if current and current is address:
        return current
    if current:
        _withdraw(current, by)
        db.flush()
    if not address:
        address = PublicAddress(bundle_id=bundle.id, slug=slug, given_by_id=by.id)
        db.add(address)
    address.given_at, address.given_by_id = now(), by.id
    address.withdrawn_at = address.withdrawn_by_id = None
    record(db, "public-address.given", on=address, by=by, number=newest.number)
    return address


def withdraw(db: Session, release: Release, by: Caller) -> None:
    """Nobody reads it there any more, at once. Twice is once."""
    by.require(Permission.COMPOSE)
    bundle = find_bundle(db, release.bundle_id, by=by)
    if address := db.scalar(locked(db, current_of(bundle.id))):
        _withdraw(address, by)
        record(db, "public-address.withdrawn", on=address, by=by)


def current_of(bundle_id: UUID) -> Select[PublicAddress]:
    """The address of this bundle, if it has one."""
    of_it = PublicAddress.bundle_id == bundle_id, PublicAddress.withdrawn_at.is_(None)
    return select(PublicAddress).where(*of_it)


def told(address: PublicAddress | None) -> dict[str, Any] | None:
    """A `PublicAddressOut`."""
    if not address:
        return None
    url = f"{settings().base_url.rstrip('/')}/p/{address.slug}"
    return {"slug": address.slug, "url": url, "given_at": address.given_at}


# What everybody reads


def find(db: Session, slug: str) -> Public:
    """What is read at this address now; its path, when the bundle has another one since.

    Raises NotFound, NoLongerPublic.
    """
    found = db.execute(_at(), {"slug": slug}).first()
    if found:
        return Public(found.slug, found[0])
    is_known = db.scalar(select(PublicAddress.id).where(PublicAddress.slug == slug))
    raise NoLongerPublic if is_known else NotFound


def listed(db: Session, cursor: str | None = None) -> tuple[list[dict[str, Any]], str | None]:
    """What everybody may read, the latest first: up to 50, and the cursor of those after them.

    Each has `slug title public_title form published_at`. Raises InvalidCursor.
    """
    told = ("title", "public_title", "form")
    rows = _public().with_only_columns(
        *NEWEST_FIRST.columns,
        PublicAddress.slug,
        *(Release.content[name].as_string().label(name) for name in told),
    )
    if cursor:
        rows = rows.where(*NEWEST_FIRST.after(NEWEST_FIRST.read(cursor)))
    found = db.execute(NEWEST_FIRST.sort(rows).limit(AT_ONCE + 1)).mappings().all()
    shown, more = found[:AT_ONCE], found[AT_ONCE:]
    last = [shown[-1][name] for name in NEWEST_FIRST.names] if more else []
    return [dict(row) for row in shown], NEWEST_FIRST.cursor(last) if more else None


def read(db: Session, public: Public) -> dict[str, Any]:
    """What `GET /shared/{token}` gives, of what everybody reads: minus what the gate blocks now."""
    content, blocked = releases.read(db, public.release, now())
    files = releases.files(db, public.release, public.path)
    return content | {
        "files": releases.withheld(files) if blocked else files,
        "acknowledged_at": None,
        "superseded_by": None,
    }


@cache
def _public() -> Select[Release]:
    """The releases that everybody may read, in no order."""
    return (
        select(Release)
        .join(PublicAddress, PublicAddress.bundle_id == Release.bundle_id)
        .join(Bundle, Bundle.id == Release.bundle_id)
        .where(
            PublicAddress.withdrawn_at.is_(None),
            Bundle.closed_at.is_(None),
            Release.audience == GENERAL_PUBLIC,
            releases.is_standing(),
        )
    )


@cache
def _at() -> Select[Release]:
    """What everybody may read of the bundle whose address is, or was, `slug`; and where."""
    asked = aliased(PublicAddress)
    of_it = select(asked.bundle_id).where(asked.slug == bindparam("slug")).scalar_subquery()
    rows = _public().add_columns(PublicAddress.slug)
    return rows.where(PublicAddress.bundle_id == of_it)


def _withdraw(address: PublicAddress, by: Caller) -> None:
    address.withdrawn_at, address.withdrawn_by_id = now(), by.id
