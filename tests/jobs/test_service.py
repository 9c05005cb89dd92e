"""Work asked for now, and done later."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import now
from app.jobs import jobs as own_jobs
from app.jobs.models import Job, State
from app.jobs.service import HandlerTaken, Run, enqueue, handles, request_periodic
from tests.jobs.desk import Desk, in_


@pytest.fixture
def greeted() -> list[str]:
    """Whom the workers have greeted."""
    greeted: list[str] = []

    @handles("greet")
    def greet(run: Run, whom: str = "nobody") -> None:
        greeted.append(whom)

    return greeted


def test_a_job_is_done_once(desk: Desk, greeted: list[str]) -> None:
    desk.ask("greet", whom="Awa")

    assert [desk.run_next(), desk.run_next()] == [True, False]
    assert greeted == ["Awa"]
    job = desk.job()
    assert (job.state, job.attempts, job.last_error) == (State.DONE, 1, None)


def test_a_job_asked_for_in_vain_is_never_done(
    database: Database, desk: Desk, greeted: list[str]
) -> None:
    with database.write() as db:
        enqueue(db, "greet", whom="Awa")
        db.rollback()

    assert not desk.run_next()
    assert (desk.jobs(), greeted) == ([], [])


def test_jobs_are_done_in_the_order_they_are_due(desk: Desk, greeted: list[str]) -> None:
    for whom, due in (("third", -1), ("first", -9), ("second", -5), ("later", 60)):
        desk.ask("greet", whom=whom, due_at=in_(due))

    assert [desk.run_next() for _ in range(4)] == [True, True, True, False]
    assert greeted == ["first", "second", "third"]


def test_a_job_that_waits_is_not_asked_for_again_and_is_due_at_the_earlier_moment(
    desk: Desk, greeted: list[str]
) -> None:
    for due in (60, 30, 90):
        desk.ask("greet", dedupe_key="greet:Awa", due_at=in_(due), whom="Awa")
    desk.ask("greet", dedupe_key="greet:Ben", due_at=in_(60), whom="Ben")

    assert [job.facts["whom"] for job in desk.jobs()] == ["Awa", "Ben"]
    assert timedelta(seconds=20) < desk.jobs()[0].due_at - now() < timedelta(seconds=31)


def test_a_job_that_runs_is_asked_for_again_for_it_may_have_looked_too_early(
    desk: Desk, greeted: list[str]
) -> None:
    @handles("look")
    def look(run: Run) -> None:
        greeted.append("looked")
        if len(greeted) == 1:
            desk.ask("look", dedupe_key="look")
            desk.ask("look", dedupe_key="look")

    desk.ask("look", dedupe_key="look")
    assert [desk.run_next() for _ in range(3)] == [True, True, False]
    assert greeted == ["looked", "looked"]


def test_what_fails_after_being_asked_for_again_waits_once(desk: Desk, greeted: list[str]) -> None:
    @handles("stumble")
    def stumble(run: Run) -> None:
        desk.ask("stumble", dedupe_key="stumble")
        raise ValueError

    desk.ask("stumble", dedupe_key="stumble")
    assert desk.run_next()
    assert (desk.job().state, desk.job().attempts) == (State.WAITING, 0)


def test_a_job_asked_for_again_sees_what_its_asker_changed(
    database: Database, desk: Desk, greeted: list[str]
) -> None:
    """Nobody does the job that waits before the transaction that counts on it is committed."""
    desk.ask("greet", dedupe_key="greet", whom="Awa")
    begun: list[bool] = []

    with database.write.begin() as db:
        enqueue(db, "greet", dedupe_key="greet", whom="Awa")
        other = Thread(target=lambda: begun.append(desk.run_next()))
        other.start()
        other.join(0.3)
        assert greeted == []
    other.join()
    assert (begun == [True]) or desk.run_next()  # it waited for its turn, or passed on
    assert greeted == ["Awa"]


def test_two_handlers_of_one_name_are_an_error(greeted: list[str]) -> None:
    with pytest.raises(HandlerTaken):
        handles("greet")(lambda _: None)


def test_a_name_nobody_here_knows_is_left_to_other_workers(desk: Desk, greeted: list[str]) -> None:
    desk.ask("newer.feature", due_at=in_(-60))
    desk.ask("greet", whom="Awa")

    assert [desk.run_next(), desk.run_next()] == [True, False]
    assert greeted == ["Awa"]
    job = desk.job("newer.feature")
    assert (job.state, job.attempts) == (State.WAITING, 0)


def test_who_asks_need_not_know_the_queue(desk: Desk, greeted: list[str]) -> None:
    desk.ask("film")
    handles("film", queue="media")(lambda _: greeted.append("filmed"))

    assert [desk.run_next(), desk.run_next()] == [True, False]
    assert (greeted, desk.job().queue) == ([], "media")
    assert [desk.run_next("media"), desk.run_next("media")] == [True, False]
    assert greeted == ["filmed"]


def test_a_periodic_job_is_one_job_done_again_and_again(
    database: Database, desk: Desk, greeted: list[str]
) -> None:
    handles("hourly", every=timedelta(hours=1))(lambda _: greeted.append("hourly"))

    asking = [Thread(target=request_periodic, args=(database,)) for _ in range(2)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert [desk.run_next(), desk.run_next()] == [True, False]
    request_periodic(database)
    job = desk.job()
    assert (job.state, job.attempts) == (State.WAITING, 0)
    assert timedelta(minutes=59) < job.due_at - now() <= timedelta(hours=1)
    desk.make_due()
    assert [desk.run_next(), desk.run_next()] == [True, False]
    assert greeted == ["hourly", "hourly"]


def test_a_periodic_job_asked_for_while_it_runs_stays_one_job(
    database: Database, desk: Desk, greeted: list[str]
) -> None:
    @handles("hourly", every=timedelta(hours=1))
    def hourly(run: Run) -> None:
        request_periodic(database)

    request_periodic(database)
    assert desk.run_next()
    assert desk.job().state is State.WAITING


def test_a_periodic_job_never_dies(database: Database, desk: Desk, greeted: list[str]) -> None:
    @handles("minutely", every=timedelta(minutes=1))
    def minutely(run: Run) -> None:
        raise ValueError

    request_periodic(database)
    for _ in range(7):
        desk.make_due()
        assert desk.run_next()
    job = desk.job()
    assert (job.state, job.attempts) == (State.WAITING, 7)
    assert job.due_at - now() <= timedelta(minutes=1)


def test_done_jobs_are_forgotten_after_seven_days(desk: Desk, greeted: list[str]) -> None:
    handles("forget")(own_jobs.forget)
    for age, left in ((timedelta(days=6), 1), (timedelta(days=8), 0)):
        desk.ask("greet")
        desk.run_next()
        desk.change(done_at=now() - age)
        desk.ask("forget")
        assert desk.run_next()
        assert desk.count("greet") == left


def test_the_bell_rings_at_the_commit_and_not_before(
    database: Database, greeted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = Event()
    monkeypatch.setattr("app.jobs.bell.BELL.ring", rung.set)

    with database.write() as db:
        enqueue(db, "greet")
        db.rollback()
        assert not rung.is_set()
        enqueue(db, "greet")
        enqueue(db, "greet")
        assert not rung.is_set()
        db.commit()
        assert rung.is_set()
        rung.clear()
        db.commit()
        assert not rung.is_set()


def test_facts_are_given_to_the_handler_as_they_were(
    desk: Desk, db: Session, greeted: list[str]
) -> None:
    found: list[object] = []
    handles("keep")(lambda _, **facts: found.append(facts))
    desk.ask("keep", text="L'été 🎞️", number=1.5, none=None, list=[1, {"a": True}])
    assert desk.run_next()
    assert found == [{"text": "L'été 🎞️", "number": 1.5, "none": None, "list": [1, {"a": True}]}]
    assert db.get_one(Job, desk.job().id).state is State.DONE
