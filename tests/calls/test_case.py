"""A custodian reads what people said only after saying why, and that is kept first."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent, CaseReading
from app.media.models import Media
from app.testimonies.models import State, Testimony
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from tests.conftest import ClientFor
from tests.make import Make

API = "/api/v1"
REASON = {b"X-Reason": "Réclamation nº 12 d'une mère".encode()}
INSIDE = Cell(Medium.ANONYMOUS_TEXT, TEAM, "film", Purpose.EVALUATION)


@pytest.fixture
def media(make: Make, animator: Account) -> Media:
    files = {"original": b"as it came", "web.mp4": b"a film"}
    return make.media(organization=animator.organization, files=files)


@pytest.fixture
def testimony(make: Make, animator: Account, media: Media) -> Testimony:
    """An accepted testimony, filmed."""
    return make.testimony(organization=animator.organization, media=[media])


@pytest.fixture
def paths(testimony: Testimony, media: Media, make: Make) -> list[str]:
    """What shows its words, to whom may see it."""
    excerpt = make.excerpt(testimony)
    return [
        f"{API}/testimonies/{testimony.id}",
        f"{API}/testimonies/{testimony.id}/decisions",
        f"{API}/excerpts/{excerpt.id}",
        f"{API}/media/{media.id}",
        f"{API}/media/{media.id}/renditions/web.mp4",
        f"{API}/media/{media.id}/renditions/original",
    ]


def read(client: TestClient, paths: list[str], headers: Any = None) -> list[int]:
    return [client.get(path, headers=headers).status_code for path in paths]


def readings(db: Session) -> list[CaseReading]:
    db.rollback()
    return list(db.scalars(select(CaseReading).order_by(CaseReading.created_at)))


def test_who_says_why_reads_and_who_does_not_reads_nothing(
    as_custodian: TestClient, paths: list[str], db: Session
) -> None:
    assert set(read(as_custodian, paths)) == {404}
    assert readings(db) == []
    assert set(read(as_custodian, paths, REASON)) == {200}
    assert len(readings(db)) == len(paths)
    assert set(read(as_custodian, paths)) == {404}, "one reason, one request"


def test_lists_follow(as_custodian: TestClient, testimony: Testimony, make: Make) -> None:
    excerpt = make.excerpt(testimony)
    for name, row in (("testimonies", testimony), ("excerpts", excerpt)):
        assert as_custodian.get(f"{API}/{name}").json()["items"] == []
        [item] = as_custodian.get(f"{API}/{name}", headers=REASON).json()["items"]
        assert item["id"] == str(row.id)


def test_each_reading_is_kept_with_its_reason_and_the_template_of_its_route(
    as_custodian: TestClient, testimony: Testimony, db: Session
) -> None:
    as_custodian.get(f"{API}/testimonies/{testimony.id}", headers=REASON)
    [reading] = readings(db)
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "case.read")).one()
    assert reading.reason == "Réclamation nº 12 d'une mère"
    assert reading.route.endswith("/testimonies/{testimony_id}")
    assert (event.subject_id, event.actor_id) == (reading.id, reading.account_id)
    assert event.facts == {"route": reading.route}


def test_it_is_kept_before_the_reading_whatever_is_found(
    as_custodian: TestClient, db: Session
) -> None:
    url = f"{API}/testimonies/{uuid4()}"
    assert as_custodian.get(url, headers=REASON).status_code == 404
    assert len(readings(db)) == 1


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (b"", "string_too_short"),
        (b"ab", "string_too_short"),
        (b"a" * 501, "string_too_long"),
        (b"one\ttwo", "invalid_text"),
        ("de \u202egauche".encode(), "invalid_text"),
    ],
)
def test_what_is_no_reason_is_refused(
    as_custodian: TestClient, paths: list[str], db: Session, reason: bytes, code: str
) -> None:
    for path in paths:
        response = as_custodian.get(path, headers=[(b"X-Reason", reason)])
        assert response.status_code == 422
        [error] = response.json()["errors"]
        assert (error["pointer"], error["code"]) == ("#/X-Reason", code)
    assert readings(db) == []


@pytest.mark.parametrize("length", [3, 500])
def test_a_reason_is_counted_in_code_points(
    as_custodian: TestClient, paths: list[str], length: int
) -> None:
    reason = {b"X-Reason": ("é" * length).encode()}
    assert as_custodian.get(paths[0], headers=reason).status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CUSTODIAN])
def test_the_reason_of_another_role_is_ignored(
    client_for: ClientFor, make: Make, paths: list[str], db: Session, role: Role
) -> None:
    client = client_for(make.account(role=role))
    told = read(client, paths)
    assert read(client, paths, REASON) == told
    assert read(client, paths, {"X-Reason": "a"}) == told
    assert readings(db) == []


def test_a_stranger_leaves_nothing(as_anonymous: TestClient, paths: list[str], db: Session) -> None:
    headers = {**REASON, b"Authorization": b"Bearer t_stranger"}
    assert set(read(as_anonymous, paths, headers)) == {401}
    assert readings(db) == []


@pytest.mark.parametrize("state", State)
def test_every_state_but_withdrawn_is_seen(
    as_custodian: TestClient, make: Make, state: State
) -> None:
    media = make.media(files={"original": b"as it came"})
    testimony = make.testimony(state=state, media=[media])
    paths = [
        f"{API}/testimonies/{testimony.id}",
        f"{API}/excerpts/{make.excerpt(testimony).id}",
        f"{API}/media/{media.id}/renditions/original",
    ]
    expected = 404 if state is State.WITHDRAWN else 200
    assert set(read(as_custodian, paths, REASON)) == {expected}


def test_what_was_refused_to_the_team_stays_unseen(
    as_custodian: TestClient, make: Make, testimony: Testimony, paths: list[str], db: Session
) -> None:
    [witness] = make.witnesses_of(db, testimony)
    db.rollback()
    make.consent(witness, INSIDE, verb=Verb.REFUSE)
    assert set(read(as_custodian, paths, REASON)) == {404}


def test_a_case_allows_no_more_deeds(as_custodian: TestClient, make: Make) -> None:
    testimony = make.testimony(state=State.SUBMITTED)
    url = f"{API}/testimonies/{testimony.id}/decisions"
    response = as_custodian.post(url, json={"verdict": "accept"}, headers=REASON)
    assert response.status_code == 403
