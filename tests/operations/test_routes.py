"""Jobs for administrators, the audit log for custodians, its chain for both."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, update

from app.audit.models import ActorKind, AuditCheckpoint
from app.audit.service import EVENTS, seal
from app.core.db import Database
from app.core.models import now
from app.jobs.models import Job, State

JOBS, AUDIT = "/api/v1/jobs", "/api/v1/audit-events"
HOUR = timedelta(hours=1)
OF_STATE: dict[State, dict[str, Any]] = {
    State.WAITING: {"claimed_until": None},
    State.RUNNING: {"claimed_until": now() + 24 * HOUR, "progress": 0.5, "attempts": 1},
    State.DONE: {"done_at": now(), "attempts": 1},
    State.DEAD: {"failed_at": now(), "attempts": 5, "last_error": "ToolFailed < media/jobs.py:1"},
}


def add_job(database: Database, age: int = 0, **given: Any) -> Job:
    """A job asked for `age` hours ago."""
    job = Job(**{"name": "greet", "queue": "default", "facts": {"whom": "x"}} | given)
    job.created_at = now() - age * HOUR
    with database.write.begin() as db:
        db.add(job)
    return job


def add_event(database: Database, age: int = 0, **given: Any) -> dict[str, Any]:
    """An event of `age` hours ago."""
    event = {
        "id": uuid4(),
        "created_at": now() - age * HOUR,
        "action": "workshop.closed",
        "subject_kind": "workshop",
        "subject_id": uuid4(),
        "actor_kind": ActorKind.ACCOUNT,
        "actor_id": uuid4(),
        "facts": {"n": 1},
    } | given
    with database.write.begin() as db:
        db.connection().execute(insert(EVENTS), event)
    return event


def ids(client: TestClient, path: str, **params: Any) -> list[str]:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def test_jobs_are_listed_the_newest_first_with_their_state(
    as_administrator: TestClient, database: Database
) -> None:
    jobs = {s: add_job(database, age, **OF_STATE[s]) for age, s in enumerate(OF_STATE)}
    items = as_administrator.get(JOBS).json()["items"]
    assert [(item["id"], item["state"]) for item in items] == [
        (str(job.id), state) for state, job in jobs.items()
    ]
    dead = items[-1]
    assert dead["last_error"] == "ToolFailed < media/jobs.py:1"
    assert (dead["name"], dead["queue"], dead["attempts"]) == ("greet", "default", 5)
    assert items[1]["progress"] == 0.5
    assert "facts" not in dead


@pytest.mark.parametrize("state", State)
def test_jobs_of_one_state(as_administrator: TestClient, database: Database, state: State) -> None:
    jobs = {s: add_job(database, **OF_STATE[s]) for s in OF_STATE}
    assert ids(as_administrator, JOBS, state=state) == [str(jobs[state].id)]


def test_a_job_whose_worker_died_waits(as_administrator: TestClient, database: Database) -> None:
    job = add_job(database, claimed_until=now() - HOUR)
    assert ids(as_administrator, JOBS, state="waiting") == [str(job.id)]
    assert ids(as_administrator, JOBS, state="running") == []


def test_jobs_of_some_names_and_states_page_by_page(
    as_administrator: TestClient, database: Database
) -> None:
    wanted = [add_job(database, age, name="a") for age in range(3)]
    add_job(database, name="b")
    add_job(database, name="a", done_at=now())
    params: dict[str, Any] = {
        "name": "a",
        "state": ["waiting", "running"],
        "limit": 2,
        "count": True,
    }
    first = as_administrator.get(JOBS, params=params).json()
    assert first["total"] == 3
    second = as_administrator.get(JOBS, params=params | {"cursor": first["next_cursor"]}).json()
    found = [item["id"] for item in first["items"] + second["items"]]
    assert found == [str(job.id) for job in wanted]


def test_the_log_is_listed_the_newest_first(as_custodian: TestClient, database: Database) -> None:
    events = [add_event(database, age) for age in range(2)]
    items = as_custodian.get(AUDIT).json()["items"]
    assert [item["id"] for item in items] == [str(event["id"]) for event in events]
    assert items[0]["action"] == "workshop.closed"
    assert items[0]["facts"] == {"n": 1}
    assert items[0]["number"] is items[0]["digest"] is None


@pytest.mark.parametrize("name", ["action", "subject_id", "actor_id"])
def test_the_log_of_one_action_subject_or_actor(
    as_custodian: TestClient, database: Database, name: str
) -> None:
    add_event(database)
    event = add_event(database, action="identity.disclosed")
    add_event(database, age=1)
    assert ids(as_custodian, AUDIT, **{name: str(event[name])}) == [str(event["id"])]


def test_the_log_between_two_moments(as_custodian: TestClient, database: Database) -> None:
    events = [add_event(database, age) for age in range(5)]
    bounds = {"created_from": events[3]["created_at"], "created_to": events[1]["created_at"]}
    asked = {name: moment.isoformat() for name, moment in bounds.items()}
    assert ids(as_custodian, AUDIT, **asked) == [str(event["id"]) for event in events[1:4]]


def test_the_chain_is_verified(as_administrator: TestClient, database: Database) -> None:
    for _ in range(3):
        add_event(database)
    with database.write.begin() as db:
        seal(db)
    add_event(database)
    found = as_administrator.get(f"{AUDIT}/verification").json()
    assert found["head"]["number"] == 3
    assert {name: found[name] for name in ("ok", "sealed", "waiting", "first_broken")} == {
        "ok": True,
        "sealed": 3,
        "waiting": 1,
        "first_broken": None,
    }


def test_a_changed_event_breaks_it(as_custodian: TestClient, database: Database) -> None:
    for _ in range(3):
        add_event(database)
    with database.write.begin() as db:
        seal(db)
        db.execute(update(EVENTS).where(EVENTS.c.number == 2).values(action="nothing.happened"))
    found = as_custodian.get(f"{AUDIT}/verification").json()
    assert (found["ok"], found["first_broken"]) == (False, 2)


ALLOWED = {
    JOBS: {"as_administrator"},
    AUDIT: {"as_custodian"},
    f"{AUDIT}/verification": {"as_administrator", "as_custodian"},
}
PEOPLE = ["as_animator", "as_editor", "as_evaluator", "as_custodian", "as_administrator"]


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("person", PEOPLE)
def test_others_may_not_look(request: pytest.FixtureRequest, path: str, person: str) -> None:
    client: TestClient = request.getfixturevalue(person)
    assert client.get(path).status_code == (200 if person in ALLOWED[path] else 403)


@pytest.mark.parametrize("path", [f"{JOBS}?state=lost", f"{AUDIT}?from=2026", f"{JOBS}?x=1"])
def test_unknown_filters_are_refused(
    as_administrator: TestClient, as_custodian: TestClient, path: str
) -> None:
    client = as_administrator if path.startswith(JOBS) else as_custodian
    assert client.get(path).status_code == 422


def test_checkpoints_are_listed_for_who_verifies(
    as_custodian: TestClient,
    as_administrator: TestClient,
    as_editor: TestClient,
    database: Database,
) -> None:
    up_to = now() - 400 * 24 * HOUR
    kept = {"number": 6, "digest": "a" * 64, "pruned": 6, "up_to": up_to}
    with database.write.begin() as db:
        db.add(AuditCheckpoint(**kept))
    for client in (as_custodian, as_administrator):
        [item] = client.get(f"{AUDIT}/checkpoints").json()["items"]
        assert item.keys() == kept.keys() | {"created_at"}
        assert (item["number"], item["digest"], item["pruned"]) == (6, "a" * 64, 6)
    assert as_editor.get(f"{AUDIT}/checkpoints").status_code == 403
