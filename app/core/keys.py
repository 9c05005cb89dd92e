"""Secret keys: 32 random bytes in a file that only its owner reads, never in the database."""

import hmac
import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

SIZE = 32


class KeyUnusable(Exception):
    """A key file has not the size of a key."""


@cache
def load_key(path: Path) -> bytes:
    """The key in this file, made on the first run with mode 0400. Raises KeyUnusable.

    Those who start together agree: the file is linked into place, once.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{uuid4().hex}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
            file.write(os.urandom(SIZE))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its key is the key
        finally:
            draft.unlink()
        _sync(path.parent)
    key = path.read_bytes()
    if len(key) != SIZE:
        raise KeyUnusable(f"{path} must hold {SIZE} bytes, and holds {len(key)}.")
    return key


def _sync(folder: Path) -> None:
    """Make the names in this folder outlive a power cut: what a lost key encrypted is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def derive(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose: HMAC-SHA256 of its name (NIST SP 800-108)."""
    return hmac.digest(key, purpose.encode(), sha256)
