"""A pass: the cookie of a reader who opened a link. It lets into one release, for some hours.

It is no secret kept anywhere: a delivery and a moment, signed. Whether the delivery still holds is
asked at every reading, so a link that is closed closes its passes too.
"""

from datetime import timedelta
from uuid import UUID

from app.core import signatures
from app.core.models import now
from app.core.settings import settings

PURPOSE = "release-passes"
NAME = "dossier"
FIELDS = 3


def issue(release_id: UUID, delivery_id: UUID) -> str:
    """The pass of this delivery, from now on."""
    expires = int((now() + timedelta(seconds=settings().session_ttl)).timestamp())
    signature = signatures.sign(PURPOSE, expires, release_id, delivery_id)
    return f"{delivery_id}.{expires}.{signature}"


def bearer(release_id: UUID, given: str) -> UUID | None:
    """Whose pass to this release it is: the delivery; None when it is none of ours, or too old."""
    fields = given.split(".")
    if len(fields) != FIELDS:
        return None
    try:
        delivery_id = UUID(fields[0])
    except ValueError:
        return None
    is_ours = signatures.is_good(PURPOSE, *fields[1:], release_id, delivery_id, at=now())
    return delivery_id if is_ours else None
