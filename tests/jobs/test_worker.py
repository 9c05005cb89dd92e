"""Workers at work: threads of this process, and processes that are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Lock
from time import monotonic, sleep

import pytest

from app import worker
from app.core.db import Database
from app.jobs import runner
from app.jobs.models import State
from app.jobs.service import HANDLERS, Run, Stopping, enqueue, handles
from app.worker import Workers, start
from tests.jobs.desk import Desk, wait_until

ROOT = Path(worker.__file__).parents[1]


At = Callable[..., Workers]


@pytest.fixture
def at_work(database: Database) -> Iterator[At]:
    """`at_work(count)`: workers, which are stopped at the end."""
    teams: list[Workers] = []

    def at_work(count: int = 2) -> Workers:
        teams.append(start(database, count))
        return teams[-1]

    yield at_work
    for team in teams:
        team.stop()


def test_every_feature_registers_its_handlers() -> None:
    program = (
        "from app import worker; from app.jobs.service import HANDLERS\n"
        "worker.discover(); print(*HANDLERS)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"jobs.forget", "audit.seal"} <= set(found)


def test_no_job_is_done_twice_by_four_threads(desk: Desk, at_work: At) -> None:
    greeted, lock = list[int](), Lock()

    @handles("greet")
    def greet(run: Run, number: int) -> None:
        with run.writing() as db:
            enqueue(db, "made", by=number)
        with lock:
            greeted.append(number)

    at_work(4)
    for number in range(20):
        desk.ask("greet", number=number)
    wait_until(lambda: all(job.done_at for job in desk.jobs("greet")))
    assert sorted(greeted) == list(range(20))
    assert desk.count("made") == 20
    assert {job.attempts for job in desk.jobs("greet")} == {1}


def test_a_worker_is_woken_by_the_commit(
    desk: Desk, at_work: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "POLL", 60.0)
    greeted = Event()
    handles("greet")(lambda _: greeted.set())

    at_work(1)
    sleep(0.3)
    desk.ask("greet")
    assert greeted.wait(2)


def test_films_are_made_one_at_a_time_and_do_not_stop_the_rest(desk: Desk, at_work: At) -> None:
    present, most, greeted = [0], [0], Event()

    @handles("film", queue="media")
    def film(run: Run) -> None:
        present[0] += 1
        most[0] = max(most[0], present[0])
        assert greeted.wait(5)
        sleep(0.1)
        present[0] -= 1

    handles("greet")(lambda _: greeted.set())
    for _ in range(3):
        desk.ask("film")
    at_work(3)
    wait_until(lambda: present[0])
    desk.ask("greet")
    wait_until(lambda: all(job.done_at for job in desk.jobs("film")))
    assert most == [1]


def test_a_worker_that_stops_finishes_its_job(desk: Desk, at_work: At) -> None:
    begun = Event()

    @handles("film")
    def film(run: Run) -> None:
        begun.set()
        sleep(0.5)

    desk.ask("film")
    team = at_work()
    assert begun.wait(5)
    team.stop()
    assert desk.job().state is State.DONE


def test_a_handler_may_let_go_when_its_worker_stops(desk: Desk, at_work: At) -> None:
    begun, let_go = Event(), list[type]()

    @handles("film")
    def film(run: Run) -> None:
        begun.set()
        try:
            while True:
                sleep(0.01)
                run.check()
        except Stopping as error:
            let_go.append(type(error))
            raise

    desk.ask("film")
    team = at_work()
    assert begun.wait(5)
    team.stop()
    job = desk.job()
    assert (let_go, job.state, job.attempts) == ([Stopping], State.WAITING, 0)


def test_what_is_not_finished_in_time_is_handed_back_and_can_write_nothing(
    desk: Desk, at_work: At
) -> None:
    begun, go_on, over = Event(), Event(), Event()

    @handles("film")
    def film(run: Run) -> None:
        begun.set()
        try:
            assert go_on.wait(5)
            with run.writing() as db:
                enqueue(db, "made")
        finally:
            over.set()

    desk.ask("film")
    team = at_work()
    assert begun.wait(5)
    team.stop(grace=0.1)
    job = desk.job()
    assert (job.state, job.attempts, job.claimed_until) == (State.WAITING, 0, None)
    go_on.set()
    assert over.wait(5)
    sleep(0.1)
    assert desk.count("made") == 0
    HANDLERS.clear()
    handles("film")(lambda _: None)
    assert desk.run_next(), "another takes it at once"


def test_no_worker_at_all_leaves_the_table_alone(database: Database, desk: Desk) -> None:
    handles("hourly", every=timedelta(hours=1))(lambda _: None)
    start(database, 0).stop()
    assert desk.jobs() == []


def test_periodic_jobs_begin_with_the_workers(desk: Desk, at_work: At) -> None:
    done = Event()
    handles("hourly", every=timedelta(hours=1))(lambda _: done.set())
    at_work()
    assert done.wait(5)


PROCESS = """
import time
from datetime import timedelta
from app import worker
from app.jobs import runner
from app.jobs.service import handles

runner.LEASE, runner.BEAT, runner.POLL = timedelta(seconds=2), 0.5, {poll}

@handles("film")
def film(run, seconds=60):
    print("begun", flush=True)
    time.sleep(seconds)

worker.main(("default",), count=1, grace=0.5)
"""


@contextmanager
def process(database: Database, poll: float = 1) -> Iterator[subprocess.Popen[str]]:
    """A worker of its own, which does films of 60 seconds."""
    with database.read() as db:
        url = db.get_bind().engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS.format(poll=poll)],
        cwd=ROOT,
        env=os.environ | {"APP_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_its_beginning(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert any(line == "begun\n" for line in process.stdout)


@pytest.mark.slow
def test_a_process_killed_in_the_middle_of_a_job_leaves_it_to_another(
    database: Database, desk: Desk, at_work: At
) -> None:
    desk.ask("film")
    with process(database) as first:
        wait_for_its_beginning(first)
        sleep(3)
        assert desk.job("film").state is State.RUNNING, "its heart beats"
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert desk.job("film").attempts == 1

    handles("film")(lambda _: None)
    at_work()
    wait_until(lambda: desk.job("film").done_at)
    job = desk.job("film")
    assert (job.state, job.attempts, job.token) == (State.DONE, 2, 2)


@pytest.mark.slow
def test_a_process_asked_to_stop_hands_its_job_back_at_once(database: Database, desk: Desk) -> None:
    desk.ask("film")
    with process(database) as first:
        wait_for_its_beginning(first)
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0  # the film takes twice as long
    job = desk.job("film")
    assert (job.state, job.attempts) == (State.WAITING, 0)

    handles("film")(lambda _: None)
    assert desk.run_next()
    assert desk.job("film").token == 2


@pytest.mark.slow
def test_another_process_is_woken_by_postgresql(database: Database, desk: Desk) -> None:
    if database.dialect != "postgresql":
        pytest.skip("on SQLite other processes look every second")
    desk.ask("film", seconds=0)
    with process(database, poll=15) as other:
        wait_for_its_beginning(other)
        sleep(2)
        asked = monotonic()
        desk.ask("film", seconds=0)
        wait_for_its_beginning(other)
        assert monotonic() - asked < 1
