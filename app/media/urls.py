"""Short-lived addresses of files, so that `<video src>` works without headers.

A signature says that this file may be asked for until this moment. Whether its passage may be seen
now is asked again, by whoever serves it.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID

from app.core.keys import derive, load_key
from app.core.models import now
from app.core.settings import settings

MINUTE = 60


def address(media_id: UUID, name: str, at: datetime | None = None) -> str:
    """The address of a rendition, good for about 15 minutes from now.

    It is the same for all who ask within one minute, so that an ETag above it is useful.
    """
    until = (at or now()) + timedelta(seconds=settings().media_url_ttl)
    path = f"/api/v1/media/{media_id}/renditions/{quote(name)}"
    return f"{path}?{sign(media_id, name, until)}"


def sign(media_id: UUID, name: str, until: datetime) -> str:
    """The query of an address that is good until this moment, rounded up to a minute."""
    expires = -(-int(until.timestamp()) // MINUTE) * MINUTE
    return f"expires={expires}&signature={_signature(media_id, name, expires)}"


def check(
    media_id: UUID, name: str, expires: str, signature: str, at: datetime | None = None
) -> bool:
    """Whether this query was signed for this file, and is still good."""
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12):  # noqa: PLR2004
        return False
    expected = _signature(media_id, name, int(expires))
    is_ours = hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))
    return is_ours and (at or now()).timestamp() < int(expires)


def _signature(media_id: UUID, name: str, expires: int) -> str:
    key = derive(load_key(settings().secret_key_path), "media-urls")
    return hmac.digest(key, f"{media_id}\n{name}\n{expires}".encode(), sha256).hex()
