"""The identity vault: names and contacts, each encrypted by itself.

AES-256-GCM, with a key that is not in the database. The associated data is the table, the row (the
guardian's, or the witness's) and the field: a ciphertext that is moved does not open. A feature
above that keeps contacts has a table of its own, whose model is a `Sealed`: `rotate` finds it.

New rows are sealed with the key in the file `settings().vault_key_path`. A row tells which key
opens it, by `key_id`: that one; or the one that a rotation prepares, in `<file>.next`; or a former
one, in `<file>.<key_id>`. `rotate` changes them in this order, and after each step, whatever
happens then, every row opens and the rotation can be begun again:

1. the present key is also `<file>.<key_id>` (a hard link: it is the same file);
2. `<file>.next` is the new key, unless a rotation that was cut short left one: that one it is;
3. every row is encrypted anew with it, in short transactions;
4. `<file>.next` becomes `<file>`, in place of the former key, which step 1 kept;
5. the rows that somebody sealed with the former key meanwhile are encrypted anew.

Names of files outlive a power cut (fsync of the folder) before the next step begins.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from app.audit.models import ActorKind
from app.audit.service import Actor, record
from app.core.db import Database, locked
from app.core.keys import load_key, make_key, read_key, sync_folder
from app.core.models import Base
from app.core.settings import settings
from app.witnesses.models import Identity, Sealed

NONCE = 12
DRAFT = "[0-9a-f]" * 32  # see `make_key`
BATCH = 200  # rows of one transaction: others wait for it


class KeyMissing(Exception):
    """The key that sealed an identity is not there."""


class RotationUnderWay(Exception):
    """Somebody else changes the key of the vault."""


class KeyFolderClosed(Exception):
    """No other key can be written beside that of the vault."""


class Vault(Base):
    """The vault, which is no table: the subject of the audit events of its keys."""

    __abstract__ = True

    def __init__(self) -> None:
        self.id = uuid4()


@dataclass(frozen=True)
class Rotation:
    """A new key is in place: `rows` were encrypted anew, `closed` ones no key opens.

    The former key is kept in the file `former`.
    """

    key_id: str
    former: Path
    rows: int
    closed: int


def seal(
    witness_id: UUID, identity: dict[str, str | None], guardian_id: UUID | None = None
) -> Identity:
    """The row that keeps this identity: `given_name family_name email? phone?`.

    It is the witness's, or that of a guardian of theirs.
    """
    row = Identity(witness_id=witness_id, guardian_id=guardian_id)
    encrypt(row, identity)
    return row


def encrypt(row: Sealed, said: Mapping[str, str | None]) -> None:
    """Have this row keep what is said, by field, and nothing that it kept before."""
    _encrypt(row, said, _present_key())


def open_identity(row: Sealed) -> dict[str, str | None]:
    """What a row keeps, by field. Raises KeyMissing; InvalidTag when it was tampered with."""
    cipher = AESGCM(_key(row.key_id))
    found: dict[str, str | None] = {}
    for name in row.sealed_fields:
        kept: bytes | None = getattr(row, name)
        found[name] = None
        if kept is not None:
            found[name] = cipher.decrypt(kept[:NONCE], kept[NONCE:], _bound(row, name)).decode()
    return found


def key_id(key: bytes) -> str:
    """Which key it is, without telling it."""
    return sha256(b"vault key id" + key).hexdigest()[:16]


def rotate(database: Database) -> Rotation:
    """Encrypt every identity with a new key, and put it in place. Servers go on meanwhile.

    It is safe to be killed, and begun again. Raises RotationUnderWay, KeyFolderClosed: then nothing
    changed.
    """
    _present_key()
    present = _file()
    following = _following(present)
    with _alone(present.parent):
        old = key_id(read_key(present))
        try:
            former = _keep(present, old)
            make_key(following)
        except OSError as error:
            raise KeyFolderClosed(present.parent) from error
        new = read_key(following)
        rows, _ = _encrypt_anew(database, new)
        with database.write.begin() as db:
            facts = {"key_id": key_id(new), "former_key_id": old, "rows": rows}
            record(db, "vault.rotated", on=Vault(), by=Actor(ActorKind.COMMAND), **facts)
        following.replace(present)
        sync_folder(present.parent)
        more, closed = _encrypt_anew(database, new)
    return Rotation(key_id(new), former, rows + more, closed)


# Keys and their files


def _file() -> Path:
    """Where the present key really is: the others are beside it."""
    return settings().vault_key_path.resolve()


def _following(present: Path) -> Path:
    return present.with_name(f"{present.name}.next")


def _former(present: Path, wanted: str) -> Path:
    return present.with_name(f"{present.name}.{wanted}")


def _present_key() -> bytes:
    """The key that seals now: another after a rotation, without a restart."""
    load_key(settings().vault_key_path)  # makes it, on the first run
    return read_key(_file())


def _key(wanted: str) -> bytes:
    """The key of this id. Raises KeyMissing.

    The next one is looked for before the present one, which it replaces: it is found in between.
    """
    present = _file()
    for path in (_following(present), present, _former(present, wanted)):
        try:
            key = read_key(path)
        except FileNotFoundError:
            continue
        if key_id(key) == wanted:
            return key
    raise KeyMissing(wanted)


def _keep(present: Path, old: str) -> Path:
    """The present key under a name that no rotation takes from it; drafts of keys are deleted."""
    former = _former(present, old)
    if not former.exists():
        os.link(present, former)
    for draft in present.parent.glob(f"{_following(present).name}.{DRAFT}"):
        draft.unlink()  # of a rotation that was killed
    sync_folder(present.parent)
    return former


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other rotation meanwhile; a process that is killed lets go. Raises RotationUnderWay."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RotationUnderWay from None
        yield
    finally:
        os.close(descriptor)


# Rows


def _encrypt_anew(database: Database, key: bytes) -> tuple[int, int]:
    """Encrypt with this key the rows of other keys: how many that was, and how many do not open."""
    found = [_encrypt_table(database, table, key) for table in Sealed.__subclasses__()]
    return sum(done for done, _ in found), sum(closed for _, closed in found)


def _encrypt_table(database: Database, table: type[Sealed], key: bytes) -> tuple[int, int]:
    wanted, last = key_id(key), UUID(int=0)
    done = closed = 0
    while True:
        others = select(table).where(table.key_id != wanted, table.id > last)
        with database.write.begin() as db:
            rows = db.scalars(locked(db, others.order_by(table.id).limit(BATCH))).all()
            for row in rows:
                try:
                    _encrypt(row, open_identity(row), key)
                    done += 1
                except (KeyMissing, InvalidTag):
                    closed += 1  # it stays as it is: its key may be found again
        if len(rows) < BATCH:
            return done, closed
        last = rows[-1].id


def _encrypt(row: Sealed, said: Mapping[str, str | None], key: bytes) -> None:
    row.key_id = key_id(key)
    cipher = AESGCM(key)
    for name in row.sealed_fields:
        value, kept = said.get(name), None
        if value is not None:
            nonce = os.urandom(NONCE)
            kept = nonce + cipher.encrypt(nonce, value.encode(), _bound(row, name))
        setattr(row, name, kept)


def _bound(row: Sealed, name: str) -> bytes:
    return f"{row.__tablename__}/{row.sealed_for}/{name}".encode()
