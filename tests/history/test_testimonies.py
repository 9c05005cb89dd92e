"""Every version of a testimony is kept, told to whoever could read it then, and may hold again."""

from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.accounts.models import Account
from app.core.db import Database
from app.history.models import Version
from app.testimonies.models import State, Testimony
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.history.conftest import TESTIMONIES, address, fields, put, said, versions, whole
from tests.make import Make

TO_TEAM = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)


def test_what_was_never_changed_has_one_version_and_cost_none(
    as_animator: TestClient, animator: Account, payload: dict[str, Any], database: Database
) -> None:
    made = as_animator.post(TESTIMONIES, json=payload).json()
    url = f"{TESTIMONIES}/{made['id']}"
    (first,) = versions(as_animator, url)
    assert first == {
        "version": 1,
        "at": made["created_at"],
        "by_id": str(animator.id),
        "withheld": False,
        "changes": None,
    }
    assert payload.items() <= whole(as_animator, url, 1).items()
    assert as_animator.get(f"{url}/history", params={"count": True}).json()["total"] == 1
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Version)) == 0


def test_a_change_tells_who_when_and_what_became_of_each_word(
    as_animator: TestClient, as_editor: TestClient, payload: dict[str, Any]
) -> None:
    made = as_animator.post(TESTIMONIES, json=payload).json()
    url = f"{TESTIMONIES}/{made['id']}"
    as_animator.put(f"{url}/submission")
    editor_id = as_editor.get("/api/v1/me").json()["id"]
    body = "J'ai suivi Karim et Awa la matinée."
    changed = put(as_editor, url, payload | {"body": body, "tags": ["tutorat"]})

    newest, first = versions(as_editor, url)
    assert (newest["version"], newest["by_id"]) == (changed["version"], editor_id)
    assert (first["version"], first["by_id"], first["changes"]) == (1, made["captured_by"], None)
    told = {change["field"]: change for change in newest["changes"]}
    assert told.keys() == {"body", "tags"}
    assert (told["tags"]["before"], told["tags"]["after"]) == ([], ["tutorat"])
    assert [(p["op"], p["text"]) for p in told["body"]["diff"]] == [
        ("equal", "J'ai suivi Karim"),
        ("delete", " toute"),
        ("insert", " et Awa"),
        ("equal", " la matinée."),
    ]
    assert whole(as_editor, url, 1)["body"] == payload["body"]
    assert whole(as_editor, url, changed["version"])["body"] == body


def test_a_put_that_says_the_same_is_no_version(
    as_editor: TestClient, testimony: Testimony, payload: dict[str, Any]
) -> None:
    url = address(testimony)
    put(as_editor, url, payload)
    put(as_editor, url, payload | {"title": "Autre"})
    put(as_editor, url, payload | {"title": "Autre"})
    assert len(versions(as_editor, url)) == 2


def test_what_changed_by_itself_in_between_is_a_version_of_nobodys(
    as_editor: TestClient, testimony: Testimony, payload: dict[str, Any], database: Database
) -> None:
    url = address(testimony)
    put(as_editor, url, payload | {"title": "Deux"})
    with database.write.begin() as db:
        db.get_one(Testimony, testimony.id).title = "Trois"
    put(as_editor, url, payload | {"title": "Quatre"})
    found = versions(as_editor, url)
    assert [whole(as_editor, url, v["version"])["title"] for v in found] == [
        *("Quatre", "Trois", "Deux", "Le premier jour")
    ]
    assert [v["by_id"] is None for v in found] == [False, True, False, False]


def test_pages_follow_one_another_and_each_diff_is_with_the_version_before(
    as_editor: TestClient, testimony: Testimony, payload: dict[str, Any]
) -> None:
    url = address(testimony)
    for n in range(4):
        put(as_editor, url, payload | {"title": f"Titre {n}"})
    answer = as_editor.get(f"{url}/history", params={"limit": 2, "count": True})
    found = answer.json()
    assert found["total"] == 5
    rest = as_editor.get(answer.links["next"]["url"]).json()["items"]
    told = [(c["before"], c["after"]) for v in (*found["items"], *rest) for c in v["changes"] or []]
    titles = ["Titre 3", "Titre 2", "Titre 1", "Titre 0", "Le premier jour"]
    assert told == [(before, after) for after, before in pairwise(titles)]


# Who reads which version


def test_a_wording_that_was_not_handed_over_stays_at_home(
    as_animator: TestClient, as_editor: TestClient, payload: dict[str, Any]
) -> None:
    made = as_animator.post(TESTIMONIES, json=payload | {"body": "Brouillon un."}).json()
    url = f"{TESTIMONIES}/{made['id']}"
    second = put(as_animator, url, payload | {"body": "Brouillon deux."})
    handed = put(as_animator, url, payload)
    as_animator.put(f"{url}/submission")

    assert len(versions(as_animator, url)) == 3
    (seen,) = versions(as_editor, url)
    assert (seen["version"], seen["changes"]) == (handed["version"], None)
    for version in (1, second["version"]):
        assert as_editor.get(f"{url}/history/{version}").status_code == 404
        refused = as_editor.put(f"{url}/restoration", json={"version": version})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "#/version"
    put(as_editor, url, payload | {"title": "De l'éditeur"})
    assert [fields(v) if v["changes"] else None for v in versions(as_editor, url)] == [
        *(["title"], None)
    ]


