"""What writing and reading a proposition promise."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.core.models import now
from app.excerpts.models import Excerpt, ExcerptState
from app.propositions.models import PropositionState as S
from app.testimonies.models import State
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from tests.make import Make
from tests.propositions.conftest import URL

Said = Callable[..., Excerpt]
Written = Callable[..., dict[str, Any]]
INSIDE = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)


def ids_of(client: TestClient, **params: Any) -> set[str]:
    answer = client.get(URL, params=params)
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


# Who


def test_an_editor_writes_one_and_an_evaluator_reads_it(
    as_editor: TestClient, as_evaluator: TestClient, written: Written, said: Said
) -> None:
    excerpt = said()
    proposition = written(
        excerpt, due_on="2030-01-01", relayed_to="Pôle emploi", competence="state"
    )
    assert proposition["evidence"] == [
        {"excerpt_id": str(excerpt.id), "stance": "for", "state": "valid"}
    ]
    assert (proposition["state"], proposition["state_on"]) == ("martyr", None)
    assert (proposition["needs_review"], proposition["overdue"]) == (False, False)
    for reader in (as_editor, as_evaluator):
        found = reader.get(f"{URL}/{proposition['id']}")
        assert found.json() == proposition
        [listed] = reader.get(URL).json()["items"]
        assert listed.items() <= proposition.items()


@pytest.mark.parametrize("who", ["as_animator", "as_custodian", "as_administrator"])
def test_others_do_not_see_it(
    request: pytest.FixtureRequest, who: str, written: Written, said: Said
) -> None:
    client = request.getfixturevalue(who)
    proposition = written(said())
    assert client.get(URL).json()["items"] == []
    for path in ("", "/steps", "/history", "/history/1", "/page.html"):
        assert client.get(f"{URL}/{proposition['id']}{path}").status_code == 404


def test_a_custodian_on_a_case_does(as_custodian: TestClient, written: Written, said: Said) -> None:
    proposition = written(said())
    found = as_custodian.get(f"{URL}/{proposition['id']}", headers={"X-Reason": "Une plainte"})
    assert found.json()["id"] == proposition["id"]


def test_an_evaluator_proposes_nothing(
    as_evaluator: TestClient, written: Written, payload_of: Written, said: Said
) -> None:
    proposition = written(said())
    here = f"{URL}/{proposition['id']}"
    step = {"state": "proposed", "on": "2013-06-01"}
    assert as_evaluator.post(URL, json=payload_of()).status_code == 403
    assert as_evaluator.put(here, json=payload_of()).status_code == 403
    assert as_evaluator.post(f"{here}/steps", json=step).status_code == 403
    assert as_evaluator.put(f"{here}/restoration", json={"version": 1}).status_code == 403


# What it rests on


def test_evidence_of_another_scheme_or_that_is_not_seen_is_refused(
    as_editor: TestClient, make: Make, payload_of: Written, said: Said
) -> None:
    elsewhere = make.excerpt(make.testimony(workshop=make.workshop(scheme_id=make.scheme().id)))
    draft, withdrawn = said(state=State.DRAFT), said(state=State.WITHDRAWN)
    good = said()
    for excerpt in (elsewhere, draft, withdrawn):
        answer = as_editor.post(URL, json=payload_of(good, excerpt))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/evidence/1/excerpt_id"
    answer = as_editor.post(URL, json=payload_of(good, good))
    assert answer.json()["errors"][0]["code"] == "named_twice"
    nothing = payload_of(evidence=[{"excerpt_id": str(uuid4()), "stance": "against"}])
    assert as_editor.post(URL, json=nothing).status_code == 422
    assert ids_of(as_editor) == set()


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"kind": "miracle"}, "#/kind"),
        ({"competence": "europe"}, "#/competence"),
        ({"workshop_id": str(uuid4())}, "#/workshop_id"),
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"due_on": "demain"}, "#/due_on"),
        ({"title": "a\nb"}, "#/title"),
        ({"title": "\u202egpj.exe"}, "#/title"),
        ({"state": "adopted"}, "#/state"),
        ({"evidence": [{"excerpt_id": str(uuid4()), "stance": "maybe"}]}, "#/evidence/0/stance"),
        ({"co_authors": [{"role": "nobody"}]}, "#/co_authors/0/role"),
        (
            {"co_authors": [{"role": "tutor", "witness_id": str(uuid4())}]},
            "#/co_authors/0/witness_id",
        ),
        (
            {"co_authors": [{"role": "services", "organization_id": str(uuid4())}]},
            "#/co_authors/0/organization_id",
        ),
        (
            {
                "co_authors": [
                    {"role": "tutor", "witness_id": str(uuid4()), "organization_id": str(uuid4())}
                ]
            },
            "#/co_authors/0",
        ),
    ],
)
def test_a_mistake_is_pointed_at(
    as_editor: TestClient, payload_of: Written, given: dict[str, Any], pointer: str
) -> None:
    answer = as_editor.post(URL, json=payload_of(**given))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert ids_of(as_editor) == set()


def test_a_workshop_of_another_scheme_is_not_where_it_was_written(
    as_editor: TestClient, make: Make, payload_of: Written
) -> None:
    elsewhere = make.workshop(scheme_id=make.scheme().id)
    answer = as_editor.post(URL, json=payload_of(workshop_id=str(elsewhere.id)))
    assert answer.json()["errors"][0]["pointer"] == "#/workshop_id"


def test_what_people_wrote_stays_what_they_wrote(as_editor: TestClient, written: Written) -> None:
    strange = "*gras* #titre $1 {{7*7}} <img src=x> \u202eenvers"
    proposition = written(description=strange, experiment=strange, product=strange)
    found = as_editor.get(f"{URL}/{proposition['id']}").json()
    assert (found["description"], found["experiment"], found["product"]) == (strange,) * 3


# Who wrote it


def test_it_says_when_no_user_co_wrote_it(
    as_editor: TestClient, make: Make, written: Written
) -> None:
    alone = written()
    service = written(
        co_authors=[{"role": "services", "organization_id": str(make.organization().id)}]
    )
    witness = make.witness()
    together = written(co_authors=[{"role": "tutor", "witness_id": str(witness.id)}])
    anonymous = written(co_authors=[{"role": "young_person"}])
    for proposition in (alone, service):
        assert proposition["co_written"] is False
        assert proposition["label"] == "Aucun usager n'a co-écrit cette proposition."
    for proposition in (together, anonymous):
        assert (proposition["co_written"], proposition["label"]) == (True, None)
    assert together["co_authors"] == [
        {"role": "tutor", "witness_id": str(witness.id), "organization_id": None}
    ]


def test_a_co_author_has_their_own_role_in_this_scheme_and_did_not_leave(
    as_editor: TestClient, make: Make, payload_of: Written
) -> None:
    tutor, gone = make.witness(), make.witness(withdrawn_at=now())
    elsewhere = make.witness(workshop=make.workshop(scheme_id=make.scheme().id))

    def answer(role: str, witness: Any) -> tuple[int, Any]:
        author = {"role": role, "witness_id": str(witness.id)}
        found = as_editor.post(URL, json=payload_of(co_authors=[author]))
        told = found.json()
        return found.status_code, told.get("errors", [told])[0]["pointer"]

    assert answer("employer", tutor) == (422, "#/co_authors/0/role")
    assert answer("tutor", elsewhere) == (422, "#/co_authors/0/witness_id")
    assert answer("tutor", gone) == (409, "#/co_authors/0/witness_id")


# Changes


def test_it_is_written_again_in_full_by_who_knows_it_as_it_is(
    as_editor: TestClient, written: Written, payload_of: Written, said: Said
) -> None:
    first, second = said(), said()
    proposition = written(first, due_on="2013-09-01")
    here = f"{URL}/{proposition['id']}"
    etag = as_editor.get(here).headers["ETag"]
    changed = as_editor.put(
        here, json=payload_of(second, due_on="2013-12-01"), headers={"If-Match": etag}
    )
    assert changed.status_code == 200
    assert (changed.json()["version"], changed.json()["due_on"]) == (2, "2013-12-01")
    assert [e["excerpt_id"] for e in changed.json()["evidence"]] == [str(second.id)]
    stale = as_editor.put(here, json=payload_of(), headers={"If-Match": etag})
    assert stale.status_code == 412
    known = {"If-None-Match": as_editor.get(here).headers["ETag"]}
    assert as_editor.get(here, headers=known).status_code == 304


def test_it_stays_of_its_scheme(
    as_editor: TestClient, make: Make, written: Written, payload_of: Written
) -> None:
    proposition = written()
    elsewhere = payload_of(scheme_id=str(make.scheme().id))
    answer = as_editor.put(f"{URL}/{proposition['id']}", json=elsewhere)
    assert answer.json()["errors"][0]["code"] == "stays"


def test_its_history_keeps_what_was_planned_and_may_hold_again(
    as_editor: TestClient,
    as_evaluator: TestClient,
    written: Written,
    payload_of: Written,
    said: Said,
) -> None:
    excerpt = said()
    proposition = written(excerpt, due_on="2013-09-01")
    here = f"{URL}/{proposition['id']}"
    as_editor.put(here, json=payload_of(due_on="2013-12-01"))
    newest, first = as_evaluator.get(f"{here}/history").json()["items"]
    changes = {change["field"]: change for change in newest["changes"]}
    assert changes.keys() == {"due_on", "evidence"}
    assert (changes["due_on"]["before"], changes["due_on"]["after"]) == ("2013-09-01", "2013-12-01")
    whole = as_evaluator.get(f"{here}/history/{first['version']}").json()
    assert whole["content"]["evidence"] == [{"excerpt_id": str(excerpt.id), "stance": "for"}]
    again = as_editor.put(f"{here}/restoration", json={"version": 1})
    assert (again.status_code, again.json()["due_on"]) == (200, "2013-09-01")
    assert again.json()["evidence"] == proposition["evidence"]
    assert as_editor.put(f"{here}/restoration", json={"version": 9}).status_code == 422


def test_a_retry_writes_nothing_more(as_editor: TestClient, payload_of: Written) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (as_editor.post(URL, json=payload_of(), headers=key) for _ in range(2))
    assert first.json() == again.json()
    assert ids_of(as_editor) == {first.json()["id"]}


# Evidence that is not what it was


def test_evidence_that_changed_needs_a_review_and_says_which(
    as_editor: TestClient, make: Make, said: Said
) -> None:
    testimony = make.testimony()
    moved = make.excerpt(testimony, state=ExcerptState.NEEDS_REVIEW)
    rejected, fine = said(state=State.REJECTED), said()
    proposition = make.proposition(fine, moved, against=[rejected])
    noise = make.proposition(fine)
    found = as_editor.get(f"{URL}/{proposition.id}").json()
    assert found["needs_review"]
    assert [e["state"] for e in found["evidence"]] == ["valid", "needs_review", "not_accepted"]
    assert ids_of(as_editor, needs_review=True) == {str(proposition.id)}
    assert ids_of(as_editor, needs_review=False) == {str(noise.id)}
    assert ids_of(as_editor, evidence="not_accepted") == {str(proposition.id)}
    assert ids_of(as_editor, evidence="withdrawn") == set()


def test_an_excerpt_that_is_discarded_leaves_a_gap(
    as_editor: TestClient, written: Written, payload_of: Written, said: Said
) -> None:
    stays, goes = said(), said()
    proposition = written(stays, goes)
    here = f"{URL}/{proposition['id']}"
    assert as_editor.delete(f"/api/v1/excerpts/{goes.id}").status_code == 204
    found = as_editor.get(here).json()
    assert found["needs_review"]
    assert found["evidence"][1] == {"excerpt_id": None, "stance": "for", "state": "discarded"}
    reviewed = as_editor.put(here, json=payload_of(stays)).json()
    assert (reviewed["needs_review"], len(reviewed["evidence"])) == (False, 1)


def test_who_refuses_their_words_to_the_team_takes_them_from_it_at_once(
    as_editor: TestClient, make: Make
) -> None:
    witness = make.witness()
    excerpt = make.excerpt(make.testimony(witnesses=[witness]))
    proposition = make.proposition(excerpt)
    make.consent(witness, INSIDE, verb=Verb.REFUSE)
    found = as_editor.get(f"{URL}/{proposition.id}").json()
    assert found["needs_review"]
    assert found["evidence"] == [{"excerpt_id": None, "stance": "for", "state": "withdrawn"}]
    assert ids_of(as_editor, excerpt_id=excerpt.id) == set()
    make.consent(witness, INSIDE)
    assert not as_editor.get(f"{URL}/{proposition.id}").json()["needs_review"]
    assert ids_of(as_editor, excerpt_id=excerpt.id) == {str(proposition.id)}


# Lists


def test_the_filters_say_which(as_editor: TestClient, make: Make, said: Said) -> None:
    excerpt, other = said(), said()
    sent = make.proposition(excerpt, steps=[S.MARTYR, S.PROPOSED, S.SENT])
    draft = make.proposition(other, kind="communication", competence="other")
    elsewhere = make.proposition(scheme_id=make.scheme().id, steps=[S.ABANDONED])
    everything = {str(p.id) for p in (sent, draft, elsewhere)}
    assert ids_of(as_editor) == everything
    assert ids_of(as_editor, scheme_id=make.the_scheme.id) == {str(sent.id), str(draft.id)}
    assert ids_of(as_editor, kind="communication") == {str(draft.id)}
    assert ids_of(as_editor, competence=["region"]) == {str(sent.id), str(elsewhere.id)}
    assert ids_of(as_editor, state="martyr") == {str(draft.id)}
    assert ids_of(as_editor, state=["sent", "abandoned"]) == {str(sent.id), str(elsewhere.id)}
    assert ids_of(as_editor, state="proposed") == set(), "it was, and is not any more"
    assert ids_of(as_editor, excerpt_id=excerpt.id) == {str(sent.id)}
    assert ids_of(as_editor, updated_since="2000-01-01T00:00:00Z") == everything
    assert ids_of(as_editor, updated_since=(now() + timedelta(days=1)).isoformat()) == set()
    assert as_editor.get(URL, params={"state": "junk"}).status_code == 422
    assert as_editor.get(URL, params={"overdue": "perhaps"}).status_code == 422


def test_what_is_late_is_what_was_planned_before_today_and_did_not_end(
    as_editor: TestClient, make: Make
) -> None:
    today = now().date()
    yesterday = today - timedelta(days=1)
    late = make.proposition(due_on=yesterday, steps=[S.PROPOSED, S.SENT])
    fresh = make.proposition(due_on=yesterday)
    adopted = make.proposition(due_on=yesterday, steps=[S.PROPOSED, S.SENT, S.ADOPTED])
    refused = make.proposition(due_on=yesterday, steps=[S.PROPOSED, S.SENT, S.REFUSED])
    for_today, whenever = make.proposition(due_on=today), make.proposition()
    assert ids_of(as_editor, overdue=True) == {str(late.id), str(fresh.id)}
    others = (adopted, refused, for_today, whenever)
    assert ids_of(as_editor, overdue=False) == {str(p.id) for p in others}
    for item in as_editor.get(URL).json()["items"]:
        assert item["overdue"] == (item["id"] in {str(late.id), str(fresh.id)})


def test_pages_hold_all_of_them_once(as_editor: TestClient, make: Make, said: Said) -> None:
    made = {str(make.proposition(said()).id) for _ in range(5)}
    found: list[str] = []
    params: dict[str, Any] = {"limit": 2, "count": True}
    while True:
        page = as_editor.get(URL, params=params).json()
        assert page["total"] == 5
        found += [item["id"] for item in page["items"]]
        if not page["next_cursor"]:
            break
        params["cursor"] = page["next_cursor"]
    assert (set(found), len(found)) == (made, 5)
