"""Short-lived addresses of files, so that `<video src>` works without headers.

A signature says that this file may be asked for until this moment. Whether its passage may be seen
now is asked again, by whoever serves it.
"""

from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from app.core import signatures
from app.core.models import now
from app.core.settings import settings

PURPOSE = "media-urls"


def address(media_id: UUID, name: str, at: datetime | None = None) -> str:
    """The address of a rendition, good for about 15 minutes from now.

    It is the same for all who ask within one minute, so that an ETag above it is useful.
    """
    until = (at or now()) + timedelta(seconds=settings().media_url_ttl)
    path = f"/api/v1/media/{media_id}/renditions/{quote(name)}"
    return f"{path}?{sign(media_id, name, until)}"


def sign(media_id: UUID, name: str, until: datetime) -> str:
    """The query of an address that is good until this moment, rounded up to a minute."""
    expires = signatures.whole_minute(until)
    signature = signatures.sign(PURPOSE, expires, media_id, name)
    return f"expires={expires}&signature={signature}"


def check(
    media_id: UUID, name: str, expires: str, signature: str, at: datetime | None = None
) -> bool:
    """Whether this query was signed for this file, and is still good."""
    return signatures.is_good(PURPOSE, expires, signature, media_id, name, at=at)
