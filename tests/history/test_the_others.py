"""Excerpts, transcripts and bundles have their history too, each by its own rules of reading."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.excerpts.models import Excerpt
from app.media.models import Media
from app.testimonies.models import State, Testimony
from app.transcripts.models import Source
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.workshops.models import Workshop
from tests.bundles.conftest import composed, consented, payload_of
from tests.history.conftest import API, address, fields, put, said, versions, whole
from tests.make import Make

__all__ = ["composed", "consented", "payload_of"]

TO_TEAM = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)


def refuse(make: Make, media: Media, workshop: Workshop, start: int, end: int) -> None:
    """Somebody who is heard then says no to a reading by the team."""
    witness = make.witness(workshop=workshop)
    make.appearance(media, witness, start_ms=start, end_ms=end)
    make.consent(witness, TO_TEAM, verb=Verb.REFUSE)


# Excerpts


def passage(testimony: Testimony, exact: str, **given: Any) -> dict[str, Any]:
    start = (testimony.body or "").index(exact)
    place = {"type": "text", "start": start, "end": start + len(exact), "exact": exact}
    about = {"testimony_id": str(testimony.id), "selector": place, "nature": "feeling"}
    return about | given


def test_an_excerpt_was_chosen_then_told_better_then_as_before(
    as_editor: TestClient, as_evaluator: TestClient, testimony: Testimony
) -> None:
    told = passage(testimony, "suivi Karim", memo="À revoir.")
    made = as_editor.post(f"{API}/excerpts", json=told).json()
    url = f"{API}/excerpts/{made['id']}"
    practice = {"actor": "Moi", "action": "Suivre", "occasion": "Le matin"}
    better = passage(testimony, "toute la matinée", nature="practice", practice=practice)
    changed = put(as_editor, url, better)
    newest, first = versions(as_evaluator, url)
    told_to_all = {
        *("nature", "practice/actor", "practice/action", "practice/occasion"),
        *("selector/start", "selector/end"),
    }
    assert set(fields(newest)) == told_to_all  # words may have been edited out since
    assert {"memo", "selector/exact"} < set(fields(versions(as_editor, url)[0])) - told_to_all
    assert "suivi Karim" not in as_evaluator.get(f"{url}/history").text
    assert "Karim" not in as_evaluator.get(f"{url}/history/1").text
    assert (newest["by_id"], first["by_id"]) == (made["created_by_id"],) * 2
    assert whole(as_editor, url, 1)["selector"] == made["selector"]

    assert as_evaluator.put(f"{url}/restoration", json={"version": 1}).status_code == 403
    restored = put(as_editor, f"{url}/restoration", {"version": 1})
    assert restored["version"] > changed["version"]
    same = ("selector", "nature", "memo", "practice", "theme_ids")
    assert {name: restored[name] for name in same} == {name: made[name] for name in same}


def test_a_passage_that_is_not_there_any_more_is_not_restored(
    as_editor: TestClient, testimony: Testimony, payload: dict[str, Any]
) -> None:
    made = as_editor.post(f"{API}/excerpts", json=passage(testimony, "suivi Karim")).json()
    url = f"{API}/excerpts/{made['id']}"
    put(as_editor, url, passage(testimony, "toute la matinée"))
    put(as_editor, address(testimony), payload | {"body": "J'ai toute la matinée."})
    refused = as_editor.put(f"{url}/restoration", json={"version": 1})
    assert refused.status_code == 422
    assert refused.json()["type"] in ("/problems/not-there", "/problems/invalid")


def test_an_evaluator_does_not_read_an_excerpt_of_before_the_acceptance(
    make: Make, as_editor: TestClient, as_evaluator: TestClient, workshop: Workshop
) -> None:
    submitted = make.testimony(workshop=workshop, state=State.SUBMITTED, body="Un mot, puis deux.")
    made = as_editor.post(f"{API}/excerpts", json=passage(submitted, "Un mot")).json()
    url = f"{API}/excerpts/{made['id']}"
    put(as_editor, url, passage(submitted, "puis deux"))
    as_editor.post(f"{address(submitted)}/decisions", json={"verdict": "accept"})
    (seen,) = versions(as_evaluator, url)
    assert seen["changes"] is None
    assert as_evaluator.get(f"{url}/history/1").status_code == 404
    assert len(versions(as_editor, url)) == 2


def test_an_excerpt_of_what_somebody_said_then_is_hidden_when_they_refuse(
    make: Make, animator: Account, as_editor: TestClient, workshop: Workshop
) -> None:
    media = make.media(organization=animator.organization)
    filmed = make.testimony(workshop=workshop, media=[media])
    transcript = make.transcript(media, "Je dis zinzolin.", "Puis autre chose.")

    def quote(exact: str) -> dict[str, Any]:
        start = transcript.text.index(exact)
        place = {"start": start, "end": start + len(exact), "exact": exact}
        selector = {"type": "text", "transcript_id": str(transcript.id)} | place
        return {"testimony_id": str(filmed.id), "selector": selector, "nature": "feeling"}

    made = as_editor.post(f"{API}/excerpts", json=quote("zinzolin")).json()
    url = f"{API}/excerpts/{made['id']}"
    put(as_editor, url, quote("autre chose"))
    assert "zinzolin" in as_editor.get(f"{url}/history").text
    refuse(make, media, workshop, 0, 5_000)
    assert as_editor.get(url).status_code == 200
    assert "zinzolin" not in as_editor.get(f"{url}/history").text
    assert as_editor.get(f"{url}/history/1").status_code == 404
    assert as_editor.put(f"{url}/restoration", json={"version": 1}).status_code == 422


def test_a_discarded_excerpt_takes_its_versions_with_it(
    as_editor: TestClient, testimony: Testimony, make: Make
) -> None:
    made = as_editor.post(f"{API}/excerpts", json=passage(testimony, "suivi Karim")).json()
    url = f"{API}/excerpts/{made['id']}"
    put(as_editor, url, passage(testimony, "toute la matinée"))
    assert as_editor.delete(url).status_code == 204
    assert as_editor.get(f"{url}/history").status_code == 404


# Transcripts


def segments(*texts: str) -> dict[str, Any]:
    return {
        "segments": [
            {"start_ms": n * 10_000, "end_ms": (n + 1) * 10_000, "speaker": None, "text": text}
            for n, text in enumerate(texts)
        ]
    }


@pytest.fixture
def media(make: Make, animator: Account) -> Media:
    return make.media(organization=animator.organization)


@pytest.fixture
def filmed(make: Make, workshop: Workshop, media: Media) -> Testimony:
    return make.testimony(workshop=workshop, media=[media])


def test_the_words_of_a_recording_were_corrected_and_are_as_before(
    make: Make, as_editor: TestClient, as_evaluator: TestClient, media: Media, filmed: Testimony
) -> None:
    transcript = make.transcript(media, "Je suis Karim.", "On rit.")
    url = f"{API}/transcripts/{transcript.id}"
    put(as_editor, url, segments("Je suivais Karim.", "On rit."))
    newest, first = versions(as_editor, url)
    (change,) = newest["changes"]
    assert (first["version"], change["field"]) == (1, "segments")
    assert "Je suis Karim." in said(change["diff"], "insert")
    assert "Je suivais Karim." in said(change["diff"], "delete")
    restored = put(as_editor, f"{url}/restoration", {"version": 1})
    assert [s["text"] for s in restored["segments"]] == ["Je suis Karim.", "On rit."]


def test_what_was_removed_of_an_approved_transcript_is_read_by_no_evaluator(
    make: Make, as_editor: TestClient, as_evaluator: TestClient, media: Media, filmed: Testimony
) -> None:
    transcript = make.transcript(media, "Je suis Karim.", "On rit.")
    url = f"{API}/transcripts/{transcript.id}"
    put(as_editor, url, segments("Je suis K.", "On rit."))
    newest, first = versions(as_evaluator, url)
    assert (fields(newest), newest["changes"][0].get("before")) == (["segments"], None)
    assert "Karim" not in as_evaluator.get(f"{url}/history").text
    assert "segments" not in whole(as_evaluator, url, first["version"])
    assert whole(as_evaluator, url, newest["version"])["segments"][0]["text"] == "Je suis K."


def test_what_was_removed_of_a_public_quote_is_read_by_no_evaluator(
    as_editor: TestClient, as_evaluator: TestClient, testimony: Testimony
) -> None:
    told = passage(testimony, "suivi", public_quote="Karim, suivi")
    made = as_editor.post(f"{API}/excerpts", json=told).json()
    url = f"{API}/excerpts/{made['id']}"
    put(as_editor, url, told | {"public_quote": "[un collègue], suivi"})
    assert "Karim" in as_editor.get(f"{url}/history").text
    assert "Karim" not in as_evaluator.get(f"{url}/history").text
    assert "Karim" not in as_evaluator.get(f"{url}/history/1").text


def test_when_they_are_said_is_told_too(
    make: Make, as_editor: TestClient, media: Media, filmed: Testimony
) -> None:
    transcript = make.transcript(media, "Je suis Karim.")
    url = f"{API}/transcripts/{transcript.id}"
    later = segments("Je suis Karim.")
    later["segments"][0]["end_ms"] = 9_000
    put(as_editor, url, later)
    (change,) = versions(as_editor, url)[0]["changes"]
    assert any(part["op"] == "insert" for part in change["diff"])


def test_a_machine_s_has_one_version_and_is_not_restored(
    make: Make, as_editor: TestClient, media: Media, filmed: Testimony
) -> None:
    heard = make.transcript(media, "Je suis.", source=Source.MACHINE, engine="essai")
    url = f"{API}/transcripts/{heard.id}"
    assert [v["version"] for v in versions(as_editor, url)] == [1]
    assert as_editor.put(f"{url}/restoration", json={"version": 1}).status_code == 409


def test_drafts_of_it_are_read_by_who_could_read_them(
    make: Make,
    as_animator: TestClient,
    as_editor: TestClient,
    as_evaluator: TestClient,
    workshop: Workshop,
    media: Media,
) -> None:
    made = make.testimony(workshop=workshop, media=[media], state=State.DRAFT)
    transcript = make.transcript(media, "À la maison.", approved_at=None)
    url = f"{API}/transcripts/{transcript.id}"
    put(as_animator, url, segments("Encore à la maison."))
    put(as_animator, url, segments("Remis."))
    as_animator.put(f"{address(made)}/submission")
    assert len(versions(as_animator, url)) == 3
    assert len(versions(as_editor, url)) == 1
    put(as_editor, url, segments("Corrigé."))
    assert len(versions(as_editor, url)) == 2
    assert "maison" not in as_editor.get(f"{url}/history").text
    as_editor.post(f"{address(made)}/decisions", json={"verdict": "accept"})
    assert as_evaluator.get(f"{url}/history").status_code == 404
    as_editor.put(f"{url}/approval")
    assert len(versions(as_evaluator, url)) == 1


def test_moments_of_somebody_who_refuses_are_withheld_in_every_version(
    make: Make, as_editor: TestClient, workshop: Workshop, media: Media, filmed: Testimony
) -> None:
    transcript = make.transcript(media, "Je dis zinzolin.", "On rit.")
    url = f"{API}/transcripts/{transcript.id}"
    put(as_editor, url, segments("Je dis zinzolin encore.", "On rit bien."))
    refuse(make, media, workshop, 0, 5_000)
    answer = as_editor.get(f"{url}/history").text
    assert "zinzolin" not in answer
    assert "bien" in answer
    hidden, read = whole(as_editor, url, 1)["segments"]
    assert (hidden["text"], hidden["withheld"], read["text"]) == (None, True, "On rit.")
    refused = as_editor.put(f"{url}/restoration", json={"version": 1})
    assert refused.status_code == 409
    assert refused.json()["withheld"] == 1


# Bundles


def test_a_bundle_was_composed_otherwise_and_is_as_before(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    consented: Callable[..., Excerpt],
    composed: Callable[..., dict[str, Any]],
    payload_of: Callable[..., dict[str, Any]],
) -> None:
    one, two = consented(), consented()
    made = composed(one)
    url = f"{API}/bundles/{made['id']}"
    item = {"excerpt_id": str(two.id), "caption": "Une tutrice, le soir"}
    changed = put(as_editor, url, payload_of(item, title="Autrement"))
    newest = versions(as_evaluator, url)[0]
    assert set(fields(newest)) == {"title", "sections"}
    (change,) = (c for c in newest["changes"] if c["field"] == "sections")
    assert "Une tutrice, le soir" in said(change["diff"], "delete")
    assert whole(as_evaluator, url, 1)["title"] == made["title"]
    assert as_animator.get(f"{url}/history").status_code == 404

    assert as_evaluator.put(f"{url}/restoration", json={"version": 1}).status_code == 403
    restored = put(as_editor, f"{url}/restoration", {"version": 1})
    assert restored["version"] > changed["version"]
    (section,) = restored["sections"]
    assert [i["excerpt_id"] for i in section["items"]] == [str(one.id)]
    as_editor.put(f"{url}/closure")
    assert as_editor.put(f"{url}/restoration", json={"version": 1}).status_code == 409


def test_items_that_are_there_still_keep_their_ids(
    as_editor: TestClient,
    consented: Callable[..., Excerpt],
    composed: Callable[..., dict[str, Any]],
    payload_of: Callable[..., dict[str, Any]],
) -> None:
    made = composed(consented())
    url = f"{API}/bundles/{made['id']}"
    (item,) = made["sections"][0]["items"]
    kept = {"id": item["id"], "excerpt_id": item["excerpt_id"], "caption": "Une légende"}
    put(as_editor, url, payload_of(kept))
    restored = put(as_editor, f"{url}/restoration", {"version": 1})
    assert restored["sections"][0]["items"] == [item]


def test_what_a_bundle_showed_and_is_gone_is_not_restored(
    as_editor: TestClient,
    consented: Callable[..., Excerpt],
    composed: Callable[..., dict[str, Any]],
    payload_of: Callable[..., dict[str, Any]],
) -> None:
    excerpt = consented()
    url = f"{API}/bundles/{composed(excerpt)['id']}"
    put(as_editor, url, payload_of())
    assert as_editor.delete(f"{API}/excerpts/{excerpt.id}").status_code == 204
    refused = as_editor.put(f"{url}/restoration", json={"version": 1})
    assert refused.status_code == 422
    pointers = [error["pointer"] for error in refused.json()["errors"]]
    assert pointers == ["#/sections/0/items/0/excerpt_id"]
    assert as_editor.delete(url).status_code == 204
    assert as_editor.get(f"{url}/history").status_code == 404
