"""The link of an exhibition: what the codes on its panels open.

Panels are printed from a release, and are the same each time: so is the token of their link, which
is HMAC-SHA256 of the release's id, under a key of its own derived from the application's secret.
As of any delivery only the fingerprint is kept, and to revoke it closes the codes at once.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, fingerprint
from app.audit.service import record
from app.core.db import locked
from app.core.keys import derive, load_key
from app.core.models import now
from app.core.settings import settings
from app.documents.edition import items_of
from app.releases.models import Delivery, Release

FORM = "exhibition"
RECIPIENT = "Exposition"
PURPOSE = "exhibition-links"
LASTS = timedelta(days=365)  # what hangs on a wall is not printed anew every 90 days


def open_link(db: Session, release: Release, by: Caller | None = None) -> None:
    """Make the link of this exhibition, or make it last a year from now. Nothing of other forms.

    What was revoked stays revoked. Without a caller, it is made for who published.
    """
    if release.form != FORM:
        return
    until = now() + LASTS
    if known := db.scalar(locked(db, _link_of(release))):
        if not known.revoked_at and known.expires_at < until:
            known.expires_at = until
            record(db, "delivery.prolonged", on=known, by=by)
        return
    delivery = Delivery(
        release_id=release.id,
        is_wall=True,
        recipient=RECIPIENT,
        fingerprint=fingerprint(token_of(release.id)),
        created_by_id=by.id if by else release.published_by_id,
        expires_at=until,
    )
    db.add(delivery)
    record(db, "delivery.made", on=delivery, by=by)


def close_link(db: Session, release: Release) -> None:
    """The release is recalled: nobody who looks at the wall can take note of that for the team."""
    known = db.scalar(locked(db, _link_of(release))) if release.form == FORM else None
    if known:
        known.expires_at = min(known.expires_at, now())


def links(db: Session, release: Release) -> dict[str, str]:
    """The address behind the link of each recording that the snapshot shows, by item.

    None when the link was revoked, or has ended: then panels have no codes.
    """
    known = db.scalar(_link_of(release))
    if not known or known.revoked_at or known.expires_at <= now():
        return {}
    here = f"{settings().base_url.rstrip('/')}/r/{token_of(release.id)}"
    return {item["id"]: f"{here}#{item['id']}" for item in _recordings(release.content)}


def token_of(release_id: UUID) -> str:
    """The token of an exhibition's link: 256 bits."""
    key = derive(load_key(settings().secret_key_path), PURPOSE)
    return urlsafe_b64encode(hmac.digest(key, release_id.bytes, sha256)).rstrip(b"=").decode()


def _link_of(release: Release) -> Any:
    return select(Delivery).where(Delivery.fingerprint == fingerprint(token_of(release.id)))


def _recordings(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (item for item in items_of(content) if item["media"])
