"""Short-lived addresses of the recordings in a release.

A signature says that this file of this item may be asked for until this moment, by this recipient;
whether its passage may still be seen, and whether the link still holds, is asked again at every
range.
"""

import hmac
from datetime import timedelta
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID

from app.core.keys import derive, load_key
from app.core.models import now
from app.core.settings import settings

MINUTE = 60
LONGEST = 12  # digits of a moment


def address(release_id: UUID, item_id: UUID, name: str, delivery_id: UUID | None) -> str:
    """The address of a file of an item, good for about 15 minutes; within one minute, the same."""
    until = (now() + timedelta(seconds=settings().media_url_ttl)).timestamp()
    expires = -(-int(until) // MINUTE) * MINUTE
    signature = _signature(release_id, item_id, name, delivery_id, expires)
    whose = f"delivery={delivery_id}&" if delivery_id else ""
    path = f"/api/v1/releases/{release_id}/items/{item_id}/{quote(name)}"
    return f"{path}?{whose}expires={expires}&signature={signature}"


def is_good(
    release_id: UUID, item_id: UUID, name: str, delivery_id: UUID | None, expires: str, given: str
) -> bool:
    """Whether this address was signed here, and is still good."""
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= LONGEST):
        return False
    expected = _signature(release_id, item_id, name, delivery_id, int(expires))
    is_ours = hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
    return is_ours and now().timestamp() < int(expires)


def _signature(
    release_id: UUID, item_id: UUID, name: str, delivery_id: UUID | None, expires: int
) -> str:
    key = derive(load_key(settings().secret_key_path), "release-urls")
    told = f"{release_id}\n{item_id}\n{name}\n{delivery_id}\n{expires}"
    return hmac.digest(key, told.encode(), sha256).hex()
