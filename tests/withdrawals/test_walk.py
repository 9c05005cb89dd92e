"""Whoever asks, for whatever, by whichever link: after a withdrawal nobody meets the words."""

import pytest
from fastapi.testclient import TestClient

from app.accounts.permissions import Role
from app.core.edge import Edge
from app.core.settings import settings
from app.main import create_app
from tests.conftest import ClientFor
from tests.withdrawals.walk import walk
from tests.withdrawals.world import CANARY, World


@pytest.fixture
def people(world: World, client_for: ClientFor) -> dict[str, TestClient]:
    """Every role, at home and elsewhere, with and without a reason; with a pass; with nothing."""
    make = world.make
    found = {f"{role} elsewhere": client_for(make.account(role=role)) for role in Role}
    home = world.account.organization
    for role in (Role.ANIMATOR, Role.INTEGRATION):
        found[f"{role} at home"] = client_for(make.account(role=role, organization=home))
    on_case = client_for(make.account(role=Role.CUSTODIAN))
    on_case.headers["X-Reason"] = "Une plainte"
    found["custodian on a case"] = on_case
    reader = client_for(None)
    assert reader.post(f"/r/{world.token}").status_code == 200
    found["reader"] = reader
    found["nobody"] = client_for(None)
    return found


WHO_READS = {"animator at home", "integration at home", "editor elsewhere", "evaluator elsewhere"}


@pytest.mark.slow
def test_every_route_as_everybody_with_every_link(
    world: World, people: dict[str, TestClient]
) -> None:
    before = walk(world, people)
    assert {who for who, _ in before.seen} >= WHO_READS, "the walk meets the word"
    assert ("nobody", f"/api/v1/shared/{world.token}") in before.seen
    by_themselves = {who for who, url in before.seen if world.token not in url}
    assert "administrator elsewhere" not in by_themselves
    assert any("signature=" in link for link in before.links)
    reader = people["reader"]
    assert CANARY in reader.get(f"/dossiers/{world.release_id}").text
    readers = {who for who, _ in before.seen} | {"nobody"}
    others = elsewhere(world, people)
    assert CANARY in others["nobody"].get(f"/api/v1/shared/{world.token}").text

    world.take_back()  # and no worker is there
    walk(world, {who: others[who] for who in readers}, before)
    walk(world, people, before)
    assert CANARY not in reader.get(f"/dossiers/{world.release_id}").text
    assert CANARY not in world.words_on_the_page()

    world.work()  # now everything was purged
    walk(world, {who: people[who] for who in readers}, before)
    assert reader.get(f"/dossiers/{world.release_id}").status_code == 410


def elsewhere(world: World, people: dict[str, TestClient]) -> dict[str, TestClient]:
    """The same people, at another application on the same database."""
    other = Edge(create_app(world.database), settings())
    found = {}
    for who, client in people.items():
        with TestClient(other, headers=dict(client.headers)) as twin:
            found[who] = twin
    return found
