"""Secret keys: 32 random bytes in a file that only its owner reads, never in the database."""

import hmac
import os
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE
from uuid import uuid4

from app.core.settings import Env, settings

SIZE = 32
OF_OTHERS = 0o077  # the rights of a group, and of everybody


class KeyUnusable(Exception):
    """A key file has not the size of a key."""


class KeyExposed(KeyUnusable):
    """A key file can be read by others than its owner, in production."""


@cache
def load_key(path: Path) -> bytes:
    """The key in this file, made on the first run with mode 0400. Raises KeyUnusable, KeyExposed.

    It is read once by a process. Of a key that may be replaced, `read_key` tells the present one.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_key(path)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """The key that is in this file now. Raises KeyUnusable, KeyExposed, FileNotFoundError."""
    found = path.stat()
    if S_IMODE(found.st_mode) & OF_OTHERS and settings().env is Env.PRODUCTION:
        raise KeyExposed(f"{path} can be read by others than its owner.")
    return _read(path, found.st_ino, found.st_mtime_ns)


@lru_cache(100)
def _read(path: Path, _inode: int, _written_at: int) -> bytes:
    key = path.read_bytes()
    if len(key) != SIZE:
        raise KeyUnusable(f"{path} must hold {SIZE} bytes, and holds {len(key)}.")
    return key


def make_key(path: Path) -> None:
    """A new key in this file, unless there is one: whole, and safe from a power cut.

    Those who start together agree: the file is linked into place, once.
    """
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
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in this folder outlive a power cut: what a lost key encrypted is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def derive(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose: HMAC-SHA256 of its name (NIST SP 800-108)."""
    return hmac.digest(key, purpose.encode(), sha256)
