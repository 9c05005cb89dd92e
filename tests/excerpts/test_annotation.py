"""An excerpt as a W3C Web Annotation: what other software reads, with the rights of an excerpt."""

import re
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.core.settings import settings
from app.excerpts.models import SelectorType
from app.testimonies.models import State, Testimony
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from tests.excerpts.conftest import run_all
from tests.jobs.desk import Desk
from tests.make import Make

URL = "/api/v1/excerpts"
TYPE = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'


def annotation(client: TestClient, id_: object) -> dict[str, Any]:
    answer = client.get(f"{URL}/{id_}/annotation")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPE
    return answer.json()  # type: ignore[no-any-return]


def test_words_are_a_quote_and_a_position_of_the_testimony(
    as_editor: TestClient, make: Make, testimony: Testimony, payload: dict[str, Any]
) -> None:
    themes = [make.theme(scheme_id=testimony.scheme_id) for _ in range(2)][::-1]
    more = {"theme_ids": [str(theme.id) for theme in themes], "memo": "À rapprocher de mai."}
    made = as_editor.post(URL, json=payload | more).json()
    told = annotation(as_editor, made["id"])

    base = f"{settings().base_url.rstrip('/')}/api/v1"
    place = made["selector"]
    assert told == {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": f"{base}/excerpts/{made['id']}/annotation",
        "type": "Annotation",
        "motivation": "classifying",
        "created": made["created_at"],
        "modified": made["updated_at"],
        "body": [
            {"type": "TextualBody", "value": value, "format": "text/plain", "purpose": purpose}
            for value, purpose in (
                ("practice", "classifying"),
                *((theme.name, "tagging") for theme in themes),
                ("À rapprocher de mai.", "commenting"),
            )
        ],
        "target": {
            "type": "SpecificResource",
            "source": f"{base}/testimonies/{testimony.id}",
            "selector": [
                {
                    "type": "TextQuoteSelector",
                    "exact": "j'ai suivi Karim",
                    "prefix": "Déjà le 1er jour 👩🏽‍🍳, ",
                    "suffix": " : ça m'a plu.",
                },
                {"type": "TextPositionSelector", "start": place["start"], "end": place["end"]},
            ],
        },
    }
    # The recommendation counts code points, as Python does: not the units of UTF-16.
    source = re.sub(r"^https?://[^/]+", "", told["target"]["source"])
    body = as_editor.get(source).json()["body"]
    quote, position = told["target"]["selector"]
    assert body[position["start"] : position["end"]] == quote["exact"]
    assert quote["prefix"] + quote["exact"] + quote["suffix"] == body
    before = body[: position["start"]]
    assert len(before.encode("utf-16-le")) // 2 > position["start"]


def test_it_is_known_until_it_changes(as_editor: TestClient, payload: dict[str, Any]) -> None:
    made = as_editor.post(URL, json=payload)
    address = f"{made.headers['location']}/annotation"
    known = {"If-None-Match": as_editor.get(address).headers["etag"]}
    assert as_editor.get(address, headers=known).status_code == 304
    as_editor.put(made.headers["location"], json=payload | {"memo": "Vu."})
    again = as_editor.get(address, headers=known)
    assert again.status_code == 200
    assert again.json()["body"][-1]["value"] == "Vu."


def test_who_does_not_read_what_was_edited_out_has_but_its_place(
    as_evaluator: TestClient, as_animator: TestClient, as_editor: TestClient, payload: Any
) -> None:
    more = {"public_quote": "j'ai suivi [un collègue]", "memo": "Karim, encore."}
    made = as_editor.post(URL, json=payload | more).json()
    told = annotation(as_evaluator, made["id"])
    kinds = [selector["type"] for selector in told["target"]["selector"]]
    assert kinds == ["TextPositionSelector"]
    assert [body["purpose"] for body in told["body"]] == ["classifying"]
    assert "Karim" not in str(told)
    theirs = annotation(as_animator, made["id"])
    assert theirs["target"]["selector"][0]["exact"] == "j'ai suivi Karim"
    assert "encore" not in str(theirs), "the note is the editors'"


