"""What people want to know is asked before anything is given back; what became of it shows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.core.models import now
from app.excerpts.models import Excerpt, ExcerptState, ExcerptTheme, SelectorType
from app.testimonies.models import State
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from tests.audiences.conftest import EXPECTATIONS, Told
from tests.make import Make

BUNDLES = "/api/v1/bundles"
Consented = Callable[..., Excerpt]
Composed = Callable[..., dict[str, Any]]


def ask(client: TestClient, told: dict[str, Any]) -> dict[str, Any]:
    response = client.post(EXPECTATIONS, json=told)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def answer_of(client: TestClient, expectation: Any) -> str:
    """As it is told alone, and in the list, and as the filter finds it."""
    told = client.get(f"{EXPECTATIONS}/{expectation.id}").json()["answer"]
    listed = {i["id"]: i["answer"] for i in client.get(EXPECTATIONS).json()["items"]}
    assert listed[str(expectation.id)] == told
    for answer in ("answered", "not_answered", "no_material"):
        found = client.get(EXPECTATIONS, params={"answer": answer}).json()["items"]
        is_there = str(expectation.id) in {item["id"] for item in found}
        assert is_there is (answer == told), answer
        assert {item["answer"] for item in found} <= {answer}
    return str(told)


def test_it_says_what_was_told(as_editor: TestClient, asked: Told, make: Make) -> None:
    whose = make.decision_maker()
    told = asked(
        decision_maker_id=str(whose.id),
        intended_use="Préparer la commission",
        wanted_form="film",
        wanted_length_ms=180_000,
        channel="rendez-vous",
        due_on="2013-06-01",
    )
    response = as_editor.post(EXPECTATIONS, json=told)
    found = response.json()
    assert response.headers["location"] == f"{EXPECTATIONS}/{found['id']}"
    assert {name: found[name] for name in told} == told
    url = f"{EXPECTATIONS}/{found['id']}"
    assert as_editor.get(url).json() == found
    etag = as_editor.get(url).headers["etag"]
    changed = as_editor.put(url, json=asked(), headers={"If-Match": etag})
    assert (changed.json()["decision_maker_id"], changed.json()["version"]) == (None, 2)
    assert as_editor.put(url, json=asked(), headers={"If-Match": etag}).status_code == 412


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"audience": "nobody"}, "#/audience"),
        ({"wanted_form": "opera"}, "#/wanted_form"),
        ({"decision_maker_id": str(uuid4())}, "#/decision_maker_id"),
        ({"due_on": "2013-04-01"}, "#/due_on"),
        ({"asked_on": "hier"}, "#/asked_on"),
        ({"wanted_length_ms": 0}, "#/wanted_length_ms"),
        ({"wanted_length_ms": 2**31}, "#/wanted_length_ms"),
        ({"question": " "}, "#/question"),
        ({"question": "a\x00b"}, "#/question"),
        ({"channel": "a\nb"}, "#/channel"),
        ({"answer": "answered"}, "#/answer"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is(
    as_editor: TestClient, asked: Told, make: Make, given: dict[str, Any], pointer: str
) -> None:
    url = f"{EXPECTATIONS}/{make.expectation().id}"
    for answer in (
        as_editor.post(EXPECTATIONS, json=asked(**given)),
        as_editor.put(url, json=asked(**given)),
    ):
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_it_stays_of_its_scheme(as_editor: TestClient, asked: Told, make: Make) -> None:
    url = f"{EXPECTATIONS}/{make.expectation().id}"
    answer = as_editor.put(url, json=asked(scheme_id=str(make.scheme().id)))
    assert [error["code"] for error in answer.json()["errors"]] == ["stays"]


def test_who_composes_notes_it_who_evaluates_reads_it_and_others_see_nothing(
    as_evaluator: TestClient,
    as_animator: TestClient,
    as_administrator: TestClient,
    asked: Told,
    make: Make,
) -> None:
    url = f"{EXPECTATIONS}/{make.expectation().id}"
    assert as_evaluator.get(url).status_code == 200
    assert as_evaluator.post(EXPECTATIONS, json=asked()).status_code == 403
    assert as_evaluator.put(url, json=asked()).status_code == 403
    for outside in (as_animator, as_administrator):
        assert outside.get(url).status_code == 404
        assert outside.put(url, json=asked()).status_code == 404
        for answer in ([], ["no_material"], ["not_answered", "answered"]):
            found = outside.get(EXPECTATIONS, params={"answer": answer})
            assert found.json()["items"] == []
        assert outside.post(EXPECTATIONS, json=asked()).status_code == 403


def test_a_list_has_the_latest_asked_first_and_its_filters(
    as_editor: TestClient, make: Make
) -> None:
    whose = make.decision_maker()
    first = make.expectation(question="1", decision_maker_id=whose.id)
    make.expectation(question="2", asked_on=first.asked_on + timedelta(days=1))
    later = first.asked_on + timedelta(days=2)
    make.expectation(question="3", asked_on=later, audience="services")
    make.expectation(question="4", asked_on=first.asked_on, scheme_id=make.scheme().id)

    def questions(**params: Any) -> list[str]:
        found = as_editor.get(EXPECTATIONS, params=params).json()
        return [item["question"] for item in found["items"]]

    assert questions()[:2] == ["3", "2"]
    assert set(questions()[2:]) == {"1", "4"}
    assert questions(scheme_id=str(make.the_scheme.id)) == ["3", "2", "1"]
    assert questions(audience=["services", "cotefe"]) == ["3"]
    assert questions(decision_maker_id=str(whose.id)) == ["1"]
    page = as_editor.get(EXPECTATIONS, params={"limit": 3}).json()
    assert len(questions(limit=3, cursor=page["next_cursor"])) == 1


# What became of it


def test_it_is_answered_once_a_bundle_that_lists_it_is_published(
    as_editor: TestClient,
    make: Make,
    composed: Composed,
    consented: Consented,
    payload_of: Told,
) -> None:
    ours, other = make.expectation(), make.expectation(question="Une autre")
    bundle = composed(excerpt := consented(), expectation_ids=[str(ours.id)])
    url = f"{BUNDLES}/{bundle['id']}"
    assert answer_of(as_editor, ours) == "not_answered"
    as_editor.put(f"{url}/readiness")
    assert answer_of(as_editor, ours) == "not_answered"
    assert as_editor.post(f"{url}/releases").status_code == 201
    assert (answer_of(as_editor, ours), answer_of(as_editor, other)) == ("answered", "not_answered")

    # The same words answer another question: nothing else is published, and it counts.
    items = [{"excerpt_id": str(excerpt.id), "id": bundle["sections"][0]["items"][0]["id"]}]
    both = [str(other.id), str(ours.id)]
    as_editor.put(url, json=payload_of(*items, expectation_ids=both))
    assert answer_of(as_editor, ours) == "not_answered", "it is a draft anew"
    as_editor.put(f"{url}/readiness")
    assert as_editor.post(f"{url}/releases").status_code == 200
    assert as_editor.get(url).json()["state"] == "published"
    assert (answer_of(as_editor, ours), answer_of(as_editor, other)) == ("answered", "answered")
    as_editor.put(f"{url}/closure")
    assert answer_of(as_editor, ours) == "answered"


def test_there_is_no_material_where_nothing_was_heard(as_editor: TestClient, make: Make) -> None:
    assert answer_of(as_editor, make.expectation()) == "no_material"


def test_what_is_of_another_scheme_unread_or_unfinished_is_no_material(
    as_editor: TestClient, make: Make, consented: Consented
) -> None:
    expectation = make.expectation()
    elsewhere = make.expectation(scheme_id=make.scheme().id)
    consented(state=ExcerptState.NEEDS_REVIEW)
    make.excerpt(make.testimony())  # nobody consented
    make.excerpt(make.testimony(state=State.SUBMITTED))
    assert answer_of(as_editor, expectation) == "no_material"
    consented()
    assert answer_of(as_editor, expectation) == "not_answered"
    assert answer_of(as_editor, elsewhere) == "no_material"


def test_material_is_for_the_audience_and_in_the_form_that_is_wanted(
    as_editor: TestClient, make: Make, consented: Consented
) -> None:
    consented()  # for elected officials, as a web page
    whose = make.decision_maker(preferred_forms=["note", "web_page"])
    reader = make.decision_maker(preferred_forms=["note"])
    expected = {
        "not_answered": [
            make.expectation(),
            make.expectation(wanted_form="web_page"),
            make.expectation(decision_maker_id=whose.id),
            make.expectation(decision_maker_id=reader.id, wanted_form="web_page"),
        ],
        "no_material": [
            make.expectation(audience="services"),
            make.expectation(wanted_form="film"),
            make.expectation(decision_maker_id=reader.id),
        ],
    }
    for answer, expectations in expected.items():
        for expectation in expectations:
            assert answer_of(as_editor, expectation) == answer


def test_material_is_on_the_themes_of_who_asks(
    as_editor: TestClient, make: Make, consented: Consented
) -> None:
    travel = make.theme()
    car = make.theme(parent_id=travel.id)
    housing = make.theme()
    elsewhere = make.theme(scheme_id=make.scheme().id)
    excerpt = consented()
    with make.sessions.begin() as db:
        db.add(ExcerptTheme(excerpt_id=excerpt.id, theme_id=car.id, position=0))

    def asked_by(*themes: Any) -> str:
        whose = make.decision_maker(themes=themes)
        return answer_of(as_editor, make.expectation(decision_maker_id=whose.id))

    assert asked_by(car) == asked_by(travel) == asked_by(housing, car) == "not_answered"
    assert asked_by(housing) == "no_material"
    assert asked_by() == asked_by(elsewhere) == "not_answered", "no theme of this scheme is any"


def test_material_was_heard_in_the_territory_of_who_asks(as_editor: TestClient, make: Make) -> None:
    cell = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "note", Purpose.EVALUATION)
    witness = make.witness()
    make.consent(witness, cell)
    here = make.territory("83126").id
    make.excerpt(make.testimony(witnesses=[witness], territory_id=here))

    def asked_in(code: str) -> str:
        whose = make.decision_maker(territory_id=make.territory(code).id)
        return answer_of(as_editor, make.expectation(decision_maker_id=whose.id))

    assert [asked_in(code) for code in ("83126", "83", "93")] == ["not_answered"] * 3
    assert asked_in("04") == "no_material"


def test_what_the_gate_holds_back_is_no_material(
    as_editor: TestClient, make: Make, consented: Consented
) -> None:
    """Embargo, restriction, another person who refuses: `decide` alone knows."""
    expectation = make.expectation()
    cell = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "web_page", Purpose.EVALUATION)
    consented(restriction={"audiences": ["services"]})
    witness, silent = make.witness(), make.witness()
    make.consent(witness, cell)
    tomorrow = now() + timedelta(days=1)
    make.excerpt(make.testimony(witnesses=[witness], embargo_until=tomorrow))
    make.excerpt(make.testimony(witnesses=[witness, silent]))
    assert answer_of(as_editor, expectation) == "no_material"
    make.consent(silent, cell)
    assert answer_of(as_editor, expectation) == "not_answered"
    make.consent(silent, cell, verb=Verb.WITHDRAW)
    assert answer_of(as_editor, expectation) == "no_material"


def test_a_recording_is_material_as_a_sound_or_as_its_words(
    as_editor: TestClient, make: Make
) -> None:
    heard = Cell(Medium.VOICE, "elected_officials", "film", Purpose.EVALUATION)
    read = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "note", Purpose.EVALUATION)
    witness, media = make.witness(), make.media()
    make.consent(witness, heard)
    make.consent(witness, read)
    testimony = make.testimony(witnesses=[witness], media=[media], body=None)
    place = {"exact": None, "selector": SelectorType.TIME, "start": 0, "stop": 10_000}
    make.excerpt(testimony, media_id=media.id, **place)
    film = make.expectation(wanted_form="film")
    note = make.expectation(wanted_form="note")
    assert [answer_of(as_editor, one) for one in (film, note)] == ["not_answered", "no_material"]
    make.transcript(media, "J'ai suivi Karim toute la matinée.")
    assert answer_of(as_editor, note) == "not_answered"
    make.appearance(media, make.witness())  # somebody else is heard, who agreed to nothing
    assert [answer_of(as_editor, one) for one in (film, note)] == ["no_material", "no_material"]


def test_it_looks_beyond_the_first_passages(
    as_editor: TestClient, make: Make, consented: Consented, monkeypatch: Any
) -> None:
    monkeypatch.setattr("app.audiences.material.BATCH", 2)
    expectation = make.expectation()
    for _ in range(4):
        consented(restriction={"audiences": ["services"]})
    assert answer_of(as_editor, expectation) == "no_material"
    consented()
    assert answer_of(as_editor, expectation) == "not_answered"
