"""What the identity vault promises: closed to who has only the database."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag

from app.core.settings import settings
from app.witnesses.models import Identity
from app.witnesses.vault import KeyMissing, open_identity, seal

LEA = {"given_name": "Léa", "family_name": "Martin", "email": "lea@example.org", "phone": None}


def test_what_is_sealed_opens_again() -> None:
    sealed = seal(uuid4(), LEA)
    assert open_identity(sealed) == LEA
    assert sealed.phone is None


def test_the_same_name_never_looks_the_same() -> None:
    one, other = (seal(uuid4(), LEA) for _ in range(2))
    again = seal(one.witness_id, LEA)
    assert len({one.given_name, other.given_name, again.given_name}) == 3
    for sealed in (one, other, again):
        assert "Léa".encode() not in sealed.given_name


def to_another_person(lea: Identity, karim: Identity) -> None:
    karim.given_name = lea.given_name


def to_another_field(lea: Identity, karim: Identity) -> None:
    karim.given_name = karim.family_name


def to_another_row(lea: Identity, karim: Identity) -> None:
    karim.witness_id = uuid4()


def changed(lea: Identity, karim: Identity) -> None:
    karim.given_name = karim.given_name[:-1] + bytes([karim.given_name[-1] ^ 1])


@pytest.mark.parametrize("move", [to_another_person, to_another_field, to_another_row, changed])
def test_a_ciphertext_that_is_moved_does_not_open(
    move: Callable[[Identity, Identity], None],
) -> None:
    lea, karim = seal(uuid4(), LEA), seal(uuid4(), LEA | {"given_name": "Karim"})
    move(lea, karim)
    with pytest.raises(InvalidTag):
        open_identity(karim)


def test_another_key_opens_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sealed = seal(uuid4(), LEA)
    monkeypatch.setattr(settings(), "vault_key_file", tmp_path / "other.key")

    with pytest.raises(KeyMissing):
        open_identity(sealed)
    assert seal(uuid4(), LEA).key_id != sealed.key_id


def test_the_identity_of_a_guardian_is_bound_to_that_guardian() -> None:
    witness_id, guardian_id = uuid4(), uuid4()
    sealed = seal(witness_id, LEA, guardian_id)
    assert (sealed.witness_id, sealed.guardian_id) == (witness_id, guardian_id)
    assert open_identity(sealed) == LEA
    for other in (None, uuid4()):
        sealed.guardian_id = other
        with pytest.raises(InvalidTag):
            open_identity(sealed)
