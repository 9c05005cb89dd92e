"""What an editor sees of an excerpt whose source changed: the words of then beside those of now."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.excerpts.models import ExcerptState, SelectorType
from app.testimonies.models import Testimony
from tests.make import Make

URL = "/api/v1/excerpts"
Become = Callable[[str], None]


@pytest.fixture
def chosen(as_editor: TestClient, payload: dict[str, Any]) -> dict[str, Any]:
    made = as_editor.post(URL, json=payload)
    assert made.status_code == 201
    return made.json()  # type: ignore[no-any-return]


def review(client: TestClient, chosen: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(f"{URL}/{chosen['id']}/review")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_old_and_new_words_are_side_by_side_and_the_editor_confirms(
    as_editor: TestClient, chosen: dict[str, Any], payload: dict[str, Any], become: Become
) -> None:
    body = "Bon. Déjà le 1er jour, j'ai bien suivi Karim : ça m'a plu."
    become(body)
    told = review(as_editor, chosen)
    assert (told["state"], told["transcript_id"]) == ("needs_review", None)
    assert told["chosen"] == {
        "prefix": "Déjà le 1er jour 👩🏽‍🍳, ",
        "exact": "j'ai suivi Karim",
        "suffix": " : ça m'a plu.",
    }
    now = told["now"]
    assert told["candidates"][0] == now
    assert (now["prefix"], now["text"], now["suffix"]) == (
        "Bon. Déjà le 1er jour, ",
        "j'ai bien suivi Karim",
        " : ça m'a plu.",
    )
    assert body[now["start"] : now["end"]] == now["text"]
    assert 0.6 < now["score"] < 1

    place = {"type": "text", "start": now["start"], "end": now["end"], "exact": now["text"]}
    confirmed = as_editor.put(f"{URL}/{chosen['id']}", json=payload | {"selector": place})
    assert confirmed.status_code == 200
    assert (confirmed.json()["state"], confirmed.json()["quote"]) == ("valid", now["text"])
    assert review(as_editor, chosen)["now"] == now | {"score": 1.0}


def test_the_same_words_several_times_are_all_told(
    as_editor: TestClient, chosen: dict[str, Any], become: Become
) -> None:
    body = "Lundi j'ai suivi Karim, mardi j'ai suivi Karim."
    become(body)
    told = review(as_editor, chosen)
    assert told["state"] == "needs_review"
    assert sorted(c["start"] for c in told["candidates"]) == [6, 30]
    assert {(c["text"], c["score"]) for c in told["candidates"]} == {("j'ai suivi Karim", 1.0)}


def test_when_nothing_is_alike_nothing_is_proposed(
    as_editor: TestClient, chosen: dict[str, Any], become: Become
) -> None:
    become("Rien.")
    told = review(as_editor, chosen)
    assert (told["now"], told["candidates"]) == (None, [])
    assert told["chosen"]["exact"] == "j'ai suivi Karim"


def test_one_that_is_valid_stands_where_it_stands(
    as_editor: TestClient, chosen: dict[str, Any]
) -> None:
    told = review(as_editor, chosen)
    assert told["state"] == "valid"
    assert (told["now"]["start"], told["now"]["text"]) == (
        chosen["selector"]["start"],
        "j'ai suivi Karim",
    )


def test_it_is_for_editors(
    as_editor: TestClient,
    as_animator: TestClient,
    as_evaluator: TestClient,
    as_outsider: TestClient,
    as_anonymous: TestClient,
    chosen: dict[str, Any],
) -> None:
    address = f"{URL}/{chosen['id']}/review"
    assert as_evaluator.get(address).status_code == 403
    assert as_animator.get(address).status_code == 403
    assert as_outsider.get(address).status_code == 404
    assert as_anonymous.get(address).status_code == 401
    assert as_editor.get(f"{URL}/{uuid4()}/review").status_code == 404


def test_a_passage_of_time_has_no_words_to_compare(as_editor: TestClient, make: Make) -> None:
    media = make.media()
    filmed = make.excerpt(
        make.testimony(media=[media]),
        exact=None,
        selector=SelectorType.TIME,
        media_id=media.id,
        start=0,
        stop=900,
    )
    assert as_editor.get(f"{URL}/{filmed.id}/review").status_code == 404


def test_a_body_as_long_as_can_be_is_compared(
    as_editor: TestClient, make: Make, testimony: Testimony
) -> None:
    body = "Le matin, je prends le bus de la ville avec Karim. " * 392
    long = make.testimony(body=body[:20_000])
    lost = make.excerpt(
        long,
        exact=body[:9_000],
        state=ExcerptState.NEEDS_REVIEW,
    )
    with make.sessions.begin() as db:
        kept = db.get_one(type(lost), lost.id)
        kept.exact = (kept.exact or "").replace("Karim", "Nadia")
    told = review(as_editor, {"id": lost.id})
    assert told["now"]["score"] > 0.7
    assert len(told["candidates"]) <= 5