@pytest.mark.parametrize(
    ("start", "stop", "value"),
    [(0, 900, "t=0,0.9"), (1200, 5000, "t=1.2,5"), (10_005, 2_699_999, "t=10.005,2699.999")],
)
def test_a_passage_of_a_recording_is_a_media_fragment(
    as_evaluator: TestClient, make: Make, start: int, stop: int, value: str
) -> None:
    media = make.media(duration_ms=2_700_000)
    filmed = make.excerpt(
        make.testimony(media=[media]),
        exact=None,
        selector=SelectorType.TIME,
        media_id=media.id,
        start=start,
        stop=stop,
    )
    target = annotation(as_evaluator, filmed.id)["target"]
    assert target["source"].endswith(f"/api/v1/media/{media.id}")
    assert target["selector"] == [
        {
            "type": "FragmentSelector",
            "conformsTo": "http://www.w3.org/TR/media-frags/",
            "value": value,
        }
    ]


def test_what_is_said_is_a_place_of_its_transcript(as_editor: TestClient, make: Make) -> None:
    media = make.media()
    testimony = make.testimony(media=[media])
    transcript = make.transcript(media, "Avant.", "On s'appelle le soir.", "Après.")
    start = transcript.text.index("le soir")
    place = {"start": start, "end": start + 7, "exact": "le soir"}
    selector = {"type": "text", "transcript_id": str(transcript.id), **place}
    sent = {"testimony_id": str(testimony.id), "selector": selector, "nature": "feeling"}
    target = annotation(as_editor, as_editor.post(URL, json=sent).json()["id"])["target"]
    assert target["source"].endswith(f"/api/v1/transcripts/{transcript.id}")
    quote, position = target["selector"]
    assert (quote["prefix"], quote["suffix"]) == ("On s'appelle ", ".")
    assert (position["start"], position["end"]) == (start, start + 7)


def test_it_follows_the_words(
    as_editor: TestClient, payload: dict[str, Any], testimony: Testimony, source: Any, desk: Desk
) -> None:
    made = as_editor.post(URL, json=payload).json()
    changed = source | {"body": f"Bon. {testimony.body}"}
    as_editor.put(f"/api/v1/testimonies/{testimony.id}", json=changed)
    run_all(desk)
    quote, position = annotation(as_editor, made["id"])["target"]["selector"]
    assert position["start"] == made["selector"]["start"] + 5
    assert quote["prefix"].startswith("Bon. Déjà")


def test_who_sees_the_excerpt_and_nobody_else(
    as_evaluator: TestClient,
    as_outsider: TestClient,
    as_anonymous: TestClient,
    as_administrator: TestClient,
    make: Make,
    testimony: Testimony,
) -> None:
    excerpt = make.excerpt(testimony)
    handed = make.excerpt(make.testimony(state=State.SUBMITTED))
    assert annotation(as_evaluator, excerpt.id)
    assert as_evaluator.get(f"{URL}/{handed.id}/annotation").status_code == 404
    for client in (as_outsider, as_administrator):
        theirs = client.get(f"{URL}/{excerpt.id}/annotation")
        unknown = client.get(f"{URL}/{uuid4()}/annotation")
        assert theirs.status_code == unknown.status_code == 404
        assert theirs.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert as_anonymous.get(f"{URL}/{excerpt.id}/annotation").status_code == 401


def test_a_no_hides_it_at_once(as_evaluator: TestClient, make: Make, testimony: Testimony) -> None:
    excerpt = make.excerpt(testimony)
    assert annotation(as_evaluator, excerpt.id)
    with make.sessions() as db:
        (witness,) = make.witnesses_of(db, testimony)
    inside = Cell(Medium.ANONYMOUS_TEXT, TEAM, "note", Purpose.EVALUATION)
    make.consent(witness, inside, verb=Verb.REFUSE)
    assert as_evaluator.get(f"{URL}/{excerpt.id}/annotation").status_code == 404
