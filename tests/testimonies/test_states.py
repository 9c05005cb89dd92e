"""The way of a testimony: who moves it from where to where, and who sees it meanwhile."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.testimonies.models import State
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/testimonies"
DRAFT, SUBMITTED, ACCEPTED = State.DRAFT, State.SUBMITTED, State.ACCEPTED
RETURNED, REJECTED, WITHDRAWN = State.RETURNED, State.REJECTED, State.WITHDRAWN
ALL = list(State)

# Who, by what deed, from where to where. All the rest is refused.
MOVES: dict[str, dict[str, dict[State, State]]] = {
    "owner": {
        "submit": {DRAFT: SUBMITTED, SUBMITTED: SUBMITTED, RETURNED: SUBMITTED},
        "take back": {SUBMITTED: DRAFT, DRAFT: DRAFT},
        "change": {DRAFT: DRAFT, RETURNED: RETURNED},
    },
    "editor": {
        "accept": {SUBMITTED: ACCEPTED, REJECTED: ACCEPTED},
        "return": {SUBMITTED: RETURNED},
        "reject": {SUBMITTED: REJECTED, ACCEPTED: REJECTED},
        "change": {SUBMITTED: SUBMITTED, ACCEPTED: ACCEPTED},
    },
    "partner": {},
    "evaluator": {},
}
MOVES["partner"] = MOVES["owner"]
DEEDS = ["submit", "take back", "change", "accept", "return", "reject"]
SEES = {
    "owner": {DRAFT, SUBMITTED, ACCEPTED, RETURNED, REJECTED},
    "partner": {DRAFT, SUBMITTED, ACCEPTED, RETURNED, REJECTED},
    "integration": {DRAFT, SUBMITTED, ACCEPTED, RETURNED, REJECTED},
    "editor": {SUBMITTED, ACCEPTED, RETURNED, REJECTED},
    "editor at home": {SUBMITTED, ACCEPTED, RETURNED, REJECTED},
    "evaluator": {ACCEPTED},
    "evaluator at home": {ACCEPTED},
    "outsider": set(),
    "custodian": set(),
    "administrator": set(),
    "administrator at home": set(),
}
ROLES = {"owner": Role.ANIMATOR, "partner": Role.ANIMATOR, "outsider": Role.ANIMATOR}


@pytest.fixture
def workshop(make: Make, animator: Account) -> Workshop:
    films = make.organization()
    return make.workshop(organization=animator.organization, partner_organization_id=films.id)


@pytest.fixture
def people(
    client_for: ClientFor, make: Make, animator: Account, workshop: Workshop
) -> dict[str, TestClient]:
    def somebody(who: str) -> Account:
        name, _, home = who.partition(" at ")
        given: dict[str, Any] = {"role": ROLES.get(name) or Role(name)}
        if home or name in {"owner", "integration"}:
            given["organization"] = animator.organization
        elif name == "partner":
            return make.account_in(workshop.partner_organization_id)
        return make.account(**given)

    return {who: client_for(somebody(who)) for who in SEES}


def do(client: TestClient, deed: str, address: str, body: dict[str, Any]) -> int:
    if deed == "change":
        return client.put(address, json=body).status_code
    if deed == "submit":
        return client.put(f"{address}/submission").status_code
    if deed == "take back":
        return client.delete(f"{address}/submission").status_code
    decision = {"verdict": deed, "reason_code": None if deed == "accept" else "too_vague"}
    return client.post(f"{address}/decisions", json=decision).status_code


@pytest.mark.parametrize("who", list(MOVES))
def test_every_move(
    people: dict[str, TestClient],
    make: Make,
    workshop: Workshop,
    payload: dict[str, Any],
    who: str,
) -> None:
    client = people[who]
    for deed in DEEDS:
        for state in ALL:
            testimony = make.testimony(workshop=workshop, state=state)
            address = f"{URL}/{testimony.id}"
            status = do(client, deed, address, payload)
            moved = MOVES[who].get(deed, {})
            with make.sessions() as db:
                becomes = db.get_one(type(testimony), testimony.id).state

            case = (who, deed, state)
            if state not in SEES[who]:
                assert (status, becomes) == (404, state), case
            elif deed not in MOVES[who]:
                assert (status, becomes) == (403, state), case
            elif state in moved:
                assert status in {200, 201, 204}, case
                assert becomes == moved[state], case
            else:
                assert (status, becomes) == (409, state), case


def test_a_wrong_move_says_where_it_is(
    as_animator: TestClient, make: Make, workshop: Workshop
) -> None:
    accepted = make.testimony(workshop=workshop)
    response = as_animator.put(f"{URL}/{accepted.id}/submission")
    problem = response.json()
    assert response.status_code == 409
    assert (problem["type"], problem["status"]) == ("/problems/wrong-state", 409)
    assert problem["state"] == "accepted"


def test_who_sees_it_on_its_way(
    people: dict[str, TestClient], make: Make, workshop: Workshop
) -> None:
    made = {state: str(make.testimony(workshop=workshop, state=state).id) for state in ALL}
    for who, seen in SEES.items():
        client = people[who]
        listed = {t["id"] for t in client.get(URL).json()["items"]}
        assert listed == {made[state] for state in seen}, who
        counted = client.get(f"{URL}?count=true&limit=1").json()
        assert counted["total"] == len(seen), who
        for state in ALL:
            status = client.get(f"{URL}/{made[state]}").status_code
            assert status == (200 if state in seen else 404), (who, state)
            asked = client.get(f"{URL}?state={state}").json()["items"]
            assert len(asked) == (state in seen), (who, state)
