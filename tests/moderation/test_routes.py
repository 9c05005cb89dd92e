"""What decisions promise: each with its reason, all of them kept. See also `testimonies`."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.moderation import service as moderation
from app.moderation.models import Decision
from app.testimonies.models import State, Testimony
from tests.conftest import ClientFor
from tests.make import Make

RETURN = {"verdict": "return", "reason_code": "too_vague", "comment": "Que s'est-il passé ?"}
REJECT = {"verdict": "reject", "reason_code": "offensive"}
ACCEPT = {"verdict": "accept"}


@pytest.fixture
def testimony(make: Make, animator: Account) -> Testimony:
    return make.testimony(organization=animator.organization, state=State.SUBMITTED)


@pytest.fixture
def address(testimony: Testimony) -> str:
    return f"/api/v1/testimonies/{testimony.id}/decisions"


def test_an_editor_returns_it_and_says_why(
    as_editor: TestClient,
    as_animator: TestClient,
    address: str,
    testimony: Testimony,
    db: Session,
) -> None:
    response = as_editor.post(address, json=RETURN)

    assert response.status_code == 201
    shown = response.json()
    assert shown.items() >= {**RETURN, "testimony_id": str(testimony.id)}.items()
    assert as_animator.get(address).json()["items"] == [shown]
    now = as_animator.get(f"/api/v1/testimonies/{testimony.id}").json()
    assert (now["state"], now["version"]) == ("returned", 2)
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "testimony.decided")).one()
    assert (event.subject_id, event.facts) == (testimony.id, {"verdict": "return"})


def test_the_log_keeps_every_decision_in_order(
    as_editor: TestClient, as_animator: TestClient, address: str, make: Make
) -> None:
    decided = [as_editor.post(address, json=RETURN).json()]
    assert as_animator.put(address.replace("decisions", "submission")).status_code == 204
    decided += [as_editor.post(address, json=one).json() for one in (ACCEPT, REJECT, ACCEPT)]
    other = make.testimony(state=State.SUBMITTED)
    as_editor.post(f"/api/v1/testimonies/{other.id}/decisions", json=ACCEPT)

    assert [d["verdict"] for d in decided] == ["return", "accept", "reject", "accept"]
    assert as_editor.get(address).json()["items"] == decided
    first = as_editor.get(f"{address}?limit=3")
    rest = as_editor.get(first.links["next"]["url"])
    assert first.json()["items"] + rest.json()["items"] == decided


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"verdict": "return"}, "#/reason_code"),
        ({"verdict": "reject", "comment": "Non."}, "#/reason_code"),
        ({"verdict": "reject", "reason_code": "ugly"}, "#/reason_code"),
        ({"verdict": "accept", "reason_code": "ugly"}, "#/reason_code"),
        ({"verdict": "forget"}, "#/verdict"),
        ({}, "#/verdict"),
        ({"verdict": "accept", "comment": "a" * 4001}, "#/comment"),
    ],
)
def test_without_its_reason_nothing_is_decided(
    as_editor: TestClient, address: str, wrong: dict[str, Any], pointer: str, db: Session
) -> None:
    response = as_editor.post(address, json=wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert db.scalars(select(Decision)).all() == []


@pytest.mark.parametrize(
    ("state", "possible"),
    [
        (State.SUBMITTED, {"accept", "return", "reject"}),
        (State.ACCEPTED, {"reject"}),
        (State.REJECTED, {"accept"}),
        (State.RETURNED, set()),
    ],
)
def test_what_may_be_decided_when(
    as_editor: TestClient, make: Make, state: State, possible: set[str]
) -> None:
    for verdict in (ACCEPT, RETURN, REJECT):
        testimony = make.testimony(state=state)
        response = as_editor.post(f"/api/v1/testimonies/{testimony.id}/decisions", json=verdict)
        if verdict["verdict"] in possible:
            assert response.status_code == 201
        else:
            assert (response.status_code, response.json()["state"]) == (409, state)
            assert response.json()["type"] == "/problems/wrong-state"


def test_a_draft_is_not_there_to_be_decided(as_editor: TestClient, make: Make) -> None:
    draft = make.testimony(state=State.DRAFT)
    decisions = f"/api/v1/testimonies/{draft.id}/decisions"
    assert as_editor.post(decisions, json=ACCEPT).status_code == 404
    assert as_editor.get(decisions).status_code == 404


def test_of_ten_who_decide_at_once_one_does(
    as_editor: TestClient, address: str, db: Session
) -> None:
    with ThreadPoolExecutor(10) as threads:
        answers = threads.map(lambda _: as_editor.post(address, json=ACCEPT), range(10))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert len(db.scalars(select(Decision)).all()) == 1


def test_who_read_an_older_version_decides_nothing(
    as_editor: TestClient, address: str, testimony: Testimony
) -> None:
    old = {"If-Match": '"7"'}
    assert as_editor.post(address, json=ACCEPT, headers=old).status_code == 412
    read = {"If-Match": '"1"'}
    assert as_editor.post(address, json=ACCEPT, headers=read).status_code == 201


def test_a_retry_decides_once(as_editor: TestClient, address: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (as_editor.post(address, json=ACCEPT, headers=key) for _ in range(2))
    assert first.content == again.content
    assert len(as_editor.get(address).json()["items"]) == 1


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ANIMATOR, 403),
        (Role.INTEGRATION, 403),
        (Role.EVALUATOR, 404),
        (Role.CUSTODIAN, 404),
        (Role.ADMINISTRATOR, 404),
    ],
)
def test_only_editors_decide(
    client_for: ClientFor, make: Make, animator: Account, address: str, role: Role, status: int
) -> None:
    colleague = client_for(make.account(role=role, organization=animator.organization))
    assert colleague.post(address, json=ACCEPT).status_code == status


def test_an_evaluator_reads_what_is_accepted_and_decides_nothing(
    as_evaluator: TestClient, make: Make
) -> None:
    accepted = make.testimony()
    decisions = f"/api/v1/testimonies/{accepted.id}/decisions"
    assert as_evaluator.post(decisions, json=REJECT).status_code == 403


# Which decisions are possible


@pytest.mark.parametrize("verdict", [ACCEPT, RETURN, REJECT])
@pytest.mark.parametrize("state", [State.ACCEPTED, State.RETURNED, State.REJECTED])
def test_only_what_may_be_decided_is(
    as_editor: TestClient, make: Make, state: State, verdict: dict[str, str]
) -> None:
    """What waits may become anything; accepted and rejected may become one another: no more."""
    possible = {(State.ACCEPTED, "reject"), (State.REJECTED, "accept")}
    testimony = make.testimony(state=state)
    here = f"/api/v1/testimonies/{testimony.id}"
    answer = as_editor.post(f"{here}/decisions", json=verdict)
    if (state, verdict["verdict"]) in possible:
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/wrong-state")
    assert answer.json()["state"] == state
    assert as_editor.get(here).json()["version"] == 1


def test_what_was_withdrawn_is_not_there_to_be_decided(as_editor: TestClient, make: Make) -> None:
    gone = make.testimony(state=State.WITHDRAWN)
    assert (
        as_editor.post(f"/api/v1/testimonies/{gone.id}/decisions", json=ACCEPT).status_code == 404
    )


def test_a_reason_that_is_not_given_any_more_is_refused(
    as_editor: TestClient, make: Make, address: str
) -> None:
    term = "/api/v1/vocabularies/rejection_reasons/terms"
    new = {"code": "too_long", "label_fr": "Trop long", "label_en": "Too long", "facts": {}}
    assert as_editor.post(term, json=new).status_code == 201
    retired = as_editor.put(f"{term}/too_long", json=new | {"retired": True})
    assert retired.status_code == 200
    refused = as_editor.post(address, json=RETURN | {"reason_code": "too_long"})
    assert refused.json()["errors"][0]["code"] == "unknown_term"


def test_what_editors_wrote_goes_with_the_words(
    as_editor: TestClient, address: str, testimony: Testimony, make: Make, db: Session
) -> None:
    assert as_editor.post(address, json=RETURN).status_code == 201
    other = make.testimony(state=State.SUBMITTED)
    as_editor.post(f"/api/v1/testimonies/{other.id}/decisions", json=RETURN)
    with make.sessions.begin() as session:
        moderation.erase(session, [testimony.id])
    kept = db.execute(select(Decision.testimony_id, Decision.comment, Decision.reason_code)).all()
    assert {tuple(row) for row in kept} == {
        (testimony.id, None, "too_vague"),
        (other.id, RETURN["comment"], "too_vague"),
    }