def test_an_evaluator_reads_only_what_was_accepted(
    as_animator: TestClient,
    as_editor: TestClient,
    as_evaluator: TestClient,
    payload: dict[str, Any],
) -> None:
    made = as_animator.post(TESTIMONIES, json=payload).json()
    url = f"{TESTIMONIES}/{made['id']}"
    as_animator.put(f"{url}/submission")
    put(as_editor, url, payload | {"title": "Avant la décision"})
    accepted = put(as_editor, url, payload | {"title": "Accepté"})
    assert as_evaluator.get(f"{url}/history").status_code == 404
    as_editor.post(f"{url}/decisions", json={"verdict": "accept"})
    assert [v["version"] for v in versions(as_evaluator, url)] == [accepted["version"]]
    put(as_editor, url, payload | {"title": "Après"})
    newest, before = versions(as_evaluator, url)
    assert (before["version"], before["changes"]) == (accepted["version"], None)
    (change,) = newest["changes"]
    assert (change["before"], change["after"], change["diff"]) == (None, "Après", None)
    assert len(versions(as_editor, url)) == 4


def test_what_an_editor_removed_after_the_acceptance_is_read_by_no_evaluator(
    as_editor: TestClient, as_evaluator: TestClient, testimony: Testimony, payload: dict[str, Any]
) -> None:
    """Who changed what sort of thing, and when, they read; of words, only those that stand now."""
    url = address(testimony)
    named = payload | {"title": "Karim", "body": "Karim m'a reçu.", "tags": ["karim"]}
    put(as_editor, url, named)
    put(as_editor, url, named | {"body": "K. m'a reçu, puis Karim."})
    last = put(as_editor, url, payload | {"title": None, "body": "On m'a reçu.", "tags": []})
    seen = versions(as_evaluator, url)
    assert [(v["by_id"], fields(v)) for v in seen[:2]] == [
        (v["by_id"], fields(v)) for v in versions(as_editor, url)[:2]
    ]
    assert set(fields(seen[0])) == {"title", "body", "tags"}
    for version in seen:
        told = as_evaluator.get(f"{url}/history/{version['version']}").text
        assert "arim" not in told
    assert "arim" not in as_evaluator.get(f"{url}/history").text
    assert "m'a reçu" in whole(as_evaluator, url, last["version"])["body"]
    assert "arim" in as_editor.get(f"{url}/history").text


def test_the_outsider_and_the_administrator_meet_nothing(
    as_outsider: TestClient, as_administrator: TestClient, testimony: Testimony
) -> None:
    for client in (as_outsider, as_administrator):
        assert client.get(f"{address(testimony)}/history").status_code == 404
        assert client.get(f"{address(testimony)}/history/1").status_code == 404


def test_nobody_reads_a_version_of_somebody_who_refuses_even_if_they_left_the_testimony(
    make: Make,
    as_editor: TestClient,
    as_animator: TestClient,
    workshop: Workshop,
    witness: Witness,
    payload: dict[str, Any],
) -> None:
    left = make.witness(workshop=workshop)
    both = make.testimony(workshop=workshop, witnesses=[witness, left], body="Ses mots à lui.")
    url = address(both)
    put(as_editor, url, payload | {"body": "Mes mots à moi."})
    assert whole(as_editor, url, 1)["body"] == "Ses mots à lui."

    make.consent(left, TO_TEAM, verb=Verb.REFUSE)
    for client in (as_editor, as_animator):
        answer = client.get(f"{url}/history")
        assert "Ses mots" not in answer.text
        newest, first = answer.json()["items"]
        assert (first["withheld"], first["changes"]) == (True, None)
        assert (newest["withheld"], newest["changes"]) == (False, None)
        assert client.get(f"{url}/history/1").status_code == 404
        refused = client.put(f"{url}/restoration", json={"version": 1})
        assert refused.status_code in (403, 409, 422)
    assert as_editor.put(f"{url}/restoration", json={"version": 1}).status_code == 422


# Restoring


def test_what_a_version_said_holds_again_as_a_new_version(
    as_editor: TestClient, testimony: Testimony, payload: dict[str, Any]
) -> None:
    url = address(testimony)
    changed = put(as_editor, url, payload | {"body": "Autre chose.", "tags": ["a"]})
    restored = put(as_editor, f"{url}/restoration", {"version": 1})
    assert restored["version"] > changed["version"]
    assert (restored["body"], restored["tags"]) == (payload["body"], [])
    assert as_editor.get(url).json()["body"] == payload["body"]
    assert [v["version"] for v in versions(as_editor, url)] == [
        *(restored["version"], changed["version"], 1)
    ]


