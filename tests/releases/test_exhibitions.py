"""The link that the codes of an exhibition open: the same each time, and closed when revoked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt
from app.releases import exhibitions
from app.releases.models import Delivery, Release
from app.releases.successors import succeed
from app.witnesses.decision import Verb
from app.witnesses.models import Witness
from tests.bundles.conftest import OFFICIALS, URL
from tests.make import Make

ON_THE_WALL = OFFICIALS._replace(form="exhibition")
Hung = Callable[[], dict[str, Any]]


@pytest.fixture
def witness(make: Make) -> Witness:
    found = make.witness()
    make.consent(found, ON_THE_WALL, OFFICIALS)
    return found


@pytest.fixture
def excerpt(make: Make, witness: Witness) -> Excerpt:
    return make.excerpt(make.testimony(witnesses=[witness]))


@pytest.fixture
def bundle(
    as_editor: TestClient, composed: Callable[..., dict[str, Any]], excerpt: Excerpt
) -> dict[str, Any]:
    made = composed(excerpt, form="exhibition")
    assert as_editor.put(f"{URL}/{made['id']}/readiness").status_code == 204
    return made


@pytest.fixture
def hung(as_editor: TestClient, bundle: dict[str, Any]) -> Hung:
    """Publish the exhibition."""

    def hung() -> dict[str, Any]:
        response = as_editor.post(f"{URL}/{bundle['id']}/releases")
        assert response.status_code in (200, 201), response.text
        found: dict[str, Any] = response.json()
        return found

    return hung


def deliveries_of(client: TestClient, release: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v1/releases/{release['id']}/deliveries").json()[
        "items"
    ]
    return found


def token_of(release: dict[str, Any]) -> str:
    return exhibitions.token_of(UUID(str(release["id"])))


def test_it_opens_the_exhibition_and_is_listed_as_any_delivery(
    as_editor: TestClient, as_anonymous: TestClient, hung: Hung, database: Database
) -> None:
    release = hung()
    [listed] = deliveries_of(as_editor, release)
    assert (listed["recipient"], listed["has_passcode"]) == ("Exposition", False)
    shared = as_anonymous.get(f"/api/v1/shared/{token_of(release)}")
    assert shared.json()["title"] == release["content"]["title"]
    with database.read() as db:
        kept = db.scalars(select(Delivery)).one()
        assert token_of(release) not in str(vars(kept))
        assert 364 <= (kept.expires_at - now()).days <= 365


def test_its_token_is_the_same_each_time_and_nobody_elses(hung: Hung) -> None:
    release = hung()
    assert token_of(release) == token_of(release)
    assert len(token_of(release)) == 43  # 256 bits
    assert token_of(release) != exhibitions.token_of(uuid4())


def test_publishing_again_makes_no_other_and_makes_it_last(
    as_editor: TestClient, as_anonymous: TestClient, hung: Hung, database: Database
) -> None:
    release = hung()
    with database.write.begin() as db:
        db.scalars(select(Delivery)).one().expires_at = now() - timedelta(days=1)
    assert as_anonymous.get(f"/api/v1/shared/{token_of(release)}").status_code == 410
    assert hung()["id"] == release["id"]
    assert as_anonymous.get(f"/api/v1/shared/{token_of(release)}").status_code == 200
    assert len(deliveries_of(as_editor, release)) == 1


def test_revoking_it_closes_the_codes_for_good(
    as_editor: TestClient, as_anonymous: TestClient, hung: Hung, database: Database
) -> None:
    release = hung()
    [listed] = deliveries_of(as_editor, release)
    assert as_editor.delete(f"/api/v1/deliveries/{listed['id']}").status_code == 204
    hung()
    assert as_anonymous.get(f"/api/v1/shared/{token_of(release)}").status_code == 410
    assert links_of(database, release) == {}


def test_other_forms_have_none(
    as_editor: TestClient, composed: Callable[..., dict[str, Any]], excerpt: Excerpt
) -> None:
    made = composed(excerpt)
    as_editor.put(f"{URL}/{made['id']}/readiness")
    release = as_editor.post(f"{URL}/{made['id']}/releases").json()
    assert deliveries_of(as_editor, release) == []


def links_of(database: Database, release: dict[str, Any], media: Any = None) -> dict[str, str]:
    with database.read() as db:
        row = db.get_one(Release, UUID(str(release["id"])))
        shown = {"sections": [{"items": [{"id": "a", "media": media}, {"id": "b", "media": None}]}]}
        known = Release(id=row.id, form=row.form, content=shown)
        return exhibitions.links(db, known)


def test_codes_are_of_recordings_only(hung: Hung, database: Database) -> None:
    release = hung()
    assert links_of(database, release) == {}
    [(item_id, address)] = links_of(database, release, {"name": "clip.mp4"}).items()
    assert item_id == "a"
    assert address.endswith(f"/r/{token_of(release)}#a")


def test_when_words_are_taken_back_the_codes_on_the_wall_are_closed_and_new_ones_open(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    hung: Hung,
    witness: Witness,
    database: Database,
) -> None:
    release = hung()
    make.consent(witness, ON_THE_WALL, verb=Verb.WITHDRAW)
    with database.write.begin() as db:
        recalled = succeed(db, UUID(release["bundle_id"]), now())
    assert recalled
    assert as_anonymous.get(f"/api/v1/shared/{token_of(release)}").status_code == 410
    [old] = deliveries_of(as_editor, release)
    assert old["recalled_at"]
    assert not old["recall_acknowledged_at"]  # panels are to be taken down
    [successor_id] = recalled.successors
    successor = {"id": successor_id}
    assert as_anonymous.get(f"/api/v1/shared/{token_of(successor)}").status_code == 200
    with database.read() as db:
        made = select(AuditEvent).where(AuditEvent.action == "delivery.made")
        assert len(db.scalars(made).all()) == 2


def test_a_visitor_takes_note_of_nothing_and_answers_nothing(
    as_editor: TestClient, as_anonymous: TestClient, hung: Hung
) -> None:
    release = hung()
    here = f"/api/v1/shared/{token_of(release)}"
    assert as_anonymous.get(here).json()["personal"] is False
    assert as_anonymous.put(f"{here}/acknowledgement").status_code == 403
    answer = {"commitment": "thinking", "text": "J'y pense."}
    assert as_anonymous.post(f"{here}/reactions", json=answer).status_code == 403
    [listed] = deliveries_of(as_editor, release)
    assert listed["acknowledged_at"] is None
    given = as_editor.post(
        f"/api/v1/releases/{release['id']}/deliveries", json={"recipient": "Madame l'Élue (démo)"}
    )
    personal = "/api/v1/shared/" + given.json()["url"].rpartition("/")[2]
    assert as_anonymous.get(personal).json()["personal"] is True
    assert as_anonymous.put(f"{personal}/acknowledgement").status_code == 200
    assert as_anonymous.post(f"{personal}/reactions", json=answer).status_code == 201
