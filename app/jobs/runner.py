"""Do the jobs, one at a time: claim, run, then keep how it went.

A job belongs to one worker for a lease, which its heartbeat renews. A worker that dies stops
renewing: another claims the job, with a higher token, and the first can no longer write.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom
from threading import Event, Thread
from traceback import extract_tb

import structlog
from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.core.db import Database
from app.core.models import now
from app.core.problems import Problem, ServiceUnavailable
from app.jobs.bell import BELL
from app.jobs.models import Job
from app.jobs.service import HANDLERS, QUEUES, Handler, Interrupted, LeaseLost, Run
from app.jobs.turns import turn

LEASE = timedelta(seconds=60)
BEAT = 20.0  # seconds
POLL = 1.0  # seconds; what nobody rang for begins at most this late
MAX_ATTEMPTS = 5
BACK_OFF = timedelta(seconds=10)  # then 4 times longer at each attempt: 10 s to 11 min
OUTAGE = timedelta(seconds=20)  # between two tries of what needs something that is unavailable

log = structlog.get_logger(__name__)
jitter = SystemRandom().uniform


def claimable(queue: str, at: datetime) -> Select[Job]:
    """The job of this queue to do next: the one due first, held by nobody, that we know how to do.

    One read of `ix_jobs_unfinished`, which holds neither the done nor the dead.
    """
    return (
        select(Job)
        .where(
            Job.queue == queue,
            Job.due_at <= at,
            Job.done_at.is_(None),
            Job.failed_at.is_(None),
            or_(Job.claimed_until.is_(None), Job.claimed_until <= at),
            Job.name.in_(sorted(HANDLERS)),
        )
        .order_by(Job.due_at)
        .limit(1)
    )


def back_off(attempts: int) -> timedelta:
    """How long to wait after this many attempts, give or take a quarter."""
    doublings = 2 * (min(attempts, MAX_ATTEMPTS) - 1)
    return BACK_OFF * 2.0**doublings * jitter(0.75, 1.25)


def describe(error: BaseException) -> str:
    """The error's type and place. Not its message: it may quote somebody."""
    frames = reversed(extract_tb(error.__traceback__)[1:])
    places = (f"{'/'.join(Path(f.filename).parts[-2:])}:{f.lineno} {f.name}" for f in frames)
    return " < ".join((type(error).__qualname__, *places))[:500]


class Worker:
    """Does the jobs of these queues, in one thread, until `stop` is set."""

    def __init__(
        self, database: Database, queues: Sequence[str] = QUEUES, stop: Event | None = None
    ) -> None:
        self._database, self._queues, self._stop = database, queues, stop or Event()
        self._run: Run | None = None

    def work(self) -> None:
        """Take each queue in turn. A database out of reach is waited for."""
        while not self._stop.is_set():
            heard = BELL.rings
            try:
                busy = [self.run_next(queue) for queue in self._queues if not self._stop.is_set()]
            except Exception as error:
                log.exception("worker.waits", error=describe(error), exc_info=False)
                self._stop.wait(POLL)
            else:
                if not any(busy):
                    BELL.wait(heard, POLL)

    def run_next(self, queue: str) -> bool:
        """Do the next job of this queue, outside any transaction.

        False when there is none, or when the machine does enough of them already.
        """
        with turn(queue) as is_ours:
            return is_ours and self._run_next(queue)

    def hand_back(self) -> None:
        """Let another worker take the present job at once; what it still does here is not kept."""
        if run := self._run:
            try:
                _hand_back(run)
            except SQLAlchemyError as error:  # its lease will end by itself
                log.warning("job.kept", job=run.job.name, error=describe(error))

    def _run_next(self, queue: str) -> bool:
        with self._database.read() as reading:  # looking must not need the right to write
            if not reading.scalar(claimable(queue, now()).with_only_columns(Job.id)):
                return False
        with self._database.write.begin() as db:
            job = db.scalar(claimable(queue, now()).with_for_update(skip_locked=True))
            if not job:
                return False
            handler = HANDLERS[job.name]
            ours = _claim(job, handler)
        if ours:
            self._run = Run(self._database, job, self._stop)
            try:
                _do(self._run, handler)
            finally:
                self._run = None
        return True


