"""What the steps of a proposition promise."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.models import now
from app.propositions.models import Proposition
from app.propositions.models import PropositionState as S
from app.propositions.steps import EXPLAINED, FIRST, FOLLOWING
from tests.make import Make
from tests.propositions.conftest import URL

PATHS = {
    S.MARTYR: [],
    S.PROPOSED: [S.PROPOSED],
    S.SENT: [S.PROPOSED, S.SENT],
    S.ACCEPTED: [S.PROPOSED, S.SENT, S.ACCEPTED],
    S.REFUSED: [S.PROPOSED, S.SENT, S.REFUSED],
    S.EXPERIMENT: [S.PROPOSED, S.SENT, S.EXPERIMENT],
    S.ADOPTED: [S.PROPOSED, S.SENT, S.ADOPTED],
    S.ABANDONED: [S.PROPOSED, S.ABANDONED],
}


def take(client: TestClient, proposition: Proposition, state: str, **facts: Any) -> Any:
    on = {"on": "2013-12-24"}
    return client.post(f"{URL}/{proposition.id}/steps", json={"state": state} | on | facts)


def state_of(client: TestClient, proposition: Proposition) -> tuple[str, str | None]:
    found = client.get(f"{URL}/{proposition.id}").json()
    return found["state"], found["state_on"]


def test_its_state_is_that_of_its_last_step(
    as_editor: TestClient, as_evaluator: TestClient, make: Make, db: Session
) -> None:
    proposition, noise = make.proposition(), make.proposition(steps=[S.PROPOSED])
    road = [
        ("martyr", "2013-06-01", None),
        ("proposed", "2013-06-20", None),
        ("sent", "2013-07-01", None),
        ("experiment", "2013-09-02", "Deux employeurs essaient jusqu'à Noël."),
        ("adopted", "2013-12-20", "L'essai a convaincu."),
    ]
    for state, on, reason in road:
        taken = take(
            as_editor, proposition, state, on=on, reason=reason, responsible="Service emploi"
        )
        assert taken.status_code == 201, taken.text
        assert state_of(as_evaluator, proposition) == (state, on)
    steps = as_evaluator.get(f"{URL}/{proposition.id}/steps").json()["items"]
    assert [(s["state"], s["on"], s["reason"]) for s in steps] == road
    assert [s["number"] for s in steps] == [1, 2, 3, 4, 5]
    assert {s["responsible"] for s in steps} == {"Service emploi"}
    assert as_editor.get(f"{URL}/{proposition.id}").json()["version"] == 6
    assert state_of(as_editor, noise)[0] == "proposed"
    taken = db.scalars(select(AuditEvent).where(AuditEvent.action == "proposition.step-taken"))
    assert sorted(e.facts["number"] for e in taken) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("state", list(S))
def test_only_what_may_follow_follows(as_editor: TestClient, make: Make, state: S) -> None:
    for next_ in S:
        proposition = make.proposition(steps=PATHS[state])
        answer = take(as_editor, proposition, next_, reason="Parce que.")
        possible = FOLLOWING[state] if PATHS[state] else FIRST
        if next_ in possible:
            assert answer.status_code == 201, (state, next_)
            continue
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/wrong-state")
        assert (answer.json()["state"], answer.json()["next_states"]) == (state, list(possible))
        assert state_of(as_editor, proposition)[0] == state


def test_what_may_follow_is_told(as_editor: TestClient, make: Make) -> None:
    for state, path in PATHS.items():
        found = as_editor.get(f"{URL}/{make.proposition(steps=path).id}").json()
        assert found["next_states"] == list(FOLLOWING[state] if path else FIRST)


@given(some.lists(some.sampled_from(list(S)), max_size=12))
def test_nothing_is_decided_that_was_not_sent(wanted: list[S]) -> None:
    state, known = S.MARTYR, {S.MARTYR}
    for next_ in wanted:
        if next_ in FOLLOWING[state]:
            state = next_
            known.add(state)
    if known & {S.ACCEPTED, S.REFUSED, S.EXPERIMENT, S.ADOPTED}:
        assert {S.PROPOSED, S.SENT} <= known


@pytest.mark.parametrize("state", EXPLAINED)
@pytest.mark.parametrize("reason", [{}, {"reason": None}, {"reason": "  "}])
def test_who_refuses_or_abandons_says_why(
    as_editor: TestClient, make: Make, state: S, reason: dict[str, Any]
) -> None:
    proposition = make.proposition(steps=PATHS[S.SENT])
    answer = take(as_editor, proposition, state, **reason)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/reason"
    assert state_of(as_editor, proposition)[0] == "sent"


def test_a_step_is_of_a_day_that_came_and_is_not_before_the_last(
    as_editor: TestClient, make: Make
) -> None:
    proposition = make.proposition(steps=PATHS[S.SENT])  # on 2013-07-03
    tomorrow = (now().date() + timedelta(days=2)).isoformat()
    for on in (tomorrow, "2013-07-02", "hier", None):
        answer = take(as_editor, proposition, "accepted", on=on)
        assert answer.status_code == 422, on
        assert answer.json()["errors"][0]["pointer"] == "#/on"
    assert take(as_editor, proposition, "accepted", on="2013-07-03").status_code == 201


def test_a_retry_is_no_second_step(as_editor: TestClient, make: Make) -> None:
    proposition = make.proposition()
    key = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    step = {"state": "proposed", "on": "2013-06-01"}
    here = f"{URL}/{proposition.id}/steps"
    answers = [as_editor.post(here, json=step, headers=key) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert len(as_editor.get(here).json()["items"]) == 1


def test_a_step_is_for_who_knows_it_as_it_is(as_editor: TestClient, make: Make) -> None:
    proposition = make.proposition(steps=[S.PROPOSED])
    here = f"{URL}/{proposition.id}"
    etag = as_editor.get(here).headers["ETag"]
    sent = {"state": "sent", "on": "2013-08-01"}
    assert as_editor.post(f"{here}/steps", json=sent, headers={"If-Match": etag}).is_success
    accepted = {"state": "accepted", "on": "2013-08-01"}
    stale = as_editor.post(f"{here}/steps", json=accepted, headers={"If-Match": etag})
    assert stale.status_code == 412
