"""A workshop of which words were published and given, and who hangs its sheet on the wall."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.accounts.permissions import Role
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.documents.reading import pages_of
from tests.make import Make
from tests.pages.conftest import WORDS, Dossier, Published, dossier, published

__all__ = ["WORDS", "Dossier", "Published", "dossier", "published"]

Client = Callable[[Role], TestClient]


def address(workshop_id: UUID | None) -> str:
    return f"/api/v1/workshops/{workshop_id}/return.pdf"


@pytest.fixture
def workshop(dossier: Dossier, make: Make) -> Workshop:
    """Where the words of the dossier were said."""
    with make.sessions() as db:
        return db.get_one(Workshop, dossier.witnesses[0].workshop_id)


@pytest.fixture
def at_home(make: Make, workshop: Workshop, client_for: ClientFor) -> Client:
    """Somebody of the organization where the workshop was."""
    return lambda role: client_for(make.account_in(workshop.owner_organization_id, role=role))


@pytest.fixture
def as_host(at_home: Client) -> TestClient:
    return at_home(Role.ANIMATOR)


@pytest.fixture
def wall(as_host: TestClient, tmp_path: Path) -> Callable[..., str]:
    """The words on the sheet of this workshop, without blanks."""

    def wall(workshop: Workshop) -> str:
        answer = as_host.get(address(workshop.id))
        assert answer.status_code == 200, answer.text
        path = tmp_path / "return.pdf"
        path.write_bytes(answer.content)
        return "".join(pages_of(path))

    return wall
