"""An accepted testimony, and a passage of it."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

import app.excerpts.jobs  # noqa: F401 - registers the handler
from app.accounts.models import Account
from app.core.db import Database
from app.testimonies.models import Testimony
from tests.jobs.desk import Desk
from tests.make import Make


@pytest.fixture
def testimony(make: Make, animator: Account) -> Testimony:
    """Its body is in code points as people write: accents, an emoji, a letter of two."""
    return make.testimony(
        organization=animator.organization,
        body="Déjà le 1er jour 👩🏽‍🍳, j'ai suivi Karim : ça m'a plu.",
    )


@pytest.fixture
def payload(testimony: Testimony) -> dict[str, Any]:
    exact = "j'ai suivi Karim"
    start = (testimony.body or "").index(exact)
    selector = {"type": "text", "start": start, "end": start + len(exact), "exact": exact}
    return {
        "testimony_id": str(testimony.id),
        "selector": selector,
        "nature": "practice",
        "practice": {"actor": "Moi", "action": "Suivre Karim", "occasion": "Le 1er jour"},
    }


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


@pytest.fixture
def become(
    as_editor: TestClient, testimony: Testimony, source: dict[str, Any], desk: Desk
) -> Callable[[str], None]:
    """An editor corrects the body, and the work that follows is done."""

    def become(body: str) -> None:
        changed = as_editor.put(f"/api/v1/testimonies/{testimony.id}", json=source | {"body": body})
        assert changed.status_code == 200, changed.text
        run_all(desk)

    return become
