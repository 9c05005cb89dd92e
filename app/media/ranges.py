"""One range of bytes (RFC 9110, 14): which bytes a request asks for."""

import re
from dataclasses import dataclass

from app.core.problems import RangeNotSatisfiable

ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.I)


@dataclass(frozen=True)
class Range:
    """Bytes from `start` up to `end`, excluded, of `size`; `partial` unless nothing was asked."""

    start: int
    end: int
    size: int
    partial: bool

    @property
    def status(self) -> int:
        return 206 if self.partial else 200

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def headers(self) -> dict[str, str]:
        """`Accept-Ranges`, `Content-Length`, and the `Content-Range` of a part."""
        found = {"Accept-Ranges": "bytes", "Content-Length": str(self.length)}
        if self.partial:
            found["Content-Range"] = f"bytes {self.start}-{self.end - 1}/{self.size}"
        return found


def choose(size: int, etag: str, range_: str | None = None, if_range: str | None = None) -> Range:
    """The bytes to send of a file of this size, for these headers.

    All of them, for a header that is malformed, of another unit, or of several ranges (which a
    server may ignore), and when If-Range is not this very ETag: a date never is. Raises
    RangeNotSatisfiable.
    """
    asked = ONE.fullmatch(range_ or "")
    whole = Range(0, size, size, partial=False)
    if not asked or (if_range is not None and if_range.strip() != etag):
        return whole
    first, last = asked.groups()
    if not first and not last:
        return whole
    if first and last and int(last) < int(first):
        return whole  # invalid, and so ignored
    start = int(first) if first else size - min(int(last), size)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise not_satisfiable(size)
    return Range(start, end, size, partial=True)


def not_satisfiable(size: int) -> RangeNotSatisfiable:
    """The problem, which says how large the file is."""
    problem = RangeNotSatisfiable()
    problem.headers = {"Content-Range": f"bytes */{size}"}
    return problem
