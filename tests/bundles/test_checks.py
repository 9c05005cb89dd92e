"""What the checks of a bundle find: consents cell by cell, the form, the balance, the writing."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.db import Database
from app.core.settings import settings
from app.excerpts.models import Excerpt, SelectorType
from app.testimonies.models import Nature, State
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.bundles.conftest import OFFICIALS, URL
from tests.jobs.desk import Desk
from tests.make import Make

API = "/api/v1"
PRACTICE = {"actor": "le tuteur", "action": "montre la caisse", "occasion": "le vendredi"}
Bundle = dict[str, Any]
Composed = Callable[..., Bundle]
Consented = Callable[..., Excerpt]
Finding = dict[str, Any]


def for_officials(medium: Medium, form: str) -> Cell:
    return Cell(medium, "elected_officials", form, Purpose.EVALUATION)


@pytest.fixture
def says(make: Make) -> Callable[..., Excerpt]:
    """An excerpt of these words, by a witness who agrees to this form; `filmed`, a passage."""

    def says(
        body: str = "Le premier jour, j'ai suivi Karim.",
        form: str = "web_page",
        *,
        filmed: bool = False,
        witness: Witness | None = None,
        workshop: Workshop | None = None,
        **given: Any,
    ) -> Excerpt:
        workshop = workshop or make.workshop()
        speaker = witness or make.witness(workshop=workshop, role=given.pop("role", "tutor"))
        shown = (Medium.ANONYMOUS_TEXT, Medium.VOICE, Medium.IMAGE)
        make.consent(speaker, *(for_officials(medium, form) for medium in shown))
        about = {"workshop": workshop, "witnesses": [speaker]}
        if not filmed:
            testimony = make.testimony(body=body, **about, method=given.pop("method", "written"))
            return make.excerpt(testimony, exact=body, **given)
        media = make.media(files={"clip-1000-2000.mp4": b"film"})
        testimony = make.testimony(body=body, media=[media], **about)
        time = {"selector": SelectorType.TIME, "media_id": media.id, "start": 1000, "stop": 2000}
        return make.excerpt(testimony, exact=None, **time, **given)

    return says


@pytest.fixture
def checked(as_editor: TestClient, payload_of: Composed) -> Callable[..., dict[str, Any]]:
    """The checks of a bundle of these items."""

    def checked(*items: Excerpt | dict[str, Any], **given: Any) -> dict[str, Any]:
        told = [i if isinstance(i, dict) else {"excerpt_id": str(i.id)} for i in items]
        bundle = as_editor.post(URL, json=payload_of(*told, **given))
        assert bundle.status_code == 201, bundle.text
        found: dict[str, Any] = as_editor.get(f"{URL}/{bundle.json()['id']}/checks").json()
        return found | {"bundle": bundle.json()}

    return checked


def only(found: dict[str, Any], code: str) -> Finding:
    """The one finding with this code."""
    [one] = [f for f in found["blockers"] + found["warnings"] if f["code"] == code]
    return dict(one)


def codes(found: dict[str, Any]) -> set[str]:
    return {f["code"] for f in found["blockers"] + found["warnings"]}


# Consent


def test_every_missing_cell_is_listed_with_its_own_reason_and_no_other(
    as_editor: TestClient, make: Make, checked: Composed, consented: Consented
) -> None:
    workshop = make.workshop()
    witness = make.witness(workshop=workshop)
    voice, image = (for_officials(m, "web_page") for m in (Medium.VOICE, Medium.IMAGE))
    make.consent(witness, OFFICIALS)
    make.consent(witness, voice, verb=Verb.REFUSE)
    media = make.media(files={"clip-1000-2000.mp4": b"film"})
    testimony = make.testimony(workshop=workshop, witnesses=[witness], media=[media])
    time = {"selector": SelectorType.TIME, "media_id": media.id, "start": 1000, "stop": 2000}
    filmed = make.excerpt(testimony, exact=None, names_employer=True, **time)
    shown = {"excerpt_id": str(filmed.id), "show_as": "video", "caption": "Au magasin"}

    found = checked(consented(), shown)
    [blocker] = found["blockers"]
    employer = for_officials(Medium.EMPLOYER_NAME, "web_page")
    assert blocker["item_id"] == found["bundle"]["sections"][0]["items"][1]["id"]
    assert blocker["facts"]["cells"] == [
        employer._asdict() | {"reason": "never-given"},
        image._asdict() | {"reason": "never-given"},
        voice._asdict() | {"reason": "refused"},
    ]
    assert blocker["message"] == (
        "Aucun accord n'a été donné pour cet usage. "
        "Cela concerne : le nom de l'employeur, l'image, la voix."
    )
    here = f"{URL}/{found['bundle']['id']}"
    as_editor.put(f"{here}/readiness")
    refused = as_editor.post(f"{here}/releases")
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/not-publishable"
    assert refused.json()["blockers"] == [blocker]


def test_a_testimony_that_is_rejected_says_so_in_each_cell(
    as_editor: TestClient, make: Make, composed: Composed, consented: Consented
) -> None:
    excerpt = consented()
    bundle = composed(excerpt)
    url = f"{API}/testimonies/{excerpt.testimony_id}/decisions"
    rejected = {"verdict": "reject", "reason_code": "too_vague"}
    assert as_editor.post(url, json=rejected).status_code == 201
    [blocker] = as_editor.get(f"{URL}/{bundle['id']}/checks").json()["blockers"]
    assert [cell["reason"] for cell in blocker["facts"]["cells"]] == ["not-accepted"]


# Items


def test_an_excerpt_whose_words_changed_after_it_was_chosen_blocks_and_is_named(
    as_editor: TestClient, database: Database, composed: Composed, consented: Consented
) -> None:
    stays, changes = consented(), consented()
    bundle = composed(stays, changes)
    here = f"{API}/testimonies/{changes.testimony_id}"
    told = as_editor.get(here).json()
    names = ("scheme_id", "workshop_id", "method", "recorded_on", "witness_ids")
    new = {name: told[name] for name in names} | {"body": "Tout autre chose, en vérité."}
    assert as_editor.put(here, json=new).status_code == 200
    Desk(database).work_all()
    found = as_editor.get(f"{URL}/{bundle['id']}/checks").json()
    review = only(found, "needs-review")
    assert review["item_id"] == bundle["sections"][0]["items"][1]["id"]
    assert review["facts"] == {"excerpt_id": str(changes.id)}
    as_editor.put(f"{URL}/{bundle['id']}/readiness")
    refused = as_editor.post(f"{URL}/{bundle['id']}/releases").json()
    assert "needs-review" in [blocker["code"] for blocker in refused["blockers"]]


def correct(editor: TestClient, excerpt: Excerpt, body: str) -> None:
    """The testimony says this from now on; no job has run since."""
    here = f"{API}/testimonies/{excerpt.testimony_id}"
    told = editor.get(here).json()
    names = ("scheme_id", "workshop_id", "method", "recorded_on", "witness_ids")
    new = {name: told[name] for name in names} | {"body": body}
    assert editor.put(here, json=new).status_code == 200


def test_words_that_were_corrected_block_at_once_whatever_the_worker_does(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    stays, changes = consented(), consented()
    bundle = composed(stays, changes)
    as_editor.put(f"{URL}/{bundle['id']}/readiness")
    correct(as_editor, changes, "Tout autre chose, en vérité.")
    review = only(as_editor.get(f"{URL}/{bundle['id']}/checks").json(), "needs-review")
    assert review["item_id"] == bundle["sections"][0]["items"][1]["id"]
    refused = as_editor.post(f"{URL}/{bundle['id']}/releases")
    assert refused.status_code == 409
    assert [found["code"] for found in refused.json()["blockers"]] == ["needs-review"]


def test_words_that_only_moved_block_nothing(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    moves = consented()
    bundle = composed(moves)
    as_editor.put(f"{URL}/{bundle['id']}/readiness")
    correct(as_editor, moves, f"Il faut dire ceci d'abord. {moves.exact}")
    assert as_editor.post(f"{URL}/{bundle['id']}/releases").status_code == 201


def test_what_was_published_before_the_correction_stays_as_it_was(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    excerpt = consented()
    bundle = composed(excerpt)
    as_editor.put(f"{URL}/{bundle['id']}/readiness")
    release = as_editor.post(f"{URL}/{bundle['id']}/releases").json()
    correct(as_editor, excerpt, "Tout autre chose, en vérité.")
    [section] = as_editor.get(f"{API}/releases/{release['id']}").json()["content"]["sections"]
    assert section["items"][0]["quote"] == excerpt.exact


def test_words_of_a_transcript_that_was_corrected_block_at_once_too(
    as_editor: TestClient, make: Make, composed: Composed
) -> None:
    workshop = make.workshop()
    witness = make.witness(workshop=workshop)
    make.consent(witness, OFFICIALS)
    media = make.media()
    said = make.transcript(media, "Avant.", "On s'appelle le soir.", "Après.")
    told = make.testimony(workshop=workshop, witnesses=[witness], media=[media])
    start = said.text.index("On s'appelle")
    place = {"start": start, "end": start + 21, "exact": "On s'appelle le soir."}
    selector = {"type": "text", "transcript_id": str(said.id), **place}
    chosen = {"testimony_id": str(told.id), "selector": selector, "nature": "feeling"}
    answer = as_editor.post(f"{API}/excerpts", json=chosen)
    assert answer.status_code == 201, answer.text
    item = {"excerpt_id": answer.json()["id"]}
    bundle = composed()
    new = {name: bundle[name] for name in ("scheme_id", "title", "audience", "form")}
    new |= {"sections": [{"title": "Les débuts", "items": [item]}]}
    here = f"{URL}/{bundle['id']}"
    assert as_editor.put(here, json=new).status_code == 200
    assert as_editor.get(f"{here}/checks").json()["blockers"] == []
    make.transcript(media, "Avant.", "Jamais personne n'appelle.", "Après.")
    assert only(as_editor.get(f"{here}/checks").json(), "needs-review")


def test_texts_of_the_editor_alone_are_an_empty_bundle(checked: Composed) -> None:
    assert only(checked({"text": "Rien que de moi."}), "empty-bundle")


def test_an_excerpt_of_another_scheme_is_not_chosen(
    as_editor: TestClient, make: Make, payload_of: Composed
) -> None:
    elsewhere = make.testimony(workshop=make.workshop(scheme_id=make.scheme().id))
    foreign = {"excerpt_id": str(make.excerpt(elsewhere).id)}
    refused = as_editor.post(URL, json=payload_of({"text": "à moi"}, foreign))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/sections/0/items/1/excerpt_id"


def test_500_items_are_refused(as_editor: TestClient, payload_of: Composed) -> None:
    assert as_editor.post(URL, json=payload_of(*[{"text": "à moi"}] * 500)).status_code == 422


def test_what_a_release_holds_is_not_deleted_even_once_out_of_the_bundle(
    as_editor: TestClient, composed: Composed, payload_of: Composed, consented: Consented
) -> None:
    excerpt = consented()
    here = f"{URL}/{composed(excerpt)['id']}"
    as_editor.put(f"{here}/readiness")
    assert as_editor.post(f"{here}/releases").status_code == 201
    assert as_editor.put(here, json=payload_of({"text": "à moi"})).status_code == 200
    for held in (f"{API}/excerpts/{excerpt.id}", here):
        refused = as_editor.delete(held)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")


def test_why_a_passage_was_chosen_is_for_editors_and_in_no_release(
    as_editor: TestClient, as_evaluator: TestClient, checked: Composed, consented: Consented
) -> None:
    why = "Le seul qui parle du soir."
    chosen = {"excerpt_id": str(consented().id), "selection_reason": why}
    found = checked(chosen, consented(), {"text": "Entre les deux"})
    items = found["bundle"]["sections"][0]["items"]
    silent = only(found, "no-selection-reason")
    assert silent in found["warnings"]
    assert silent["facts"] == {"items": [items[1]["id"]]}
    assert silent["message"].endswith("1 sur 2.")
    here = f"{URL}/{found['bundle']['id']}"
    for client in (as_editor, as_evaluator):
        assert client.get(here).json()["sections"][0]["items"][0]["selection_reason"] == why
    as_editor.put(f"{here}/readiness")
    release = as_editor.post(f"{here}/releases")
    assert release.status_code == 201
    assert why not in release.text
    assert "selection_reason" not in release.text


def test_once_every_choice_is_explained_nothing_is_said(
    checked: Composed, consented: Consented
) -> None:
    chosen = {"excerpt_id": str(consented().id), "selection_reason": "Le soir."}
    assert "no-selection-reason" not in codes(checked(chosen, {"text": "Entre les deux"}))


# Form


@pytest.mark.parametrize("form", ["film", "filmed_interview"])
def test_a_film_needs_something_to_hear_or_see(
    says: Consented, checked: Composed, form: str
) -> None:
    told, filmed = says(form=form), says(form=form, filmed=True)
    found = checked(told, form=form)
    assert [blocker["code"] for blocker in found["blockers"]] == ["no-recording"]
    assert found["blockers"][0]["item_id"] is None
    with_a_film = checked(told, {"excerpt_id": str(filmed.id), "show_as": "video"}, form=form)
    assert with_a_film["blockers"] == []
    assert [b["code"] for b in checked(form=form)["blockers"]] == ["empty-bundle"]


@pytest.mark.parametrize("form", ["event", "web_page", "theatre"])
def test_other_forms_ask_for_nothing_of_their_own(
    as_editor: TestClient, says: Consented, checked: Composed, form: str
) -> None:
    if form == "theatre":
        term = {"code": form, "label_fr": "Théâtre-forum", "label_en": "Forum theatre"}
        answer = as_editor.post(f"{API}/vocabularies/forms/terms", json=term)
        assert answer.status_code == 201, answer.text
    found = checked(says("mot " * 2500, form=form), form=form)
    assert found["blockers"] == []
    assert not codes(found) & {"no-recording", "long-quote", "long-note"}


def test_a_quote_on_a_panel_is_short(
    says: Consented, checked: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "panel_words_max", 6)
    fits, too_long = (
        says("Un deux trois quatre cinq six", "exhibition"),
        says("Un deux trois quatre cinq six sept", "exhibition"),
    )
    found = checked(fits, too_long, form="exhibition")
    warning = only(found, "long-quote")
    assert warning["item_id"] == found["bundle"]["sections"][0]["items"][1]["id"]
    assert warning["facts"] == {"words": 7, "most": 6}
    assert found["blockers"] == []


def test_a_note_is_read_between_two_meetings(
    says: Consented, checked: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Introduction 3 words, title 2, the editor's own text 3, caption 2, quote 5."""
    quote = {"excerpt_id": str(says("Un deux trois quatre cinq", "note").id), "caption": "Un soir"}
    items = quote, {"text": "De ma main"}
    monkeypatch.setattr(settings(), "note_words_max", 15)
    assert "long-note" not in codes(checked(*items, form="note"))
    monkeypatch.setattr(settings(), "note_words_max", 14)
    found = checked(*items, form="note")
    assert only(found, "long-note")["facts"] == {"words": 15, "most": 14}


