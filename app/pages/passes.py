"""A pass: the cookie of a reader who opened a link. It lets into one release, for some hours.

It is no secret kept anywhere: a delivery and a moment, signed. Whether the delivery still holds is
asked at every reading, so a link that is closed closes its passes too.
"""

import hmac
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from app.core.keys import derive, load_key
from app.core.models import now
from app.core.settings import settings

NAME = "dossier"
FIELDS = 3


def issue(release_id: UUID, delivery_id: UUID) -> str:
    """The pass of this delivery, from now on."""
    expires = int((now() + timedelta(seconds=settings().session_ttl)).timestamp())
    return f"{delivery_id}.{expires}.{_signature(release_id, delivery_id, expires)}"


def bearer(release_id: UUID, given: str) -> UUID | None:
    """Whose pass to this release it is: the delivery; None when it is none of ours, or too old."""
    fields = given.split(".")
    if len(fields) != FIELDS:
        return None
    try:
        delivery_id, expires = UUID(fields[0]), int(fields[1])
    except ValueError:
        return None
    expected = _signature(release_id, delivery_id, expires)
    is_ours = hmac.compare_digest(expected.encode(), fields[2].encode(errors="replace"))
    return delivery_id if is_ours and now().timestamp() < expires else None


def _signature(release_id: UUID, delivery_id: UUID, expires: int) -> str:
    key = derive(load_key(settings().secret_key_path), "release-passes")
    return hmac.digest(key, f"{release_id}\n{delivery_id}\n{expires}".encode(), sha256).hex()
