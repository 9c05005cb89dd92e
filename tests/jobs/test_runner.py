"""How a job is done: by one worker at a time, again when it fails, never for ever."""

import sys
from datetime import timedelta
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import insert, text
from sqlalchemy.dialects import postgresql, sqlite

from app.core.db import Database
from app.core.models import now
from app.core.problems import ServiceUnavailable
from app.jobs import runner
from app.jobs.models import State
from app.jobs.runner import back_off, claimable
from app.jobs.service import JOBS, Interrupted, LeaseLost, Run, enqueue, handles
from tests.jobs.desk import Desk, wait_until


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr(runner, "BEAT", 0.1)


def make(run: Run) -> None:
    """Make something that can be counted."""
    with run.writing() as db:
        enqueue(db, "made", by=run.attempt)


def test_a_failure_is_tried_again_later_each_time_later(desk: Desk) -> None:
    @handles("stumble")
    def stumble(run: Run) -> None:
        raise ValueError("Awa, 06 12 34 56 78")

    desk.ask("stumble")
    for attempt in range(1, runner.MAX_ATTEMPTS):
        assert [desk.run_next(), desk.run_next()] == [True, False]
        job = desk.job()
        assert (job.state, job.attempts) == (State.WAITING, attempt)
        expected = runner.BACK_OFF * 4 ** (attempt - 1)
        assert 0.7 * expected < job.due_at - now() < 1.3 * expected
        desk.make_due()
    assert [desk.run_next(), desk.run_next()] == [True, False]
    job = desk.job()
    assert (job.state, job.attempts, job.done_at) == (State.DEAD, 5, None)
    desk.make_due()
    assert not desk.run_next()


def test_back_off_is_never_the_same_for_all() -> None:
    assert len({back_off(1) for _ in range(20)}) > 1
    assert back_off(10**6) < timedelta(hours=1)


def test_an_error_is_kept_without_anybodys_words(desk: Desk) -> None:
    @handles("stumble")
    def stumble(run: Run) -> None:
        raise ValueError("Awa, 06 12 34 56 78")

    desk.ask("stumble")
    desk.run_next()
    error = desk.job().last_error or ""
    assert error.startswith("ValueError < jobs/test_runner.py:")
    assert "stumble" in error
    assert "Awa" not in error


def test_a_deep_error_is_kept_in_500_characters(desk: Desk) -> None:
    @handles("stumble")
    def stumble(run: Run, depth: int = 50) -> None:
        if depth:
            stumble(run, depth - 1)
        raise ValueError

    desk.ask("stumble")
    desk.run_next()
    assert len(desk.job().last_error or "") == 500


def test_what_succeeds_at_last_is_done(desk: Desk) -> None:
    @handles("stumble")
    def stumble(run: Run) -> None:
        if run.attempt < 3:
            raise ValueError
        make(run)

    desk.ask("stumble")
    for _ in range(3):
        desk.change(due_at=now())
        assert desk.run_next()
    assert desk.job("stumble").state is State.DONE
    assert desk.count("made") == 1


def test_what_needs_something_unavailable_is_tried_for_as_long_as_it_takes(desk: Desk) -> None:
    is_back = False

    @handles("stumble")
    def stumble(run: Run) -> None:
        if not is_back:
            raise ServiceUnavailable
        make(run)

    desk.ask("stumble")
    for _ in range(2 * runner.MAX_ATTEMPTS):
        desk.make_due()
        asked = now()
        assert desk.run_next()
        job = desk.job("stumble")
        assert (job.state, job.attempts) == (State.WAITING, 0)
        assert 10 < (job.due_at - asked).total_seconds() < 40
    is_back = True
    desk.make_due()
    assert desk.run_next()
    assert desk.job("stumble").state is State.DONE


def test_what_fails_keeps_nothing_of_its_last_transaction(desk: Desk) -> None:
    @handles("stumble")
    def stumble(run: Run) -> None:
        with run.writing() as db:
            enqueue(db, "made")
            raise ValueError

    desk.ask("stumble")
    desk.run_next()
    assert desk.count("made") == 0


def test_a_handler_that_exits_does_not_take_its_worker_along(desk: Desk) -> None:
    handles("leave")(lambda _: sys.exit())
    desk.ask("leave")
    assert desk.run_next()
    assert (desk.job().last_error or "").startswith("SystemExit")


def test_a_worker_that_died_leaves_its_job_to_another(desk: Desk) -> None:
    @handles("film")
    def film(run: Run) -> None:
        if run.attempt == 1:
            assert desk.job().state is State.RUNNING
            assert not desk.run_next(), "the lease has not ended"
            desk.end_leases()
            assert desk.job().state is State.WAITING
            assert desk.run_next(), "the lease has ended"
        make(run)

    desk.ask("film")
    assert desk.run_next()
    assert [job.facts["by"] for job in desk.jobs("made")] == [2]


