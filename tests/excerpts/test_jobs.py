"""When the source changes under an excerpt, it asks for a review; and is valid again after it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

import app.excerpts.jobs  # noqa: F401 - registers the handler
from app.accounts.models import Account
from app.core.db import Database
from app.testimonies.models import Testimony
from tests.jobs.desk import Desk
from tests.make import Make

URL = "/api/v1/excerpts"


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def source(make: Make, testimony: Testimony, animator: Account) -> dict[str, Any]:
    """What describes the testimony again, as it is."""
    with make.sessions() as db:
        witnesses = [str(w.id) for w in make.witnesses_of(db, testimony)]
    return {
        "scheme_id": str(testimony.scheme_id),
        "workshop_id": str(testimony.workshop_id),
        "method": "written",
        "recorded_on": "2013-05-14",
        "witness_ids": witnesses,
        "body": testimony.body,
    }


def run_all(desk: Desk) -> None:
    while desk.run_next():
        pass
    assert {job.last_error for job in desk.jobs()} <= {None}


def test_words_that_moved_need_a_review_until_they_are_back(
    as_editor: TestClient,
    make: Make,
    testimony: Testimony,
    payload: dict[str, Any],
    source: dict[str, Any],
    desk: Desk,
) -> None:
    address = as_editor.post(URL, json=payload).headers["location"]
    elsewhere = make.excerpt(make.testimony())

    def become(body: str) -> dict[str, Any]:
        changed = as_editor.put(f"/api/v1/testimonies/{testimony.id}", json=source | {"body": body})
        assert changed.status_code == 200
        run_all(desk)
        return as_editor.get(address).json()  # type: ignore[no-any-return]

    moved = become(f"Bon. {testimony.body}")
    assert (moved["state"], moved["version"]) == ("needs_review", 2)
    assert moved["quote"] == "j'ai suivi Karim"
    assert become(testimony.body or "")["state"] == "valid"
    before = become(f"{testimony.body} Voilà.")  # what follows moves nothing
    assert (before["state"], before["version"]) == ("valid", 3)
    assert become("Rien.")["state"] == "needs_review"
    assert as_editor.get(f"{URL}/{elsewhere.id}").json()["state"] == "valid"


def test_it_is_chosen_again(
    as_editor: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    source: dict[str, Any],
    desk: Desk,
) -> None:
    address = as_editor.post(URL, json=payload).headers["location"]
    as_editor.put(f"/api/v1/testimonies/{testimony.id}", json=source | {"body": "Ça m'a plu."})
    run_all(desk)
    selector = {"type": "text", "start": 0, "end": 2, "exact": "Ça"}
    again = as_editor.put(address, json=payload | {"selector": selector})
    assert (again.json()["state"], again.json()["quote"]) == ("valid", "Ça")


def test_a_recording_that_was_taken_away_needs_one_too(
    as_editor: TestClient, make: Make, source: dict[str, Any], testimony: Testimony, desk: Desk
) -> None:
    media = make.media()
    filmed = make.testimony(media=[media], scheme_id=testimony.scheme_id)
    passage = {"type": "time", "media_id": str(media.id), "start_ms": 0, "end_ms": 900}
    quote = {"testimony_id": str(filmed.id), "selector": passage, "nature": "feeling"}
    address = as_editor.post(URL, json=quote).headers["location"]
    with make.sessions() as db:
        people = [str(w.id) for w in make.witnesses_of(db, filmed)]
    again = source | {"workshop_id": str(filmed.workshop_id), "witness_ids": people}

    for kept, state in (([str(media.id)], "valid"), ([], "needs_review")):
        body = again | {"media_ids": kept}
        assert as_editor.put(f"/api/v1/testimonies/{filmed.id}", json=body).status_code == 200
        run_all(desk)
        assert as_editor.get(address).json()["state"] == state


def test_a_testimony_that_is_gone_has_nothing_to_review(
    make: Make, testimony: Testimony, desk: Desk
) -> None:
    with make.sessions.begin() as db:
        for witness in make.links_of(db, testimony):
            db.delete(witness)
        db.delete(db.scalars(select(Testimony).where(Testimony.id == testimony.id)).one())
    desk.ask("testimony.changed", testimony_id=str(testimony.id))
    run_all(desk)
