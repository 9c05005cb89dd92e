"""One call of the API: who may enter, what is kept, what is answered when it cannot be served."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx2
import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.accounts.models import Account, Kind, Organization
from app.calls.call import Call
from app.core.db import Database
from app.core.edge import Edge
from app.core.settings import settings
from app.main import create_app
from tests.make import Make

URL = "/api/v1/workshops"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Basic YTpi", "Bearer a b", "Bearer é", f"Bearer {'a' * 300}"]
)
def test_without_a_token_nothing_is_validated(as_anonymous: TestClient, authorization: str) -> None:
    headers = [(b"Authorization", authorization.encode())]
    response = as_anonymous.post(URL, json={"junk": True}, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["unknown", "s_unknown", "t_unknown", "s_", "t_"])
def test_an_unknown_token_is_refused(as_anonymous: TestClient, token: str) -> None:
    response = as_anonymous.get(URL, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401


def test_a_call_is_one_transaction_in_one_thread(
    app: FastAPI, as_animator: TestClient, animator: Account
) -> None:
    seen: list[tuple[object, ...]] = []

    @app.get("/seen")
    def look(call: Call) -> Response:
        with call as (db, me):
            seen.append(
                (me.id, call.language, threading.current_thread().name, db.in_transaction())
            )
            return call.nothing()

    as_animator.get("/seen", headers={"Accept-Language": "en"})
    [(me, language, thread, begun)] = seen
    assert (me, language, begun) == (animator.id, "en", True)
    assert "worker" in str(thread)


def test_a_get_cannot_write(app: FastAPI, as_animator: TestClient) -> None:
    @app.get("/rows")
    def add(call: Call) -> Response:
        with call as (db, _):
            db.add(Organization(name="Association", kind=Kind.OTHER))
            db.flush()
            return call.nothing()

    with pytest.raises(Exception, match=r"read-?only"):
        as_animator.get("/rows")


def test_an_exception_undoes_everything(app: FastAPI, as_animator: TestClient, db: Session) -> None:
    @app.post("/rows")
    def add(call: Call) -> Response:
        with call as (writing, _):
            writing.add(Organization(name="Kept by mistake", kind=Kind.OTHER))
            call.nothing()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        as_animator.post("/rows")
    found = select(func.count()).where(Organization.name == "Kept by mistake")
    assert db.scalar(found) == 0


def test_a_stranger_never_waits_for_the_right_to_write(
    as_anonymous: TestClient, database: Database
) -> None:
    with ExitStack() as held:
        engine = database.write.kw["bind"]
        for _ in range(engine.pool.size()):
            held.enter_context(engine.connect())
        response = as_anonymous.post(URL, json={}, headers={"Authorization": "Bearer t_stranger"})
    assert response.status_code in (401, 422)


def test_a_hundred_clients_of_one_server_all_get_their_turn(
    app: FastAPI, make: Make, animator: Account, db: Session
) -> None:
    """More than the server has threads: a lock kept from one hop to another would hang them."""

    @app.post("/rows/{name}")
    def add(name: str, call: Call) -> Response:
        with call as (writing, _):
            writing.add(Organization(name=name, kind=Kind.OTHER))
            return call.nothing()

    headers = {"Authorization": f"Bearer {make.token(animator)}"}
    with (
        TestClient(Edge(app, settings()), headers=headers) as client,  # one event loop
        ThreadPoolExecutor(100) as threads,
    ):
        answers = list(threads.map(lambda n: client.post(f"/rows/{n}").status_code, range(100)))
    assert answers == [204] * 100
    assert db.scalar(select(func.count()).select_from(Organization)) == 101


# What passes: 503


@pytest.fixture
def hurried(url: str, database: Database) -> Iterator[Database]:
    """A process of its own, which waits a tenth of a second for a connection or a lock."""
    is_sqlite = database.dialect == "sqlite"
    impatient = {"busy_timeout": "100"} if is_sqlite else {"lock_timeout": "100ms"}
    hurried = Database(url, 0.1, **impatient)
    yield hurried
    hurried.dispose()


@pytest.fixture
def as_hurried(hurried: Database, make: Make, animator: Account) -> TestClient:
    headers = {"Authorization": f"Bearer {make.token(animator)}"}
    return TestClient(create_app(hurried), headers=headers)


def assert_unavailable(response: httpx2.Response) -> None:
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["type"] == "/problems/service-unavailable"


def test_a_locked_row_or_database(
    as_hurried: TestClient, make: Make, animator: Account, database: Database
) -> None:
    workshop = make.workshop(organization=animator.organization)
    with database.write.begin() as other:
        other.execute(text("UPDATE workshops SET version = 2"))
        assert_unavailable(as_hurried.put(f"{URL}/{workshop.id}/closure"))
        assert as_hurried.get(f"{URL}/{workshop.id}").status_code == 200
    assert as_hurried.put(f"{URL}/{workshop.id}/closure").status_code == 204


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_free_connection(app: FastAPI, hurried: Database, make: Make, method: str) -> None:
    app.state.database = hurried

    @app.api_route("/wait", methods=[method])
    def wait(call: Call) -> Response:
        with call as (db, _):
            db.execute(text("SELECT 1"))
            return call.nothing()

    client = TestClient(app, headers={"Authorization": f"Bearer {make.token(make.account())}"})
    engine = (hurried.read if method == "GET" else hurried.write).kw["bind"]
    with ExitStack() as held:
        for _ in range(engine.pool.size()):
            held.enter_context(engine.connect())
        assert_unavailable(client.request(method, "/wait"))
    assert client.request(method, "/wait").status_code == 204


def test_a_statement_which_takes_too_long(
    app: FastAPI, as_animator: TestClient, database: Database
) -> None:
    if database.dialect != "postgresql":
        pytest.skip("SQLite has no statement timeout.")

    @app.get("/slow")
    def slow(call: Call) -> Response:
        with call as (db, _):
            db.execute(text("SET LOCAL statement_timeout = 50"))
            db.execute(text("SELECT pg_sleep(2)"))
            return call.nothing()

    assert_unavailable(as_animator.get("/slow"))


def test_a_deadlock(app: FastAPI, as_animator: TestClient, database: Database, make: Make) -> None:
    if database.dialect != "postgresql":
        pytest.skip("On SQLite, a writer is alone.")
    names = [make.organization().name for _ in range(2)]
    both = threading.Barrier(2)

    @app.put("/deadlock/{first}")
    def lock(first: int, call: Call) -> Response:
        with call as (db, _):
            for step in (first, 1 - first):
                named = select(Organization).where(Organization.name == names[step])
                db.execute(named.with_for_update())
                if step == first:
                    both.wait(timeout=5)
            return call.nothing()

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda n: as_animator.put(f"/deadlock/{n}"), range(2)))
    lost, won = sorted(answers, key=lambda answer: -answer.status_code)
    assert won.status_code == 204
    assert_unavailable(lost)
