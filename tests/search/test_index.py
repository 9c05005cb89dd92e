"""The index says what the texts say: at once, and nothing that was taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select

from app.accounts.models import Account
from app.core.db import Database
from app.excerpts.models import ExcerptState
from app.testimonies import service as testimonies
from app.testimonies.models import State
from app.textindex import service as textindex
from app.textindex.models import FTS, IndexedText, TextKind
from tests.make import Make
from tests.search.conftest import Search

URL = "/api/v1/search"


def found(client: TestClient, q: str, **filters: Any) -> list[str]:
    answer = client.get(URL, params={"q": q, **filters})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture
def payload(make: Make, animator: Account) -> dict[str, Any]:
    workshop = make.workshop(organization=animator.organization)
    return {
        "scheme_id": str(workshop.scheme_id),
        "workshop_id": str(workshop.id),
        "method": "written",
        "witness_ids": [str(make.witness(workshop=workshop).id)],
        "body": "On attend le car.",
        "tags": ["transport"],
        "recorded_on": "2013-05-14",
    }


def test_what_is_deposited_is_found_at_once_and_follows_its_changes(
    as_animator: TestClient, as_editor: TestClient, payload: dict[str, Any]
) -> None:
    deposited = as_animator.post("/api/v1/testimonies", json=payload).json()
    place = f"/api/v1/testimonies/{deposited['id']}"
    assert found(as_animator, "cars") == found(as_animator, "transports") == [deposited["id"]]
    assert found(as_editor, "car") == []  # a draft
    changed = payload | {"body": "On attend le train.", "tags": []}
    assert as_animator.put(place, json=changed).status_code == 200
    assert found(as_animator, "car") == found(as_animator, "transport") == []
    assert found(as_animator, "train") == [deposited["id"]]
    assert as_animator.put(f"{place}/submission").status_code == 204
    assert found(as_editor, "train") == [deposited["id"]]
    as_animator.delete(f"{place}/submission")
    assert as_animator.delete(place).status_code == 204
    assert found(as_animator, "train") == []


def test_what_fails_is_not_found(
    as_animator: TestClient, payload: dict[str, Any], database: Database
) -> None:
    wrong = payload | {"recorded_on": "2013-05-14", "theme_ids": [payload["scheme_id"]]}
    assert as_animator.post("/api/v1/testimonies", json=wrong).status_code == 422
    assert found(as_animator, "car") == []
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(IndexedText)) == 0


def test_a_quote_is_found_as_it_is_given_back(as_editor: TestClient, make: Make) -> None:
    testimony = make.testimony(body="Mon chef Karim Untel m'a aidé.")
    excerpt = {
        "testimony_id": str(testimony.id),
        "selector": {"type": "text", "start": 0, "end": 21, "exact": "Mon chef Karim Untel "},
        "nature": "feeling",
    }
    answer = as_editor.post("/api/v1/excerpts", json=excerpt)
    assert answer.status_code == 201, answer.text
    place = f"/api/v1/excerpts/{answer.json()['id']}"
    assert found(as_editor, "untel", kind="excerpt") == [answer.json()["id"]]
    as_editor.put(place, json=excerpt | {"public_quote": "Mon chef [prénom]"})
    assert found(as_editor, "untel", kind="excerpt") == []
    assert found(as_editor, "prenom", kind="excerpt") == [answer.json()["id"]]
    as_editor.delete(place)
    assert found(as_editor, "prenom") == []


def test_who_does_not_read_the_words_of_a_quote_neither_finds_nor_counts_by_them(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    animator: Account,
    make: Make,
    search: Search,
) -> None:
    """Its source does not say them any more: who studies excerpts does not read them meanwhile."""
    testimony = make.testimony(body="On m'a aidé.", organization=animator.organization)
    said = make.testimony(
        body="Mon chef Karim Untel.", state=State.DRAFT, organization=make.organization()
    )
    words: dict[str, Any] = {"exact": said.body, "testimony_id": testimony.id}
    words |= {"owner_organization_id": animator.organization_id}
    words |= {"state": ExcerptState.NEEDS_REVIEW}
    gone = make.excerpt(said, **words)
    edited = make.excerpt(said, **words, public_quote="Mon chef [prénom]")
    kept = make.excerpt(testimony, exact="On m'a aidé")
    for client in (as_editor, as_animator):
        assert [item["id"] for item in search(client, "untel")] == [str(gone.id)]
    assert as_evaluator.get(f"/api/v1/excerpts/{gone.id}").json()["quote"] is None
    for asked in ("untel", "karim unt", '"chef Karim"'):
        answer = as_evaluator.get(URL, params={"q": asked, "count": True}).json()
        assert (answer["items"], answer["total"]) == ([], 0)
        facets = as_evaluator.get(f"{URL}/facets", params={"q": asked}).json()
        assert (facets["counted"], facets["method"]) == (0, {})
    told = as_editor.get(f"{URL}/facets", params={"q": "untel"}).json()
    assert (told["counted"], told["method"]) == (None, {"written": None})  # one is few
    assert found(as_evaluator, "prénom") == [str(edited.id)]
    assert found(as_evaluator, "aidé", kind="excerpt") == [str(kept.id)]


def test_a_transcript_is_found_while_it_is_approved(as_editor: TestClient, make: Make) -> None:
    media = make.media()
    make.testimony(body="Rien.", media=[media])
    draft = make.transcript(media, "La mobilité.", approved_at=None)
    place = f"/api/v1/transcripts/{draft.id}/approval"
    assert found(as_editor, "mobilite") == []
    assert as_editor.put(place).status_code == 204
    assert found(as_editor, "mobilite") == [str(draft.id)]
    assert as_editor.delete(place).status_code == 204
    assert found(as_editor, "mobilite") == []


def test_what_the_index_lacks_is_made_good(
    as_editor: TestClient, make: Make, search: Search, database: Database
) -> None:
    testimony = make.testimony(title="…", body="La mobilité")
    make.testimony(title=None, body="!!!")  # of which there is nothing to be found
    excerpt = make.excerpt(testimony, exact="La mobilité")
    assert found(as_editor, "mobilité") == []
    assert {item["id"] for item in search(as_editor, "mobilité")} == {
        str(testimony.id),
        str(excerpt.id),
    }
    with database.write.begin() as db:
        textindex.clear(db)
    assert found(as_editor, "mobilité") == []
    assert len(search(as_editor, "mobilité")) == 2


def test_nothing_of_what_was_erased_is_left_in_the_files(
    make: Make, index: Callable[[], None], database: Database
) -> None:
    """FTS5 only marks what is deleted: it must be written anew."""
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL writes the table anew: see tests/withdrawals")
    gone = make.testimony(title="Zyxwvu", body="Qwertzuiop asdfghjk")
    for n in range(30):
        make.testimony(body=f"Un autre, le numéro {n}.")
    index()
    with database.write.begin() as db:
        testimonies.erase(db, [gone.id])
    textindex.compact(database)
    database.scrub(())
    files = Path(str(database.read.kw["bind"].url.database))
    content = b"".join(path.read_bytes() for path in files.parent.glob(f"{files.name}*"))
    assert b"numero" in content
    for word in (b"zyxwvu", b"qwertzuiop", b"asdfghjk", b"Qwertzuiop"):
        assert word not in content
    with database.read() as db:
        fts = FTS[TextKind.TESTIMONY]
        assert db.scalar(select(func.count()).select_from(fts)) == 30


@pytest.fixture(autouse=True)
def _emptied(database: Database) -> None:
    """The tables of FTS5 are no models: what other tests left is not of this one."""
    with database.write.begin() as db:
        textindex.clear(db)
        db.execute(delete(IndexedText))
