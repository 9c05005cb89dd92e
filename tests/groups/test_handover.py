"""A group goes to another organization: who hears its members then, and what stays."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.models import now
from app.groups.models import Handover
from app.testimonies.models import Testimony
from app.witnesses.models import Witness
from app.workshops.models import Group
from tests.conftest import ClientFor
from tests.groups.conftest import URL
from tests.make import Make

REASON = "Le centre social continue en autonomie."


@pytest.fixture
def successor(make: Make) -> Account:
    return make.account()


@pytest.fixture
def as_successor(client_for: ClientFor, successor: Account) -> TestClient:
    return client_for(successor)


@pytest.fixture
def witness(make: Make, animator: Account) -> Witness:
    return make.witness(organization=animator.organization)


@pytest.fixture
def testimony(make: Make, animator: Account, group: Group, witness: Witness) -> Testimony:
    """What a member said before."""
    make.member(group, witness=witness)
    workshop = make.workshop(organization=animator.organization, group_id=group.id)
    return make.testimony(workshop=workshop, witnesses=[witness])


def hand_over(client: TestClient, group: Group, to: Account) -> Any:
    sent = {"organization_id": str(to.organization_id), "reason": REASON}
    return client.put(f"{URL}/{group.id}/owner", json=sent)


def test_the_new_owner_runs_it_and_hears_who_is_present(
    as_animator: TestClient,
    as_successor: TestClient,
    make: Make,
    successor: Account,
    group: Group,
    witness: Witness,
    testimony: Testimony,
) -> None:
    gone = make.member(group, left_on=date(2013, 9, 1))
    url = f"{URL}/{group.id}"
    assert as_successor.get(url).status_code == 404
    assert hand_over(as_animator, group, successor).status_code == 204

    shown = as_successor.get(url).json()
    assert shown["owner_organization_id"] == str(successor.organization_id)
    members = as_successor.get(f"{url}/members").json()["items"]
    assert [m["witness_id"] for m in members] == [str(witness.id)]
    assert as_successor.get(f"/api/v1/witnesses/{witness.id}").status_code == 200
    assert as_successor.get(f"/api/v1/witnesses/{gone.witness_id}").status_code == 404

    workshop = make.workshop(organization=successor.organization, group_id=group.id)
    heard = {
        "scheme_id": str(group.scheme_id),
        "workshop_id": str(workshop.id),
        "method": "written",
        "witness_ids": [str(witness.id)],
        "body": "La suite.",
        "recorded_on": "2026-11-24",
    }
    assert as_successor.post("/api/v1/testimonies", json=heard).status_code == 201


def test_what_was_heard_before_stays_with_who_heard_it(
    as_animator: TestClient,
    as_successor: TestClient,
    successor: Account,
    group: Group,
    witness: Witness,
    testimony: Testimony,
) -> None:
    hand_over(as_animator, group, successor)
    for url in (
        f"/api/v1/testimonies/{testimony.id}",
        f"/api/v1/workshops/{testimony.workshop_id}",
    ):
        assert as_animator.get(url).status_code == 200
        assert as_successor.get(url).status_code == 404
    assert as_animator.get(f"/api/v1/witnesses/{witness.id}").status_code == 200
    assert as_animator.get(f"{URL}/{group.id}").status_code == 404
    workshop = as_animator.get(f"/api/v1/workshops/{testimony.workshop_id}").json()
    names = ("scheme_id", "place_id", "group_id", "kind", "method", "title", "starts_at")
    again = {name: workshop[name] for name in names}
    kept = as_animator.put(f"/api/v1/workshops/{testimony.workshop_id}", json=again)
    assert kept.json()["group_id"] == str(group.id)


def test_handing_over_twice_is_doing_it_once(
    as_animator: TestClient, animator: Account, successor: Account, group: Group, db: Session
) -> None:
    for _ in range(2):
        assert hand_over(as_animator, group, successor).status_code == 204
    [kept] = db.scalars(select(Handover).where(Handover.group_id == group.id))
    assert (kept.reason, kept.by_id) == (REASON, animator.id)
    assert kept.from_organization_id == animator.organization_id
    assert kept.to_organization_id == successor.organization_id
    events = select(AuditEvent.action).where(AuditEvent.subject_id == group.id)
    assert list(db.scalars(events)) == ["group.handed-over"]


def test_who_handed_it_over_finds_it_gone_otherwise(
    as_animator: TestClient, make: Make, successor: Account, group: Group, client_for: ClientFor
) -> None:
    administrator = client_for(
        make.account_in(group.owner_organization_id, role=Role.ADMINISTRATOR)
    )
    hand_over(as_animator, group, successor)
    assert hand_over(as_animator, group, make.account()).status_code == 404
    assert hand_over(administrator, group, successor).status_code == 404


def test_it_may_come_back(
    as_animator: TestClient,
    as_successor: TestClient,
    animator: Account,
    successor: Account,
    group: Group,
    testimony: Testimony,
) -> None:
    assert hand_over(as_animator, group, successor).status_code == 204
    assert hand_over(as_successor, group, animator).status_code == 204
    assert as_animator.get(f"{URL}/{group.id}").status_code == 200
    assert as_successor.get(f"{URL}/{group.id}").status_code == 404
    assert hand_over(as_animator, group, successor).status_code == 204


def test_a_partner_becomes_the_owner(
    as_animator: TestClient, make: Make, animator: Account, successor: Account
) -> None:
    group = make.group(
        organization=animator.organization, partner_organization_id=successor.organization_id
    )
    assert hand_over(as_animator, group, successor).status_code == 204
    with make.sessions() as db:
        kept = db.get_one(Group, group.id)
    assert kept.owner_organization_id == successor.organization_id
    assert kept.partner_organization_id is None


def test_members_who_are_heard_with_a_third_organization_stop_it(
    as_animator: TestClient,
    make: Make,
    animator: Account,
    successor: Account,
    group: Group,
    testimony: Testimony,
    witness: Witness,
) -> None:
    films = make.workshop(
        organization=animator.organization, partner_organization_id=make.organization().id
    )
    for _ in range(2):
        make.member(group, witness=make.witness(workshop=films))
    refused = hand_over(as_animator, group, successor)
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/members-elsewhere"
    assert refused.json()["members"] == 2
    with make.sessions() as db:
        assert db.get_one(Group, group.id).owner_organization_id == animator.organization_id
        assert db.get_one(Witness, witness.id).partner_organization_id is None
        assert not db.scalars(select(Handover)).all()


def test_who_took_all_back_is_not_shared(
    as_animator: TestClient,
    as_successor: TestClient,
    make: Make,
    animator: Account,
    successor: Account,
    group: Group,
) -> None:
    withdrawn = make.witness(organization=animator.organization, withdrawn_at=now())
    make.member(group, witness=withdrawn)
    assert hand_over(as_animator, group, successor).status_code == 204
    assert as_successor.get(f"/api/v1/witnesses/{withdrawn.id}").status_code == 404
    assert as_successor.get(f"{URL}/{group.id}/members").json()["items"] == []


def test_nobody_gives_it_to_nobody(
    as_animator: TestClient, group: Group, make: Make, successor: Account
) -> None:
    nobody = {"organization_id": str(group.id), "reason": REASON}
    response = as_animator.put(f"{URL}/{group.id}/owner", json=nobody)
    assert response.json()["errors"][0]["pointer"] == "#/organization_id"
    without = {"organization_id": str(successor.organization_id)}
    response = as_animator.put(f"{URL}/{group.id}/owner", json=without)
    assert response.json()["errors"][0]["pointer"] == "#/reason"
