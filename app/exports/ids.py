"""The ids of exports: the same thing has the same code in one, and another in the next."""

import hmac
import secrets
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from app.accounts.authentication import Caller
from app.core.keys import derive, load_key
from app.core.settings import settings
from app.exports.models import Export

KNOWN_IDS = 10_000  # remembered, so that a workshop's is computed once
Exported: TypeAlias = Callable[[Any], str]


def ids_for(export: Export, me: Caller) -> Exported:
    """What stands for real ids in this export.

    HMAC-SHA256, cut to 128 bits, with a key that nobody keeps; of an export that follows up, with
    one that is the same in all that this account follows up.
    """
    key = _key(export, me)

    def exported(real: Any) -> str:
        """Begins with a letter: spreadsheets would read some of them as numbers."""
        return "x" + hmac.digest(key, str(real).encode(), "sha256").hex()[:32]

    return lru_cache(KNOWN_IDS)(exported)


def _key(export: Export, by: Caller) -> bytes:
    if not export.is_followed:
        return secrets.token_bytes(32)
    return derive(load_key(settings().secret_key_path), f"export ids {by.id}")


def compact(exported: str) -> int:
    """The first 64 bits of an exported id, which are random: enough to know it again."""
    return int(exported[1:17], 16)


class Seen:
    """The things whose ids are in a file, by their real ids: eight bytes each."""

    def __init__(self, exported: Exported) -> None:
        self._exported = exported
        self._known, self._is_sorted = array("Q"), True

    def __len__(self) -> int:
        return len(self._known)

    def add(self, exported: Iterable[str]) -> None:
        """These exported ids are in the file."""
        self._known.extend(map(compact, exported))
        self._is_sorted = False

    def __contains__(self, real: object) -> bool:
        if not self._is_sorted:
            self._known, self._is_sorted = array("Q", sorted(self._known)), True
        wanted = compact(self._exported(real))
        place = bisect_left(self._known, wanted)
        return place < len(self._known) and self._known[place] == wanted