def _claim(job: Job, handler: Handler) -> bool:
    """Make the job ours; or put it where it belongs, which is something done too."""
    if job.queue != handler.queue:
        job.queue = handler.queue  # who asked for it did not know the handler
        return False
    if job.attempts >= MAX_ATTEMPTS and not job.is_periodic:
        job.failed_at, job.claimed_until = now(), None
        job.last_error = "LeaseLost: its workers died"
        return False
    job.token, job.attempts = job.token + 1, job.attempts + 1
    job.claimed_until, job.progress = now() + LEASE, None
    return True


def _do(run: Run, handler: Handler) -> None:
    try:
        with _heartbeat(run):
            handler.do(run, **run.job.facts)
    except LeaseLost:
        log.warning("job.lost", job=run.job.name, id=str(run.job.id))
    except Interrupted:
        _hand_back(run)
    except (Exception, SystemExit) as error:
        if isinstance(error, Problem) and error.status == ServiceUnavailable.status:
            _postpone(run, describe(error))
        else:
            _fail(run, handler, describe(error))
    else:
        _finish(run, handler)


@contextmanager
def _heartbeat(run: Run) -> Iterator[None]:
    """Renew the lease from another thread meanwhile, and notice when it is lost."""
    over = Event()

    def beat() -> None:
        while not over.wait(BEAT):
            try:
                run.save(claimed_until=now() + LEASE)
            except LeaseLost:
                return  # the run knows
            except SQLAlchemyError as error:
                log.warning("job.heartbeat_missed", job=run.job.name, error=describe(error))

    thread = Thread(target=beat, name=f"heartbeat of {run.job.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _finish(run: Run, handler: Handler) -> None:
    try:
        if run.job.is_periodic and handler.every:
            _put_back(run, due_at=now() + handler.every, attempts=0, last_error=None)
        else:
            run.save(done_at=now(), claimed_until=None)
    except LeaseLost:
        log.warning("job.lost", job=run.job.name, id=str(run.job.id))


def _fail(run: Run, handler: Handler, error: str) -> None:
    """Try again later; after 5 attempts, never. A periodic job goes on for ever."""
    log.error("job.failed", job=run.job.name, id=str(run.job.id), attempt=run.attempt, error=error)
    try:
        if run.job.is_periodic and handler.every:
            pause = min(back_off(run.attempt), handler.every)
            _put_back(run, due_at=now() + pause, last_error=error)
        elif run.attempt < MAX_ATTEMPTS:
            _put_back(run, due_at=now() + back_off(run.attempt), last_error=error)
        else:
            run.save(failed_at=now(), claimed_until=None, last_error=error)
    except LeaseLost:
        log.warning("job.lost", job=run.job.name, id=str(run.job.id))


def _postpone(run: Run, error: str) -> None:
    """Try again soon, as long as it takes: that something else is down was no attempt of ours."""
    log.warning("job.postponed", job=run.job.name, id=str(run.job.id), error=error)
    later = now() + OUTAGE * jitter(0.75, 1.25)
    try:
        _put_back(run, due_at=later, attempts=run.attempt - 1, last_error=error)
    except LeaseLost:
        log.warning("job.lost", job=run.job.name, id=str(run.job.id))


def _hand_back(run: Run) -> None:
    """Undo the claim: it was no attempt. The token stays, so that no two claims share one."""
    try:
        _put_back(run, attempts=run.attempt - 1)
    except LeaseLost:
        return  # it was done, or taken, in the meantime
    run.lose()
    BELL.ring()


def _put_back(run: Run, **columns: object) -> None:
    """Let the job wait again; unless the same was asked for meanwhile, and does its work."""
    try:
        run.save(claimed_until=None, **columns)
    except IntegrityError:
        run.drop()
