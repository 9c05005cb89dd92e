"""The identity vault: names and contacts, each encrypted by itself.

AES-256-GCM, with the key of `settings().vault_key_path`, which is not in the database. The
associated data is the table, the row and the field: a ciphertext that is moved does not open.
"""

import os
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.keys import load_key
from app.core.settings import settings
from app.witnesses.models import Identity

NONCE = 12
FIELDS = ("given_name", "family_name", "email", "phone")


def seal(
    witness_id: UUID, identity: dict[str, str | None], guardian_id: UUID | None = None
) -> Identity:
    """The row that keeps this identity, of a witness or of a guardian of theirs.

    `given_name family_name email? phone?`.
    """
    key = load_key(settings().vault_key_path)
    sealed = {
        name: _encrypt(key, guardian_id or witness_id, name, value)
        for name in FIELDS
        if (value := identity.get(name)) is not None
    }
    return Identity(witness_id=witness_id, guardian_id=guardian_id, key_id=key_id(key), **sealed)


def open_identity(row: Identity) -> dict[str, str | None]:
    """The identity that a row keeps. Raises InvalidTag when it was tampered with."""
    cipher = AESGCM(load_key(settings().vault_key_path))
    found: dict[str, str | None] = {}
    for name in FIELDS:
        kept: bytes | None = getattr(row, name)
        found[name] = None
        if kept is not None:
            bound = _bound(row.guardian_id or row.witness_id, name)
            found[name] = cipher.decrypt(kept[:NONCE], kept[NONCE:], bound).decode()
    return found


def key_id(key: bytes) -> str:
    """Which key it is, without telling it."""
    return sha256(b"vault key id" + key).hexdigest()[:16]


def _encrypt(key: bytes, person_id: UUID, name: str, value: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, value.encode(), _bound(person_id, name))


def _bound(person_id: UUID, name: str) -> bytes:
    return f"identities/{person_id}/{name}".encode()
