"""ETag, If-None-Match and If-Match: read again only what changed, change only what was read.

An ETag is `"<version>"`, or `"<version>.<digest>"` when the answer holds more than the row: facts
of other rows, or of the clock. If-None-Match compares all of it; If-Match the version alone.
"""

import re
from hashlib import blake2b

OPAQUE = re.compile(r'"([^"]*)"')


def make_etag(version: int, shown: bytes = b"") -> str:
    """The ETag of a row of this version; of these bytes, when they hold derived facts."""
    digest = f".{blake2b(shown, digest_size=8).hexdigest()}" if shown else ""
    return f'"{version}{digest}"'


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether the caller has this representation already."""
    return if_none_match.strip() == "*" or etag.strip('"') in OPAQUE.findall(if_none_match)


def is_expected(version: int, if_match: str) -> bool:
    """Whether this is a version which the caller means to change. Weak ETags never match."""
    strong = [tag for tag in if_match.split(",") if not tag.strip().startswith("W/")]
    versions = {tag.partition(".")[0] for tag in OPAQUE.findall(",".join(strong))}
    return if_match.strip() == "*" or str(version) in versions