def test_it_is_for_whose_turn_it_is_and_who_read_the_last_version(
    as_animator: TestClient,
    as_editor: TestClient,
    as_evaluator: TestClient,
    testimony: Testimony,
    payload: dict[str, Any],
) -> None:
    url = f"{address(testimony)}/restoration"
    put(as_editor, address(testimony), payload | {"title": "Autre"})
    assert as_evaluator.put(url, json={"version": 1}).status_code == 403
    assert as_animator.put(url, json={"version": 1}).status_code == 409
    stale = as_editor.put(url, json={"version": 1}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert as_editor.put(url, json={"version": 77}).status_code == 422
    assert as_editor.put(url, json={"version": "1"}).status_code == 422
    assert as_editor.put(url, json={"version": 1}).status_code == 200


def test_what_is_not_accepted_today_is_refused_where_it_is_wrong(
    make: Make, as_editor: TestClient, workshop: Workshop, witness: Witness, payload: dict[str, Any]
) -> None:
    theme = make.theme()
    coded = make.testimony(workshop=workshop, witnesses=[witness], themes=[theme])
    url = address(coded)
    put(as_editor, url, payload)
    with make.sessions.begin() as db:
        db.delete(db.merge(theme))
    refused = as_editor.put(f"{url}/restoration", json={"version": 1})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/theme_ids/0"
    assert as_editor.get(url).json()["body"] == payload["body"], "and nothing changed"


def test_a_theme_that_was_merged_since_holds_as_what_it_was_merged_into(
    make: Make, as_editor: TestClient, workshop: Workshop, witness: Witness, payload: dict[str, Any]
) -> None:
    theme, into = make.theme(), make.theme()
    coded = make.testimony(workshop=workshop, witnesses=[witness], themes=[theme, into])
    url = address(coded)
    put(as_editor, url, payload)
    merged = as_editor.put(f"/api/v1/themes/{theme.id}/merge", json={"into": str(into.id)})
    assert merged.status_code in (200, 204)
    assert as_editor.put(f"{url}/restoration", json={"version": 1}).status_code == 200
    assert as_editor.get(url).json()["theme_ids"] == [str(into.id)]


BODIES = st.lists(
    st.sampled_from(["Karim", "toute", "la", "matinée.", "\n", "é", "👩🏽‍🍳", "J'ai"]), min_size=1
).map(lambda words: " ".join(words).strip() or "a")
DEEDS = st.lists(st.one_of(BODIES, st.integers(0, 9)), min_size=1, max_size=6)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_is_changed_and_restored_nothing_is_lost(
    make: Make,
    as_editor: TestClient,
    workshop: Workshop,
    witness: Witness,
    payload: dict[str, Any],
    deeds: list[str | int],
) -> None:
    """Replaying the diffs from the oldest version on gives each text, up to the present one."""
    first = payload["body"]
    made = make.testimony(workshop=workshop, witnesses=[witness], body=first)
    url, texts = address(made), [first]
    for deed in deeds:
        known = versions(as_editor, url)
        if isinstance(deed, int):
            version = known[deed % len(known)]["version"]
            now = put(as_editor, f"{url}/restoration", {"version": version})["body"]
        else:
            now = put(as_editor, url, payload | {"body": deed})["body"]
        if now != texts[-1]:
            texts.append(now)
    text = whole(as_editor, url, 1)["body"]
    replayed: list[str] = []
    for version in reversed(versions(as_editor, url)):
        for change in version["changes"] or []:
            if change["field"] == "body":
                assert said(change["diff"], "insert") == text
                text = said(change["diff"], "delete")
        if not replayed or replayed[-1] != text:
            replayed.append(text)
    assert replayed == texts
    assert text == as_editor.get(url).json()["body"]


# Forgetting


def test_a_discarded_draft_takes_its_versions_with_it(
    as_animator: TestClient, payload: dict[str, Any], database: Database
) -> None:
    made = as_animator.post(TESTIMONIES, json=payload).json()
    url = f"{TESTIMONIES}/{made['id']}"
    put(as_animator, url, payload | {"body": "Autre chose."})
    assert as_animator.delete(url).status_code == 204
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Version)) == 0


def test_a_partner_and_its_host_read_the_same_versions(
    make: Make, client_for: ClientFor, animator: Account, payload: dict[str, Any]
) -> None:
    films = make.organization()
    workshop = make.workshop(organization=animator.organization, partner_organization_id=films.id)
    made = make.testimony(workshop=workshop, state=State.DRAFT)
    partner = client_for(make.account_in(films.id))
    assert len(versions(partner, address(made))) == 1


@pytest.mark.parametrize("version", ["0", "-1", "a", "99999999999", "1.5", "%00"])
def test_what_is_no_version_is_not_there(
    as_editor: TestClient, testimony: Testimony, version: str
) -> None:
    assert as_editor.get(f"{address(testimony)}/history/{version}").status_code == 404