# Balance


def test_six_people_of_several_roles_who_tell_what_they_do_leave_nothing_to_say(
    says: Consented, checked: Composed
) -> None:
    told = [
        says(nature=Nature.PRACTICE, practice=PRACTICE, role=role)
        for role in ("tutor", "employer") * 3
    ]
    found = checked(*told)
    assert codes(found) == {"no-expectation", "no-selection-reason"}


def test_one_person_in_more_than_half_of_the_passages_is_said(
    make: Make, says: Consented, checked: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    talkative = make.witness()
    hers = [says(witness=talkative) for _ in range(3)]
    others = [says() for _ in range(3)]
    assert "one-voice" not in codes(checked(*hers, *others)), "half is not more than half"
    found = checked(*hers, *others[:2])
    warning = only(found, "one-voice")
    assert warning["facts"] == {"id": str(talkative.id), "passages": 3, "share": 0.6}
    assert warning["message"] == "La même personne parle dans 60 % des passages."
    monkeypatch.setattr(settings(), "voice_share_max", 0.6)
    assert "one-voice" not in codes(checked(*hers, *others[:2]))


def test_so_is_one_workshop_though_several_people_speak(
    make: Make, says: Consented, checked: Composed
) -> None:
    workshop = make.workshop()
    here = [says(workshop=workshop) for _ in range(2)]
    found = checked(*here, says())
    warning = only(found, "one-workshop")
    assert warning["facts"] == {"id": str(workshop.id), "passages": 2, "share": 0.6667}
    assert "one-voice" not in codes(found)


def test_a_single_passage_is_few_voices_and_nobody_dominates(
    says: Consented, checked: Composed
) -> None:
    found = checked(says())
    assert only(found, "few-voices")["facts"] == {"voices": 1, "least": 6}
    assert not codes(found) & {"one-voice", "one-workshop"}


def test_a_role_that_was_heard_and_does_not_speak_is_named(
    make: Make, says: Consented, checked: Composed
) -> None:
    tutor = says(role="tutor")
    says(role="employer")
    says(role="employer")
    says(role="field_actor")
    refuses = make.witness(role="support_worker")
    to_team = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)
    make.consent(refuses, to_team, verb=Verb.REFUSE)
    make.excerpt(make.testimony(witnesses=[refuses]))
    make.excerpt(
        make.testimony(witnesses=[make.witness(role="young_person")], state=State.REJECTED)
    )
    found = checked(tutor)
    warning = only(found, "roles-missing")
    assert warning["facts"] == {"roles": ["employer", "field_actor"]}
    assert "Employeur" in warning["message"]
    assert only(found, "one-point-of-view")["facts"] == {"role": "tutor"}
    both = codes(checked(tutor, says(role="employer"), says(role="field_actor")))
    assert not both & {"roles-missing", "one-point-of-view"}


def test_feelings_alone_are_said_to_be_alone(says: Consented, checked: Composed) -> None:
    feeling, idea = says(nature=Nature.FEELING), says(nature=Nature.IDEA)
    assert "only-feelings" in codes(checked(feeling, feeling))
    assert "only-feelings" not in codes(checked(feeling, idea))


def test_of_nothing_no_balance_is_told(checked: Composed, says: Consented) -> None:
    says()
    found = codes(checked(introduction=None))
    assert found == {"empty-bundle", "no-expectation", "no-introduction"}


def test_what_is_only_a_warning_forbids_nothing(
    as_editor: TestClient, checked: Composed, says: Consented
) -> None:
    found = checked(says(), introduction=None)
    assert found["warnings"]
    here = f"{URL}/{found['bundle']['id']}"
    as_editor.put(f"{here}/readiness")
    assert as_editor.post(f"{here}/releases").status_code == 201
