"""The ledger of withdrawals: kept outside the database, so that a backup of it undoes none.

Each withdrawal is one small object, `ledger/<its id>` in the storage of `settings().ledger`: JSON
of `{id, witness_id, everything, cells, choices, at}`, ids and codes, nothing personal. It is
durable before the withdrawal is committed, and never deleted; when the ledger cannot be reached,
nobody is kept from taking words back, and the job of the withdrawal keeps it there, first of all.
What a restored database does not know is done again: see `replay`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.settings import settings
from app.storage.service import ObjectExists, Storage
from app.withdrawals.models import Withdrawal

PREFIX = "ledger"
PATIENCE = 3.0  # seconds: a transaction waits meanwhile


class LedgerDamaged(Exception):
    """An entry cannot be read: nobody knows what was taken back. The message is its key."""


@dataclass(frozen=True)
class Entry:
    """One withdrawal, as it is kept."""

    id: UUID
    witness_id: UUID
    everything: bool
    cells: list[list[str]]
    choices: list[str]
    at: datetime


@cache
def ledger() -> Storage:
    """Where the ledger of this process is."""
    return Storage(settings().ledger, min(PATIENCE, settings().storage_timeout))


def keep(withdrawal: Withdrawal) -> None:
    """Have this withdrawal in the ledger, durably. Keeping it twice is keeping it once.

    Raises StorageUnavailable.
    """
    told = {
        "id": str(withdrawal.id),
        "witness_id": str(withdrawal.witness_id),
        "everything": withdrawal.everything,
        "cells": withdrawal.cells,
        "choices": withdrawal.choices,
        "at": withdrawal.created_at.isoformat(),
    }
    keep_bytes(key_of(withdrawal.id), json.dumps(told).encode())


def keep_bytes(key: str, content: bytes) -> None:
    """Have this entry in the ledger, as `entries` reads it: of a backup, for instance."""
    try:
        ledger().write(key, [content])
    except ObjectExists:
        return


def key_of(withdrawal_id: UUID) -> str:
    """Under which key an entry is kept."""
    return f"{PREFIX}/{withdrawal_id}"


def every_key() -> Iterator[str]:
    """The keys of all entries, in no order."""
    return (found.key for found in ledger().objects(PREFIX))


def entries() -> Iterator[Entry]:
    """All entries, in no order. Raises LedgerDamaged."""
    return map(read, every_key())


def read(key: str) -> Entry:
    """One entry. Raises LedgerDamaged, ObjectMissing."""
    content = b"".join(ledger().read(key))
    try:
        told = json.loads(content)
        return Entry(
            id=UUID(told["id"]),
            witness_id=UUID(told["witness_id"]),
            everything=told["everything"],
            cells=told["cells"],
            choices=told["choices"],
            at=datetime.fromisoformat(told["at"]),
        )
    except (ValueError, KeyError, TypeError):
        raise LedgerDamaged(key) from None


def id_in(key: str) -> UUID:
    """Of which withdrawal this entry is. Raises LedgerDamaged."""
    try:
        return UUID(key.rpartition("/")[2])
    except ValueError:
        raise LedgerDamaged(key) from None


def known_keys(_: Session, keys: Sequence[str]) -> set[str]:
    """All of them: what is in the ledger is never useless, whatever the database knows."""
    return set(keys)
