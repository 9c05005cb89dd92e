"""A page that many read, made once: the same values make the same page.

It is found by all that it is made from, which the database and the gate are asked at each reading:
what was taken back or changed since makes another page. The last few are kept, in memory only.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import Any

from pydantic_core import to_json

Values = Mapping[str, Any]


class Kept:
    """`make`, whose `most` latest pages are kept; for several threads."""

    def __init__(self, make: Callable[[Values], str], most: int) -> None:
        self._make, self._most = make, most
        self._pages, self._turn = OrderedDict[bytes, str](), Lock()

    def __call__(self, values: Values) -> str:
        key = sha256(to_json(values)).digest()
        with self._turn:
            if key in self._pages:
                self._pages.move_to_end(key)
                return self._pages[key]
        page = self._make(values)
        with self._turn:
            self._pages[key] = page
            if len(self._pages) > self._most:
                self._pages.popitem(last=False)
        return page
