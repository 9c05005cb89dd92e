"""When the source changes under an excerpt it follows its words, or asks for a review."""

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.testimonies.models import State, Testimony
from tests.excerpts.conftest import run_all
from tests.jobs.desk import Desk
from tests.make import Make

URL = "/api/v1/excerpts"


def test_it_follows_its_words_and_waits_for_a_review_without_them(
    as_editor: TestClient,
    make: Make,
    testimony: Testimony,
    payload: dict[str, Any],
    become: Callable[[str], None],
    db: Session,
) -> None:
    body = testimony.body or ""
    address = as_editor.post(URL, json=payload).headers["location"]
    elsewhere = make.excerpt(make.testimony())
    start = payload["selector"]["start"]
    seen = []
    for text in (f"Bon. {body}", f"{body} Voilà.", "Rien.", body, "Encore rien.", f"Ah. {body}"):
        become(text)
        shown = as_editor.get(address).json()
        seen.append((shown["state"], shown["selector"]["start"], shown["version"]))
        assert shown["quote"] == "j'ai suivi Karim"
        if shown["state"] == "valid":
            place = shown["selector"]
            assert text[place["start"] : place["end"]] == place["exact"]
            assert (place["prefix"] + place["exact"] + place["suffix"]) in text
    assert seen == [
        ("valid", start + 5, 2),
        ("valid", start, 3),
        ("needs_review", start, 4),
        ("valid", start, 5),
        ("needs_review", start, 6),
        ("valid", start + 4, 7),
    ]
    events = select(AuditEvent.action).where(AuditEvent.subject_kind == "excerpt")
    told = list(db.scalars(events.order_by(AuditEvent.created_at)))
    assert told == [
        *("excerpt.chosen", "excerpt.moved", "excerpt.moved", "excerpt.lost"),
        *("excerpt.found-again", "excerpt.lost", "excerpt.found-again"),
    ]
    facts = db.scalars(select(AuditEvent.facts).where(AuditEvent.action == "excerpt.moved"))
    assert all(fact.keys() == {"was", "start"} for fact in facts)
    assert as_editor.get(f"{URL}/{elsewhere.id}").json()["state"] == "valid"


def test_a_mirror_hears_that_it_moved(
    as_editor: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    become: Callable[[str], None],
) -> None:
    made = as_editor.post(URL, json=payload).json()
    since = f"{URL}?updated_since={made['updated_at']}"
    become(f"Bon. {testimony.body}")
    (heard,) = as_editor.get(since).json()["items"]
    assert heard["id"] == made["id"]
    assert heard["updated_at"] > made["updated_at"]
    assert heard["selector"]["start"] == made["selector"]["start"] + 5


def test_doing_it_twice_is_doing_it_once(
    as_editor: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    become: Callable[[str], None],
    desk: Desk,
    db: Session,
) -> None:
    address = as_editor.post(URL, json=payload).headers["location"]
    become(f"Bon. {testimony.body}")
    before = as_editor.get(address).json()
    desk.ask("testimony.changed", testimony_id=str(testimony.id))
    run_all(desk)
    assert as_editor.get(address).json() == before
    moved = select(func.count()).where(AuditEvent.action == "excerpt.moved")
    assert db.scalar(moved) == 1


def test_a_name_that_an_editor_removes_beside_the_words_is_not_kept_beside_them(
    as_editor: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    become: Callable[[str], None],
) -> None:
    become("Chez Leclerc, j'ai suivi Karim, du rayon frais.")
    place = {"start": 14, "end": 30, "exact": "j'ai suivi Karim"}
    sent = payload | {"selector": payload["selector"] | place}
    address = as_editor.post(URL, json=sent).headers["location"]
    become("Au magasin, j'ai suivi Karim, du rayon frais.")
    assert "Leclerc" not in as_editor.get(address).text
    assert as_editor.get(address).json()["selector"]["prefix"] == "Au magasin, "


