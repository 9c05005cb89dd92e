"""What we signed ourselves, good until a moment: addresses of files, passes of readers.

HMAC-SHA256 of its parts and of the moment, under a key for each purpose. Whether the thing may be
seen at that moment is asked again, by whoever serves it.
"""

import hmac
from datetime import datetime
from hashlib import sha256

from app.core.keys import derive, load_key
from app.core.models import now
from app.core.settings import settings

MINUTE = 60
LONGEST = 12  # digits of a moment


def whole_minute(until: datetime) -> int:
    """This moment in Unix seconds, rounded up to a minute: all who ask within one get the same."""
    return -(-int(until.timestamp()) // MINUTE) * MINUTE


def sign(purpose: str, expires: int, *parts: object) -> str:
    """The signature of these parts, good until `expires` (Unix seconds), in hexadecimal."""
    key = derive(load_key(settings().secret_key_path), purpose)
    told = "\n".join(map(str, (*parts, expires)))
    return hmac.digest(key, told.encode(), sha256).hex()


def is_good(
    purpose: str, expires: str, given: str, *parts: object, at: datetime | None = None
) -> bool:
    """Whether we signed these parts for this purpose until `expires`, and it is not past."""
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= LONGEST):
        return False
    expected = sign(purpose, int(expires), *parts)
    is_ours = hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
    return is_ours and (at or now()).timestamp() < int(expires)
