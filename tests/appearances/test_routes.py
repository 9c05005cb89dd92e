"""Who may say who appears, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.media.models import Kind, Media
from app.testimonies.models import Testimony
from app.witnesses.models import Witness
from tests.make import Make

Said = dict[str, Any]


@pytest.fixture
def there(media: Media, testimony: Testimony) -> str:
    return f"/api/v1/media/{media.id}/appearances"


@pytest.fixture
def said(other: Witness) -> Said:
    return {"witness_id": str(other.id), "start_ms": 1000, "end_ms": 2000, "kind": "face"}


def test_who_appears_is_said_all_at_once(
    as_animator: TestClient,
    as_editor: TestClient,
    there: str,
    said: Said,
    db: Session,
    media: Media,
) -> None:
    assert as_editor.get(there).json() == []
    first = said | {"start_ms": 0}
    response = as_animator.put(there, json=[said, first])
    assert (response.status_code, response.json()) == (200, [first, said])
    late = as_editor.put(there, json=[], headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert as_editor.put(there, json=[said]).json() == [said]
    assert as_animator.get(there).json() == [said]
    events = select(AuditEvent.facts).where(AuditEvent.subject_id == media.id)
    assert {"count": 2, "people": 1} in list(db.scalars(events))


def test_an_evaluator_and_others_say_nothing(
    as_evaluator: TestClient, as_outsider: TestClient, there: str, said: Said
) -> None:
    assert as_evaluator.put(there, json=[said]).status_code == 403
    assert as_outsider.put(there, json=[said]).status_code == 404
    assert as_outsider.get(there).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"witness_id": str(uuid4())}, "#/1/witness_id"),
        ({"end_ms": 1000}, "#/1/end_ms"),
        ({"end_ms": 60_001}, "#/1/end_ms"),
        ({"start_ms": -1}, "#/1/start_ms"),
        ({"kind": "hand"}, "#/1/kind"),
        ({"media_id": str(uuid4())}, "#/1/media_id"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_animator: TestClient, there: str, said: Said, wrong: Said, pointer: str
) -> None:
    refused = as_animator.put(there, json=[said, said | wrong])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert as_animator.get(there).json() == []


def test_nobody_is_seen_in_a_sound(
    as_editor: TestClient, make: Make, other: Witness, said: Said
) -> None:
    sound = make.media(kind=Kind.AUDIO)
    make.testimony(media=[sound])
    refused = as_editor.put(f"/api/v1/media/{sound.id}/appearances", json=[said])
    assert refused.json()["errors"][0]["pointer"] == "#/0/kind"


def test_who_was_said_by_another_need_not_be_dropped(
    as_animator: TestClient, make: Make, media: Media, there: str, said: Said
) -> None:
    """An animator does not see everyone: what they read, they may say again."""
    unseen = make.witness()
    theirs = said | {"witness_id": str(unseen.id), "kind": "voice"}
    assert as_animator.put(there, json=[theirs]).status_code == 422
    make.appearance(media, unseen, start_ms=1000, end_ms=2000)
    kept = as_animator.put(there, json=[*as_animator.get(there).json(), said])
    assert kept.json() == [theirs, said] or kept.json() == [said, theirs]
