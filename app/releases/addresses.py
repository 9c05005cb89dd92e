"""Short-lived addresses of the recordings in a release.

A signature says that this file of this item may be asked for until this moment, by this recipient;
whether its passage may still be seen, and whether the link still holds, is asked again at every
range.
"""

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from app.core import signatures
from app.core.models import now
from app.core.settings import settings

PURPOSE = "release-urls"


def address(release_id: UUID, item_id: UUID, name: str, delivery_id: UUID | None) -> str:
    """The address of a file of an item, good for about 15 minutes; within one minute, the same."""
    until = now() + timedelta(seconds=settings().media_url_ttl)
    expires = signatures.whole_minute(until)
    signature = signatures.sign(PURPOSE, expires, release_id, item_id, name, delivery_id)
    whose = f"delivery={delivery_id}&" if delivery_id else ""
    path = f"/api/v1/releases/{release_id}/items/{item_id}/{quote(name)}"
    return f"{path}?{whose}expires={expires}&signature={signature}"


def is_good(
    release_id: UUID, item_id: UUID, name: str, delivery_id: UUID | None, expires: str, given: str
) -> bool:
    """Whether this address was signed here, and is still good."""
    signed = (release_id, item_id, name, delivery_id)
    return signatures.is_good(PURPOSE, expires, given, *signed)
