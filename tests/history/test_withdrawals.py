"""Words taken back leave every version: at once for readers, then the rows, then the bytes."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.accounts.models import Account
from app.core.db import Database
from app.history.models import Version
from app.lineage.models import Derivation
from app.workshops.models import Workshop
from tests.history.conftest import API, address, put, versions
from tests.history.test_the_others import passage, segments
from tests.jobs.desk import Desk
from tests.make import Make
from tests.withdrawals.world import CANARY, NOISE, bytes_of_database, checkpoint, holding


@pytest.fixture
def taken_back(as_animator: TestClient, database: Database) -> Any:
    """Somebody takes all their words back, and the job is done."""

    def taken_back(witness: Any, *, done: bool = True) -> None:
        asked = {"witness_id": str(witness.id), "all": True}
        assert as_animator.post(f"{API}/withdrawals", json=asked).status_code == 201
        if done:
            Desk(database).work_all()

    return taken_back


def kept(database: Database) -> list[str]:
    with database.read() as db:
        return sorted(db.scalars(select(Version.of)))


def test_all_versions_of_all_that_they_said_are_gone(
    make: Make,
    as_editor: TestClient,
    workshop: Workshop,
    animator: Account,
    payload: dict[str, Any],
    database: Database,
    taken_back: Any,
) -> None:
    media = make.media(organization=animator.organization)
    witness, other = make.witness(workshop=workshop), make.witness(workshop=workshop)
    body = f"Je dis {CANARY}. Puis autre chose."
    made = make.testimony(workshop=workshop, witnesses=[witness], media=[media], body=body)
    stays = make.testimony(workshop=workshop, witnesses=[other], body=f"Je dis {NOISE}.")
    transcript = make.transcript(media, f"Je dis {CANARY}.")
    chosen = as_editor.post(f"{API}/excerpts", json=passage(made, CANARY, memo=CANARY)).json()
    theirs = as_editor.post(f"{API}/excerpts", json=passage(stays, NOISE)).json()
    caption = {"caption": f"légende {CANARY}", "selection_reason": CANARY}
    noise = {"excerpt_id": theirs["id"], "caption": f"légende {NOISE}"}
    items = [
        {"excerpt_id": chosen["id"]} | caption,
        noise,
        {"testimony_id": str(made.id)} | caption,
    ]
    bundle = {
        "scheme_id": str(make.the_scheme.id),
        "title": "Ce qu'ils disent",
        "audience": "elected_officials",
        "form": "web_page",
    }
    composed = as_editor.post(
        f"{API}/bundles", json=bundle | {"sections": [{"title": "Tous", "items": items}]}
    ).json()
    urls = {
        "testimonies": address(made),
        "excerpts": f"{API}/excerpts/{chosen['id']}",
        "transcripts": f"{API}/transcripts/{transcript.id}",
        "bundles": f"{API}/bundles/{composed['id']}",
    }
    put(as_editor, urls["excerpts"], passage(made, "autre chose"))
    put(as_editor, urls["transcripts"], segments("Je ne dis rien."))
    now = {"media_ids": [str(media.id)], "witness_ids": [str(witness.id)]}
    put(as_editor, urls["testimonies"], payload | now)
    put(as_editor, urls["bundles"], bundle | {"sections": [{"title": "Un", "items": [noise]}]})
    for url in urls.values():
        assert CANARY in as_editor.get(f"{url}/history/1").text, "the test would see it"

    taken_back(witness, done=False)
    for name, url in urls.items():
        answer = as_editor.get(f"{url}/history")
        assert answer.status_code == (200 if name == "bundles" else 404)
        assert CANARY not in answer.text
        assert CANARY not in as_editor.get(f"{url}/history/1").text

    taken_back(witness)
    assert kept(database) == ["bundles", "bundles"]
    checkpoint(database)
    assert holding(CANARY, bytes_of_database(database)) == []
    first = as_editor.get(f"{urls['bundles']}/history/1").text
    assert f"légende {NOISE}" in first, "what is beside others' words stays"


def test_a_version_in_which_they_spoke_is_gone_though_the_testimony_is_others_now(
    make: Make,
    as_editor: TestClient,
    workshop: Workshop,
    payload: dict[str, Any],
    database: Database,
    taken_back: Any,
) -> None:
    left = make.witness(workshop=workshop)
    made = make.testimony(workshop=workshop, witnesses=[left], body=f"Je dis {CANARY}.")
    url = address(made)
    put(as_editor, url, payload | {"body": "Mes mots à moi."})
    put(as_editor, url, payload | {"body": "Mes mots, encore."})
    taken_back(left)
    assert CANARY not in as_editor.get(f"{url}/history").text
    newest, before = versions(as_editor, url)
    assert newest["changes"][0]["before"] == "Mes mots à moi."
    assert before["changes"] is None
    checkpoint(database)
    assert holding(CANARY, bytes_of_database(database)) == []


def test_what_was_said_while_they_were_heard_is_gone_from_every_version(
    make: Make,
    animator: Account,
    as_editor: TestClient,
    workshop: Workshop,
    database: Database,
    taken_back: Any,
) -> None:
    """The recording, its transcript and the excerpt are others': they stay."""
    media = make.media(organization=animator.organization)
    filmed = make.testimony(workshop=workshop, media=[media])
    transcript = make.transcript(media, f"Je dis {CANARY}.", "Puis autre chose.")

    def quote(exact: str) -> dict[str, Any]:
        start = transcript.text.index(exact)
        place = {"start": start, "end": start + len(exact), "exact": exact}
        selector = {"type": "text", "transcript_id": str(transcript.id)} | place
        return {"testimony_id": str(filmed.id), "selector": selector, "nature": "feeling"}

    made = as_editor.post(f"{API}/excerpts", json=quote(CANARY)).json()
    put(as_editor, f"{API}/excerpts/{made['id']}", quote("autre chose"))
    words = f"{API}/transcripts/{transcript.id}"
    put(as_editor, words, segments(f"Je dis {CANARY} !", "Puis autre chose."))
    heard = make.witness(workshop=workshop)
    make.appearance(media, heard, start_ms=0, end_ms=5_000)

    taken_back(heard)
    assert kept(database) == ["excerpts", "transcripts", "transcripts"]
    for url in (words, f"{API}/excerpts/{made['id']}"):
        answer = as_editor.get(f"{url}/history")
        assert answer.status_code == 200
        assert CANARY not in answer.text
    assert "autre chose" in as_editor.get(f"{words}/history/1").text
    checkpoint(database)
    assert holding(CANARY, bytes_of_database(database)) == []


def test_no_version_outlives_the_lineage_that_would_erase_it(
    as_editor: TestClient, testimony: Any, payload: dict[str, Any], database: Database
) -> None:
    put(as_editor, address(testimony), payload | {"title": "Autre"})
    with database.read() as db:
        made = select(Derivation.output_id).where(Derivation.output == "versions")
        alone = select(func.count()).where(Version.id.not_in(made))
        assert db.scalar(alone) == 0