def test_the_first_worker_can_no_longer_write_once_another_took_over(desk: Desk) -> None:
    lost: list[str] = []

    @handles("film")
    def film(run: Run) -> None:
        if run.attempt == 2:
            assert (desk.job().token, desk.job().state) == (2, State.RUNNING)
            return
        desk.end_leases()
        assert desk.run_next()
        for deed in (make, lambda run: run.progress(0.5), lambda run: run.check()):
            with pytest.raises(LeaseLost):
                deed(run)
            lost.append("lost")
        raise LeaseLost

    desk.ask("film")
    assert desk.run_next()
    job = desk.job()
    assert (len(lost), job.state, job.progress, job.attempts) == (3, State.DONE, None, 2)


def test_a_worker_that_fails_too_late_changes_nothing(desk: Desk) -> None:
    @handles("film")
    def film(run: Run) -> None:
        if run.attempt == 1:
            desk.end_leases()
            assert desk.run_next()
            raise ValueError

    desk.ask("film")
    assert desk.run_next()
    job = desk.job()
    assert (job.state, job.last_error) == (State.DONE, None)


def test_nobody_takes_a_job_over_in_the_middle_of_its_transaction(desk: Desk) -> None:
    """Even when the lease ends there: what is written is committed before another begins."""
    made_before: list[int] = []

    @handles("film")
    def film(run: Run) -> None:
        if run.attempt == 2:
            made_before.append(desk.count("made"))
            return
        desk.end_leases()
        with run.writing() as db:
            other = Thread(target=desk.run_next)
            other.start()
            other.join(0.3)
            assert made_before == []
            enqueue(db, "made")
        other.join()

    desk.ask("film")
    assert desk.run_next()
    assert made_before in ([1], [])  # SQLite: it waited for its turn; PostgreSQL: it passed on
    assert desk.count("made") == 1


def test_a_job_whose_workers_all_died_is_dead(desk: Desk) -> None:
    """What kills its worker must not kill every worker for ever."""
    handles("film")(make)
    desk.ask("film")
    desk.change(attempts=5, token=5, claimed_until=now() - timedelta(seconds=1))

    assert [desk.run_next(), desk.run_next()] == [True, False]
    job = desk.job()
    assert job.state is State.DEAD
    assert (job.last_error or "").startswith("LeaseLost")


@pytest.mark.usefixtures("short_lease")
def test_a_long_job_is_kept_by_its_heartbeat(desk: Desk) -> None:
    taken: list[bool] = []

    @handles("film")
    def film(run: Run) -> None:
        for _ in range(15):  # 1.5 s, with a lease of 0.6 s
            sleep(0.1)
            taken.append(desk.run_next())
        make(run)

    desk.ask("film")
    assert desk.run_next()
    assert not any(taken)
    assert (desk.job("film").state, desk.count("made")) == (State.DONE, 1)


@pytest.mark.usefixtures("short_lease")
def test_a_heartbeat_notices_that_the_lease_is_lost(desk: Desk) -> None:
    noticed: list[str] = []

    @handles("film")
    def film(run: Run) -> None:
        run.check()
        desk.change(token=7)  # another worker has it
        try:
            for _ in range(500):
                sleep(0.01)
                run.check()
        except Interrupted as error:
            noticed.append(type(error).__name__)
            raise

    desk.ask("film")
    assert desk.run_next()
    assert noticed == ["LeaseLost"]
    assert desk.job().token == 7


def test_progress_is_seen_while_the_job_runs(desk: Desk) -> None:
    seen: list[float | None] = []

    @handles("film")
    def film(run: Run) -> None:
        for share in (0, 0.4, 0.4001, 7):
            run.progress(share)
            seen.append(desk.job().progress)

    desk.ask("film")
    assert desk.run_next()
    assert seen == [0, 0.4, 0.4, 1]


def test_reading_cannot_write(desk: Desk) -> None:
    @handles("film")
    def film(run: Run) -> None:
        with run.reading() as db:
            enqueue(db, "made")

    desk.ask("film")
    desk.run_next()
    assert desk.count("made") == 0
    assert "OperationalError InternalError".count((desk.job().last_error or "").split(" ")[0]) == 1


def test_a_long_media_job_does_not_let_a_second_one_begin(desk: Desk) -> None:
    began: list[bool] = []

    @handles("film", queue="media")
    def film(run: Run) -> None:
        other = Thread(target=lambda: began.append(desk.run_next("media")))
        other.start()
        other.join()

    desk.ask("film")
    desk.ask("film")
    assert [desk.run_next("media"), desk.run_next("media")] == [True, True]
    assert began == [False, False]


@pytest.mark.slow
def test_the_next_job_is_one_read_of_an_index_whatever_was_done(
    database: Database, desk: Desk
) -> None:
    handles("greet")(lambda _: None)
    done = {"name": "greet", "queue": "default", "facts": {}, "done_at": now()}
    with database.write.begin() as db:
        for _ in range(100):
            db.connection().execute(insert(JOBS), [done] * 1000)
    for _ in range(10):
        desk.ask("greet")

    dialect = {"sqlite": sqlite, "postgresql": postgresql}[database.dialect].dialect()
    query = claimable("default", now()).compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    with database.read() as db:
        plan = " ".join(str(row) for row in db.execute(text(f"{explain} {query}")))
    assert "ix_jobs_unfinished" in plan
    assert "Seq Scan" not in plan
    assert "SCAN jobs" not in plan
    assert "TEMP B-TREE" not in plan
    wait_until(lambda: not desk.run_next(), seconds=2)
