"""What the editors' queue and the log of decisions promise."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from app.accounts.models import Account
from app.core.db import Database
from app.core.models import now
from app.moderation.models import Decision, Verdict
from app.testimonies.models import State, Testimony
from tests.make import Make
from tests.plans import assert_read_in_the_order_of

API = "/api/v1"
URL = f"{API}/testimonies"
QUEUE = f"{URL}?state=submitted&sort=submitted_at"
MIDNIGHT = datetime(2013, 5, 14, tzinfo=UTC)


def waits(make: Make, hours: int, **given: Any) -> Testimony:
    given.setdefault("state", State.SUBMITTED)
    return make.testimony(submitted_at=MIDNIGHT + timedelta(hours=hours), **given)


def ids(rows: list[Testimony]) -> list[str]:
    return [str(row.id) for row in rows]


def listed(client: TestClient, url: str) -> list[str]:
    found, address = [], url
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.text
        found += [item["id"] for item in response.json()["items"]]
        address = response.links.get("next", {}).get("url", "")
    return found


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_what_waits_longest_comes_first(as_editor: TestClient, make: Make, limit: int) -> None:
    late, first, middle = waits(make, 9), waits(make, 0), waits(make, 5)
    same = waits(make, 5)
    for state in (State.DRAFT, State.ACCEPTED, State.RETURNED, State.REJECTED, State.WITHDRAWN):
        make.testimony(state=state)
    tied = sorted([middle, same], key=lambda testimony: testimony.id)
    assert listed(as_editor, f"{QUEUE}&limit={limit}") == ids([first, *tied, late])
    assert as_editor.get(f"{QUEUE}&count=true&limit=1").json()["total"] == 4


def test_it_is_narrowed_like_any_list(as_editor: TestClient, make: Make) -> None:
    here, there = make.scheme(), make.scheme()
    found = waits(make, 2, workshop=make.workshop(scheme_id=here.id))
    waits(make, 1, workshop=make.workshop(scheme_id=there.id))
    assert listed(as_editor, f"{QUEUE}&scheme_id={here.id}") == ids([found])


def test_an_animator_finds_what_came_back_and_why(
    as_animator: TestClient, as_editor: TestClient, animator: Account, make: Make
) -> None:
    own = {"organization": animator.organization}
    second, first = waits(make, 2, **own), waits(make, 1, **own)
    waits(make, 3, **own)
    why = {"verdict": "return", "reason_code": "too_vague", "comment": "Quel jour ?"}
    stranger = waits(make, 0)
    for testimony in (first, second, stranger):
        answer = as_editor.post(f"{URL}/{testimony.id}/decisions", json=why)
        assert answer.status_code == 201
    back = listed(as_animator, f"{URL}?state=returned&sort=submitted_at")
    assert back == ids([first, second])
    told = as_animator.get(f"{API}/decisions?verdict=return").json()["items"]
    assert {decision["testimony_id"] for decision in told} == set(back)
    assert {decision["comment"] for decision in told} == {"Quel jour ?"}


@pytest.mark.parametrize(
    "query",
    [
        "sort=submitted_at",
        "sort=submitted_at&state=submitted&state=returned",
        "sort=submitted_at&state=submitted&updated_since=2013-05-14T00:00:00Z",
        "sort=title&state=submitted",
    ],
)
def test_another_order_is_not_offered(as_editor: TestClient, query: str) -> None:
    assert as_editor.get(f"{URL}?{query}").status_code == 422


def test_a_cursor_of_the_queue_is_none_of_the_list(as_editor: TestClient, make: Make) -> None:
    """Not even at midnight, which is a day and a moment."""
    waits(make, 0), waits(make, 0)
    cursor = as_editor.get(f"{QUEUE}&limit=1").json()["next_cursor"]
    refused = as_editor.get(URL, params={"cursor": cursor})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-cursor")


def test_the_queue_is_read_in_the_order_of_its_index(
    as_editor: TestClient, make: Make, database: Database
) -> None:
    first = make.testimony(state=State.SUBMITTED)
    names = [column.key for column in Testimony.__mapper__.column_attrs]
    row = {name: getattr(first, name) for name in names if name != "id"}
    rows = [row | {"state": State.ACCEPTED} for _ in range(1000)]
    rows += [row | {"submitted_at": now() + timedelta(seconds=n)} for n in range(2000)]
    with database.write.begin() as db:
        db.execute(insert(Testimony), rows)
    url = f"{QUEUE}&limit=20"
    index = "ix_testimonies_state_submitted_at_id"
    assert_read_in_the_order_of(index, database, as_editor, url, "testimonies")


# How much waits


def test_editors_are_told_how_much_waits_and_since_when(as_editor: TestClient, make: Make) -> None:
    quiet, busy = make.scheme(), make.scheme()
    in_quiet = {"workshop": make.workshop(scheme_id=quiet.id)}
    in_busy = {"workshop": make.workshop(scheme_id=busy.id)}
    waits(make, 3, **in_busy), waits(make, 2, **in_busy)
    waits(make, 1, state=State.RETURNED, **in_busy)
    waits(make, 0, state=State.RETURNED, **in_quiet)
    for state in (State.DRAFT, State.ACCEPTED, State.REJECTED, State.WITHDRAWN):
        make.testimony(state=state, **in_quiet)

    told = as_editor.get(f"{API}/moderation-queue").json()
    schemes = {row.pop("scheme_id"): row for row in told.pop("schemes")}
    since = "2013-05-14T02:00:00Z"
    assert told == {"submitted": 2, "returned": 2, "oldest_submitted_at": since}
    assert schemes == {
        str(busy.id): {"submitted": 2, "returned": 1, "oldest_submitted_at": since},
        str(quiet.id): {"submitted": 0, "returned": 1, "oldest_submitted_at": None},
    }


def test_nothing_waits_where_nothing_is(as_editor: TestClient) -> None:
    nothing: dict[str, Any] = {
        "submitted": 0,
        "returned": 0,
        "oldest_submitted_at": None,
        "schemes": [],
    }
    assert as_editor.get(f"{API}/moderation-queue").json() == nothing


def test_the_queue_is_the_editors(
    as_animator: TestClient,
    as_evaluator: TestClient,
    as_custodian: TestClient,
    as_administrator: TestClient,
) -> None:
    for client in (as_animator, as_evaluator, as_custodian, as_administrator):
        assert client.get(f"{API}/moderation-queue").status_code == 403


# The log


def test_the_log_is_of_what_one_may_read(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_outsider: TestClient,
    as_administrator: TestClient,
    make: Make,
) -> None:
    accepted, rejected = (
        make.testimony(state=State.SUBMITTED),
        make.testimony(state=State.SUBMITTED),
    )
    scheme = make.scheme()
    other = make.testimony(state=State.SUBMITTED, workshop=make.workshop(scheme_id=scheme.id))
    decided = []
    for testimony, payload in (
        (accepted, {"verdict": "accept"}),
        (rejected, {"verdict": "reject", "reason_code": "off_topic"}),
        (other, {"verdict": "return", "reason_code": "too_vague"}),
    ):
        answer = as_editor.post(f"{URL}/{testimony.id}/decisions", json=payload)
        decided.append(answer.json()["id"])

    assert listed(as_editor, f"{API}/decisions?limit=1") == decided[::-1]
    assert listed(as_evaluator, f"{API}/decisions") == decided[:1]
    assert listed(as_outsider, f"{API}/decisions") == []
    assert listed(as_administrator, f"{API}/decisions") == []
    assert listed(as_editor, f"{API}/decisions?verdict=reject&verdict=return") == decided[:0:-1]
    assert listed(as_editor, f"{API}/decisions?reason_code=off_topic") == decided[1:2]
    assert listed(as_editor, f"{API}/decisions?scheme_id={scheme.id}") == decided[2:]
    (by,) = {d["by_id"] for d in as_editor.get(f"{API}/decisions").json()["items"]}
    assert listed(as_editor, f"{API}/decisions?by_id={by}") == decided[::-1]


def test_the_log_is_read_in_the_order_of_its_index(
    as_editor: TestClient, animator: Account, make: Make, database: Database
) -> None:
    about = {"testimony_id": make.testimony().id, "by_id": animator.id, "verdict": Verdict.ACCEPT}
    rows = [about | {"created_at": MIDNIGHT + timedelta(seconds=n)} for n in range(2000)]
    with database.write.begin() as db:
        db.execute(insert(Decision), rows)
    url = f"{API}/decisions?limit=20"
    index = "ix_decisions_created_at_id"
    assert_read_in_the_order_of(index, database, as_editor, url, "decisions")