def test_neither_are_words_with_a_name_that_the_source_does_not_say_any_more(
    as_editor: TestClient,
    as_evaluator: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    become: Callable[[str], None],
) -> None:
    """They wait for the editors: who studies excerpts does not read them meanwhile."""
    address = as_editor.post(URL, json=payload | {"practice": None, "nature": "feeling"}).headers[
        "location"
    ]
    become("Déjà le 1er jour, j'ai suivi un collègue : ça m'a plu.")
    (listed,) = as_evaluator.get(URL).json()["items"]
    for told in (as_evaluator.get(address).json(), listed):
        assert (told["state"], told["quote"]) == ("needs_review", None)
        assert "Karim" not in str(told)
    theirs = as_evaluator.get(f"{address}/annotation")
    assert "Karim" not in theirs.text
    assert theirs.json()["target"].keys() == {"type", "source"}
    (quote,) = as_editor.get(f"{address}/annotation").json()["target"]["selector"]
    assert (quote["type"], quote["exact"]) == ("TextQuoteSelector", "j'ai suivi Karim")
    assert as_editor.get(address).json()["quote"] == "j'ai suivi Karim"


def test_the_same_words_twice_are_told_apart_by_what_surrounds_them(
    as_editor: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    become: Callable[[str], None],
) -> None:
    body = "Le matin : c'est dur. Le soir, plus tard, quand je rentre enfin : c'est dur. Voilà."
    become(body)
    second = body.rindex("c'est dur")
    place = {"start": second, "end": second + 9, "exact": "c'est dur"}
    feeling = {"nature": "feeling", "practice": None}
    sent = payload | feeling | {"selector": payload["selector"] | place}
    address = as_editor.post(URL, json=sent).headers["location"]
    for text, state in (
        (f"Bonjour. {body}", "valid"),
        ("C'est dur. Non : c'est dur. Enfin : c'est dur.", "needs_review"),
        (body, "valid"),
    ):
        become(text)
        shown = as_editor.get(address).json()
        assert shown["state"] == state
        if state == "valid":
            assert shown["selector"]["start"] == text.rindex("c'est dur")


def test_who_corrects_it_may_be_who_wrote_it(
    as_editor: TestClient,
    as_animator: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    source: dict[str, Any],
    desk: Desk,
    make: Make,
) -> None:
    with make.sessions.begin() as db:
        db.execute(update(Testimony).values(state=State.SUBMITTED))
    address = as_editor.post(URL, json=payload).headers["location"]
    here = f"/api/v1/testimonies/{testimony.id}"
    returned = {"verdict": "return", "reason_code": "unclear"}
    terms = as_editor.get("/api/v1/vocabularies/rejection_reasons/terms").json()["items"]
    returned["reason_code"] = terms[0]["code"]
    assert as_editor.post(f"{here}/decisions", json=returned).status_code == 201
    written = as_animator.put(here, json=source | {"body": f"Bon. {testimony.body}"})
    assert written.status_code == 200, written.text
    run_all(desk)
    shown = as_editor.get(address).json()
    assert (shown["state"], shown["selector"]["start"]) == (
        "valid",
        payload["selector"]["start"] + 5,
    )


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


def test_it_follows_in_the_deed_itself(
    as_editor: TestClient,
    as_evaluator: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
    source: dict[str, Any],
    desk: Desk,
) -> None:
    """No work waits: while nobody works, words that are gone are not shown either."""
    sent = payload | {"practice": None, "nature": "feeling"}
    address = as_editor.post(URL, json=sent).headers["location"]
    here = f"/api/v1/testimonies/{testimony.id}"
    changed = as_editor.put(here, json=source | {"body": "J'ai suivi un collègue."})
    assert changed.status_code == 200, changed.text
    told = as_evaluator.get(address)
    assert (told.json()["state"], told.json()["quote"]) == ("needs_review", None)
    assert "Karim" not in told.text
    restored = as_editor.put(f"{here}/restoration", json={"version": 1})
    assert restored.status_code == 200, restored.text
    assert as_evaluator.get(address).json()["state"] == "valid"
    assert desk.jobs("testimony.changed") == []
