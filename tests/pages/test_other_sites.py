"""A form on another site does nothing: every page that changes something, as they come."""

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.pages import routes as pages
from app.releases.models import ReleaseItem
from app.testimonies.models import TestimonyWitness
from tests.pages.conftest import Dossier
from tests.pages.test_receipt_routes import OWN, reader, speaker, token_in
from tests.pages.test_routes import HOSTILE_ORIGINS
from tests.roles import count_rows

__all__ = ["reader", "speaker"]
SAFE = {"GET", "HEAD", "OPTIONS"}
MINE = {"Sec-Fetch-Site": "same-origin"}


def forms() -> Iterator[tuple[str, str]]:
    """Method and path of all that pages change."""
    for router in (pages.router, pages.receipts):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted((route.methods or set()) - SAFE):
                yield method, route.path


FORMS = [pytest.param(*form, id=" ".join(form)) for form in forms()]


@pytest.fixture
def known(
    speaker: TestClient, dossier: Dossier, db: Session
) -> tuple[dict[str, str], dict[str, str]]:
    """What paths and forms hold, for a witness who came in and is also given their dossier."""
    link, _ = dossier.deliver()
    assert speaker.post(link, headers=MINE).status_code == 303
    own = select(TestimonyWitness.testimony_id).where(
        TestimonyWitness.witness_id == dossier.witnesses[0].id
    )
    use = db.scalars(select(ReleaseItem.id).where(ReleaseItem.testimony_id.in_(own))).one()
    path = {
        "token": link.removeprefix("/r/"),
        "release_id": dossier.release_id,
        "release_item_id": str(use),
        "code": "nothing",
    }
    return path, token_in(speaker.get(OWN).text) | {"avis": "oui"}


def test_there_are_forms_on_every_kind_of_page() -> None:
    starts = {path.split("/")[1] for _, path in forms()}
    assert starts == {"r", "dossiers", "suivi"}


@pytest.mark.parametrize(("method", "path"), FORMS)
def test_a_form_on_another_site_does_nothing(
    speaker: TestClient,
    known: tuple[dict[str, str], dict[str, str]],
    database: Database,
    method: str,
    path: str,
) -> None:
    in_path, data = known
    url = re.sub(r"{(\w+)}", lambda found: in_path[found[1]], path)
    before = count_rows(database)
    for headers in HOSTILE_ORIGINS:
        answer = speaker.request(method, url, data=data, headers=headers)
        assert answer.status_code == 403, headers
        assert answer.headers["content-type"].startswith("text/html")
    assert count_rows(database) == before
    assert speaker.request(method, url, data=data, headers=MINE).status_code != 403
