"""A page that many read, made once: the same values make the same page.

It is found by all that it is made from, which the database and the gate are asked at each reading:
what was taken back or changed since makes another page. The last ones are kept, in memory only.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import Any

from pydantic_core import to_json

Values = Mapping[str, Any]


class Kept:
    """`make`, whose latest pages are kept: `most` characters of them. For several threads."""

    def __init__(self, make: Callable[[Values], str], most: int) -> None:
        self._make, self._most, self._length = make, most, 0
        self._pages, self._turn = OrderedDict[bytes, str](), Lock()

    def __call__(self, values: Values) -> str:
        key = sha256(to_json(values)).digest()
        with self._turn:
            if key in self._pages:
                self._pages.move_to_end(key)
                return self._pages[key]
        page = self._make(values)
        if len(page) > self._most:
            return page
        with self._turn:
            self._length += len(page) - len(self._pages.get(key, ""))
            self._pages[key] = page
            while self._length > self._most:
                _, dropped = self._pages.popitem(last=False)
                self._length -= len(dropped)
        return page
