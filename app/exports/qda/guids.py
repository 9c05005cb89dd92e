"""The ids of one project: they are the same in it, and mean nothing elsewhere."""

import hmac
import secrets
from functools import lru_cache
from typing import Any
from uuid import UUID

KNOWN_GUIDS = 1000  # remembered: those of codes and variables come again and again


class Guids:
    """HMAC-SHA256 of real ids, cut to a random UUID's 122 bits, with a key that nobody keeps."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._made = lru_cache(KNOWN_GUIDS)(self._make)

    def of(self, kind: str, real: Any = "") -> str:
        """The id of this thing; an id of ours counts alike as text, with dashes or without."""
        return self._made(kind, str(real).replace("-", ""))

    def _make(self, kind: str, real: str) -> str:
        digest = hmac.digest(self._key, f"{kind} {real}".encode(), "sha256")
        return str(UUID(bytes=digest[:16], version=4))


def short(guid: str) -> str:
    """What tells things of a kind apart in a name: the first 12 digits."""
    return f"{guid[:8]}-{guid[9:13]}"
