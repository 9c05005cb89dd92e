"""A witness who kept their code, whose words were published and given to somebody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.witnesses.codes import new_receipt_code, receipt_hash
from app.witnesses.consents import cells_of
from app.witnesses.models import Notice, Witness
from tests.conftest import ClientFor
from tests.make import Make
from tests.pages.conftest import WORDS, Dossier, dossier, published

__all__ = ["WORDS", "Dossier", "dossier", "published"]

SESSIONS = "/api/v1/receipt-sessions"
RECEIPT = "/api/v1/receipt"


@dataclass
class Kept:
    """A witness, and the code that they keep."""

    witness: Witness
    code: str


@pytest.fixture
def kept(make: Make) -> Kept:
    """Somebody of whom nothing was written down yet."""
    code = new_receipt_code()
    return Kept(make.witness(receipt_hash=receipt_hash(code)), code)


@pytest.fixture
def as_witness(client_for: ClientFor, make: Make) -> Callable[[Witness], TestClient]:
    """A client of this witness, whose code was typed."""

    def as_witness(witness: Witness) -> TestClient:
        client = client_for(None)
        client.headers["Authorization"] = f"Bearer {make.receipt(witness)}"
        return client

    return as_witness


@pytest.fixture
def as_speaker(as_witness: Callable[[Witness], TestClient], dossier: Dossier) -> TestClient:
    """The first of those whose words are in the dossier."""
    return as_witness(dossier.witnesses[0])


@pytest.fixture
def give(make: Make, db: Session) -> Callable[..., None]:
    """A witness chooses some choices of the first notice."""

    def give(witness: Witness, *codes: str, **given: Any) -> None:
        notice = db.scalars(select(Notice).where(Notice.language == "fr")).one()
        offered = {choice["code"]: choice for choice in notice.choices}
        cells = {cell for code in codes for cell in cells_of(offered[code])}
        about = {"notice_id": notice.id, "choices": list(codes)}
        make.consent(witness, *cells, **about | given)

    return give
