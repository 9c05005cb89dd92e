"""What the API of groups promises: who runs them, who belongs to them, what they agree on."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.models import now
from app.workshops.models import Group
from tests.conftest import ClientFor
from tests.groups.conftest import URL, a_protocol
from tests.make import Make


@pytest.fixture
def payload(make: Make) -> dict[str, Any]:
    return {"scheme_id": str(make.the_scheme.id), "name": "Groupe témoin de Berthe"}


def items(client: TestClient, url: str = URL) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(url).json()["items"]
    return found


def pointer_of(response: Any) -> str:
    assert response.status_code == 422, response.text
    return str(response.json()["errors"][0]["pointer"])


def test_an_animator_forms_one_and_describes_it_again(
    as_animator: TestClient, animator: Account, payload: dict[str, Any]
) -> None:
    response = as_animator.post(URL, json=payload)
    assert response.status_code == 201
    group = response.json()
    assert group["owner_organization_id"] == str(animator.organization_id)
    assert (group["present_members"], group["protocol_number"]) == (0, None)
    assert as_animator.get(response.headers["location"]).json() == group
    assert items(as_animator) == [group]

    url = f"{URL}/{group['id']}"
    changed = as_animator.put(
        url, json=payload | {"name": "Le groupe"}, headers={"If-Match": '"1"'}
    )
    assert (changed.json()["name"], changed.json()["version"]) == ("Le groupe", 2)
    late = as_animator.put(url, json=payload, headers={"If-Match": '"1"'})
    assert late.status_code == 412


def test_one_that_meets_in_a_place_is_of_those_who_run_the_place(
    as_animator: TestClient, make: Make, animator: Account, payload: dict[str, Any]
) -> None:
    here = make.place(organization=animator.organization)
    mine = as_animator.post(URL, json=payload | {"place_id": str(here.id)}).json()
    assert mine["owner_organization_id"] == str(here.organization_id)

    elsewhere = make.place()
    theirs = payload | {"place_id": str(elsewhere.id)}
    assert as_animator.post(URL, json=theirs).status_code == 403
    films_there = theirs | {"partner_organization_id": str(animator.organization_id)}
    ours = as_animator.post(URL, json=films_there).json()
    assert ours["owner_organization_id"] == str(elsewhere.organization_id)
    assert [g["id"] for g in items(as_animator)] == [ours["id"], mine["id"]]

    moved = as_animator.put(f"{URL}/{mine['id']}", json=theirs)
    assert pointer_of(moved) == "#/place_id"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"place_id": str(uuid4())}, "#/place_id"),
        ({"partner_organization_id": str(uuid4())}, "#/partner_organization_id"),
        ({"name": ""}, "#/name"),
        ({"owner_organization_id": str(uuid4())}, "#/owner_organization_id"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_animator: TestClient,
    group: Group,
    payload: dict[str, Any],
    wrong: dict[str, Any],
    pointer: str,
) -> None:
    assert pointer_of(as_animator.post(URL, json=payload | wrong)) == pointer
    assert pointer_of(as_animator.put(f"{URL}/{group.id}", json=payload | wrong)) == pointer


def test_it_stays_of_its_scheme(
    as_animator: TestClient, make: Make, group: Group, payload: dict[str, Any]
) -> None:
    other = payload | {"scheme_id": str(make.scheme().id)}
    assert pointer_of(as_animator.put(f"{URL}/{group.id}", json=other)) == "#/scheme_id"


# Who


@pytest.mark.parametrize(
    ("role", "sees", "status"),
    [
        (Role.EDITOR, True, 403),
        (Role.EVALUATOR, True, 403),
        (Role.CUSTODIAN, True, 403),
        (Role.ADMINISTRATOR, False, 404),
        (Role.ANIMATOR, False, 404),
        (Role.INTEGRATION, False, 404),
    ],
)
def test_others_see_it_or_do_not_and_change_nothing(
    client_for: ClientFor,
    make: Make,
    group: Group,
    payload: dict[str, Any],
    role: Role,
    sees: bool,
    status: int,
) -> None:
    client, member = client_for(make.account(role=role)), make.member(group)
    protocol = make.protocol(group, adopted_at=None)
    assert [g["id"] for g in items(client)] == ([str(group.id)] if sees else [])
    for path in ("", "/members", "/protocols"):
        assert client.get(f"{URL}/{group.id}{path}").status_code == (200 if sees else 404)
    owner = {"organization_id": str(make.organization().id), "reason": "Pour voir."}
    witness = {"witness_id": str(make.witness().id)}
    for response in (
        client.put(f"{URL}/{group.id}", json=payload),
        client.put(f"{URL}/{group.id}/owner", json=owner),
        client.post(f"{URL}/{group.id}/members", json=witness),
        client.post(f"{URL}/{group.id}/protocols", json=a_protocol()),
        client.put(f"/api/v1/members/{member.id}/departure", json={}),
        client.put(f"/api/v1/protocols/{protocol.id}/adoption"),
    ):
        assert response.status_code == status, response.request.url
    forbidden = client.post(URL, json=payload)
    assert forbidden.status_code == (201 if role in (Role.ANIMATOR, Role.INTEGRATION) else 403)


def test_the_filming_partner_runs_it_too(
    client_for: ClientFor, make: Make, animator: Account, payload: dict[str, Any]
) -> None:
    films = make.account()
    group = make.group(
        organization=animator.organization, partner_organization_id=films.organization_id
    )
    url = f"{URL}/{group.id}"
    assert client_for(films).put(url, json=payload).status_code == 200
    # but gives it to nobody, nor takes it
    owner = {"organization_id": str(films.organization_id), "reason": "C'est nous."}
    again = client_for(make.account_in(films.organization_id))
    assert again.get(url).status_code == 404  # the description left the partner out
    partner = payload | {"partner_organization_id": str(films.organization_id)}
    client_for(animator).put(url, json=partner)
    assert again.put(f"{url}/owner", json=owner).status_code == 403


def test_the_list_is_filtered_and_paged_and_mirrored(
    as_editor: TestClient, as_animator: TestClient, make: Make, animator: Account
) -> None:
    place = make.place(organization=animator.organization)
    old = now() - timedelta(days=9)
    first = make.group(organization=animator.organization, place_id=place.id, updated_at=old)
    second = make.group(scheme_id=make.scheme().id, updated_at=old)
    ids = [str(second.id), str(first.id)]
    assert [g["id"] for g in items(as_editor)] == ids
    page = as_editor.get(URL, params={"limit": 1, "count": True}).json()
    assert (page["total"], [g["id"] for g in page["items"]]) == (2, ids[:1])
    after = as_editor.get(URL, params={"cursor": page["next_cursor"]}).json()
    assert [g["id"] for g in after["items"]] == ids[1:]
    for query in (
        f"scheme_id={first.scheme_id}",
        f"place_id={place.id}",
        f"owner_organization_id={animator.organization_id}",
    ):
        assert [g["id"] for g in items(as_editor, f"{URL}?{query}")] == [str(first.id)], query
    since = (old + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert items(as_editor, f"{URL}?updated_since={since}") == []
    witness = make.witness(organization=animator.organization)
    as_animator.post(f"{URL}/{first.id}/members", json={"witness_id": str(witness.id)})
    assert [g["id"] for g in items(as_editor, f"{URL}?updated_since={since}")] == [str(first.id)]


# Members over time


@pytest.fixture
def witness_id(make: Make, animator: Account) -> str:
    return str(make.witness(organization=animator.organization).id)


def test_somebody_joins_leaves_and_comes_back(
    as_animator: TestClient, group: Group, witness_id: str
) -> None:
    url = f"{URL}/{group.id}"
    member = {"witness_id": witness_id, "joined_on": "2013-05-14"}
    joined = as_animator.post(f"{url}/members", json=member)
    assert joined.status_code == 201
    assert joined.json()["pseudonym"].startswith("Mésange")
    assert (joined.json()["joined_on"], joined.json()["left_on"]) == ("2013-05-14", None)
    assert as_animator.get(url).json()["present_members"] == 1
    assert as_animator.post(f"{url}/members", json=member).status_code == 409  # is there already

    leave = f"/api/v1/members/{joined.json()['id']}/departure"
    assert pointer_of(as_animator.put(leave, json={"left_on": "2013-05-13"})) == "#/left_on"
    for _ in range(2):
        assert as_animator.put(leave, json={"left_on": "2013-09-01"}).status_code == 204
    assert as_animator.get(url).json()["present_members"] == 0

    early = as_animator.post(f"{url}/members", json=member | {"joined_on": "2013-08-31"})
    assert pointer_of(early) == "#/joined_on"
    back = as_animator.post(f"{url}/members", json=member | {"joined_on": "2014-01-06"})
    assert back.json()["id"] != joined.json()["id"]
    told = [(m["joined_on"], m["left_on"]) for m in items(as_animator, f"{url}/members")]
    assert told == [("2013-05-14", "2013-09-01"), ("2014-01-06", None)]


@pytest.mark.parametrize(
    ("day", "there"),
    [
        ("2013-05-13", []),
        ("2013-05-14", ["first"]),
        ("2013-08-31", ["first"]),
        ("2013-09-01", []),  # the day of a departure is the first without them
        ("2014-01-06", ["second"]),
        ("2999-01-01", ["second"]),
    ],
)
def test_who_belonged_to_it_on_a_day(
    as_animator: TestClient, make: Make, group: Group, day: str, there: list[str]
) -> None:
    ids = {
        make.member(group, left_on=date(2013, 9, 1)).id: "first",
        make.member(group, joined_on=date(2014, 1, 6)).id: "second",
    }
    make.member(make.group())
    found = items(as_animator, f"{URL}/{group.id}/members?on={day}")
    assert [ids[k] for m in found for k in ids if str(k) == m["id"]] == there
    assert len(found) == len(there)


def test_leaving_twice_leaves_one_event(
    as_animator: TestClient, make: Make, group: Group, db: Session
) -> None:
    member = make.member(group)
    for _ in range(2):
        url = f"/api/v1/members/{member.id}/departure"
        assert as_animator.put(url, json={}).status_code == 204
    events = select(AuditEvent.action).where(AuditEvent.subject_id == member.id)
    assert list(db.scalars(events)) == ["member.left"]


def test_only_who_is_seen_and_of_the_same_scheme_joins(
    as_animator: TestClient, make: Make, animator: Account, group: Group
) -> None:
    other = make.workshop(organization=animator.organization, scheme_id=make.scheme().id)
    for witness_id in (make.witness().id, make.witness(workshop=other).id, uuid4()):
        response = as_animator.post(
            f"{URL}/{group.id}/members", json={"witness_id": str(witness_id)}
        )
        assert pointer_of(response) == "#/witness_id"


@pytest.mark.parametrize("field", ["joined_on", "left_on"])
def test_nobody_joins_or_leaves_in_the_future(
    as_animator: TestClient, make: Make, group: Group, witness_id: str, field: str
) -> None:
    tomorrow = (now().date() + timedelta(days=1)).isoformat()
    if field == "joined_on":
        sent = {"witness_id": witness_id, field: tomorrow}
        response = as_animator.post(f"{URL}/{group.id}/members", json=sent)
    else:
        url = f"/api/v1/members/{make.member(group).id}/departure"
        response = as_animator.put(url, json={field: tomorrow})
    assert pointer_of(response) == f"#/{field}"


def test_a_member_who_is_not_seen_is_not_listed(
    as_animator: TestClient, as_editor: TestClient, make: Make, group: Group
) -> None:
    mine, theirs = make.member(group), make.member(group, witness=make.witness())
    url = f"{URL}/{group.id}/members"
    assert [m["id"] for m in items(as_animator, url)] == [str(mine.id)]
    assert {m["id"] for m in items(as_editor, url)} == {str(mine.id), str(theirs.id)}
    leave = f"/api/v1/members/{theirs.id}/departure"
    assert as_animator.put(leave, json={}).status_code == 404


# Protocols


def test_versions_are_numbered_and_the_one_adopted_last_is_told(
    as_animator: TestClient, animator: Account, group: Group, db: Session
) -> None:
    url = f"{URL}/{group.id}"
    clause = {"about": "forms", "text": "Pas de film."}
    sent = a_protocol(audiences=["cotefe", "team"], forms=["note", "dataset"], clauses=[clause])
    first = as_animator.post(f"{url}/protocols", json=sent)
    assert first.status_code == 201
    assert first.json().items() >= (sent | {"number": 1, "adopted_at": None, "media": None}).items()
    second = as_animator.post(f"{url}/protocols", json=a_protocol()).json()
    assert [p["number"] for p in items(as_animator, f"{url}/protocols")] == [2, 1]
    assert as_animator.get(url).json()["protocol_number"] is None  # none is adopted

    for protocol in (second, first.json()):  # the first one last: it binds
        for _ in range(2):
            adoption = f"/api/v1/protocols/{protocol['id']}/adoption"
            assert as_animator.put(adoption).status_code == 204
        assert as_animator.get(url).json()["protocol_number"] == protocol["number"]
    adopted = items(as_animator, f"{url}/protocols")[0]
    assert adopted["adopted_by_id"] == str(animator.id)
    assert adopted["adopted_at"]
    events = select(AuditEvent.action).where(AuditEvent.subject_id.in_([first.json()["id"]]))
    assert sorted(db.scalars(events)) == ["protocol.adopted", "protocol.written"]
    again = as_animator.put(f"/api/v1/protocols/{second['id']}/adoption")
    assert again.status_code == 204  # adopting again is no new adoption
    assert as_animator.get(url).json()["protocol_number"] == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"audiences": ["cotefe", "nobody"]}, "#/audiences/1"),
        ({"audiences": ["dataset"]}, "#/audiences/0"),
        ({"forms": ["team"]}, "#/forms/0"),
        ({"forms": ["dataset", "opera"]}, "#/forms/1"),
        ({"media": ["smell"]}, "#/media/0"),
        ({"identification": "name"}, "#/identification"),
        ({"rereading": None}, "#/rereading"),
        ({"clauses": [{"about": "weather", "text": "Beau."}]}, "#/clauses/0/about"),
        ({"clauses": [{"about": "forms", "text": ""}]}, "#/clauses/0/text"),
        ({"number": 7}, "#/number"),
    ],
)
def test_a_mistake_in_a_protocol_is_pointed_at(
    as_animator: TestClient, group: Group, wrong: dict[str, Any], pointer: str
) -> None:
    response = as_animator.post(f"{URL}/{group.id}/protocols", json=a_protocol(**wrong))
    assert pointer_of(response) == pointer


def test_what_the_audit_keeps_of_all_that_holds_no_words(
    as_animator: TestClient, make: Make, group: Group, witness_id: str, db: Session
) -> None:
    url, secret = f"{URL}/{group.id}", "Canari"
    as_animator.post(f"{url}/members", json={"witness_id": witness_id})
    clause = {"about": "forms", "text": secret}
    as_animator.post(f"{url}/protocols", json=a_protocol(clauses=[clause]))
    owner = {"organization_id": str(make.organization().id), "reason": secret}
    assert as_animator.put(f"{url}/owner", json=owner).status_code == 204
    kept = list(db.scalars(select(AuditEvent)))
    assert {"member.joined", "protocol.written", "group.handed-over"} <= {e.action for e in kept}
    assert not any(secret in str(event.facts) for event in kept)
