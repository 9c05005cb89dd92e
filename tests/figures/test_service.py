"""What is frozen: of which testimonies, once, and about nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import worker
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.settings import settings
from app.figures.models import FrozenFigures
from app.jobs.runner import Worker
from app.jobs.service import enqueue
from app.moderation.models import Verdict
from app.testimonies.models import Nature, State
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from tests.figures.attacker import linear
from tests.figures.conftest import Accepted, Frozen, Heard, moment
from tests.figures.worlds import counted, month_of
from tests.make import Make

READING = Cell(Medium.ANONYMOUS_TEXT, "team", "web_page", Purpose.EVALUATION)
HIDDEN = {"value": None, "suppressed": True}


def all_of(db: Session) -> list[FrozenFigures]:
    return list(db.scalars(select(FrozenFigures).order_by(FrozenFigures.number)))


def told(figures: FrozenFigures, name: str) -> dict[str, Any]:
    """The shares of a table that are told, without the empty ones."""
    [table] = [table for table in figures.tables if table["name"] == name]
    shares = {cell["code"]: cell["share"] for cell in table["cells"]}
    return {code: share for code, share in shares.items() if share not in (0, HIDDEN)}


def hidden(figures: FrozenFigures, name: str) -> set[str]:
    [table] = [table for table in figures.tables if table["name"] == name]
    return {cell["code"] for cell in table["cells"] if cell["share"] == HIDDEN}


def test_a_month_that_is_over_is_counted_by_role_method_nature_and_department(
    accepted: Accepted, frozen: Frozen, make: Make, db: Session
) -> None:
    accepted(20, nature=Nature.PRACTICE)
    accepted(12, role="young_person", method="video", territory_id=make.territory("04").id)
    assert frozen(10)
    [figures] = all_of(db)
    assert (figures.number, figures.first_month, figures.last_month) == (1, None, "2026-09")
    assert (figures.testimonies, figures.k) == (32, 11)
    assert [table["name"] for table in figures.tables] == ["role", "method", "nature", "territory"]
    assert told(figures, "role") == {"tutor": 0.6, "young_person": 0.4}  # 0.625 and 0.375
    assert told(figures, "method") == {"written": 0.6, "video": 0.4}
    assert told(figures, "nature") == {"practice": 0.6, "unknown": 0.4}
    assert told(figures, "territory") == {"83": 0.6, "04": 0.4}  # of the place, or its own
    [role, *_] = figures.tables
    assert role["cells"][0] == {
        "code": "young_person",
        "label": role["cells"][0]["label"],
        "share": 0.4,
    }
    assert {cell["share"] for cell in role["cells"]} == {0.6, 0.4, 0.0}


def test_nothing_counts_that_was_not_accepted_or_may_not_be_read(
    accepted: Accepted, frozen: Frozen, make: Make, db: Session
) -> None:
    accepted(25)
    for state in (State.SUBMITTED, State.REJECTED, State.WITHDRAWN):
        accepted(1, state=state, role="young_person")
    refuses = make.witness()
    make.consent(refuses, READING, verb=Verb.REFUSE)
    accepted(1, people=[refuses])
    accepted(1, month=10)
    other = make.scheme()
    accepted(1, scheme_id=other.id)
    [returned] = accepted(1, month=10)
    make.decision(returned, created_at=moment(9), verdict=Verdict.RETURN, reason_code="unclear")
    assert frozen(10)
    assert [figures.testimonies for figures in all_of(db)] == [25]


def test_a_month_that_is_not_enough_waits_for_those_to_come(
    accepted: Accepted, frozen: Frozen, db: Session
) -> None:
    accepted(21, month=9)
    assert not frozen(10)
    accepted(21, month=10)
    assert frozen(11)
    accepted(22, month=12)
    assert not frozen(12)
    assert frozen(13 - 12, at=datetime(2027, 1, 10, tzinfo=UTC))
    assert [(f.first_month, f.last_month, f.testimonies) for f in all_of(db)] == [
        (None, "2026-10", 42),
        ("2026-11", "2026-12", 22),
    ]


def test_nor_are_many_words_of_few_people(accepted: Accepted, frozen: Frozen, make: Make) -> None:
    accepted(40, people=[make.witness() for _ in range(10)])
    assert not frozen(10)


def test_a_cell_of_many_words_of_few_people_is_hidden(
    accepted: Accepted, frozen: Frozen, make: Make, db: Session
) -> None:
    accepted(30)
    accepted(30, role="support_worker")
    accepted(20, people=[make.witness(role="young_person") for _ in range(10)])
    assert frozen(10)
    [figures] = all_of(db)
    assert "young_person" in hidden(figures, "role")


def test_the_month_must_be_over_for_a_day(accepted: Accepted, frozen: Frozen) -> None:
    accepted(30)
    assert not frozen(at=datetime(2026, 9, 30, 23, 59, tzinfo=UTC))
    assert not frozen(at=datetime(2026, 10, 1, 23, 59, tzinfo=UTC))
    assert frozen(at=datetime(2026, 10, 2, 0, 1, tzinfo=UTC))


def test_no_testimony_is_in_two_periods(
    accepted: Accepted, frozen: Frozen, make: Make, db: Session
) -> None:
    """Though it was rejected and accepted again: it counts when it was accepted first."""
    first = accepted(25, month=9)
    assert frozen(10)
    for testimony in first[:5]:
        rejected = {"verdict": Verdict.REJECT, "reason_code": "off_topic"}
        make.decision(testimony, created_at=moment(10, 1), **rejected)
        make.decision(testimony, created_at=moment(10, 2))
    accepted(22, month=10)
    assert frozen(11)
    assert [figures.testimonies for figures in all_of(db)] == [25, 22]


def test_what_is_taken_back_later_is_not_counted_again(
    accepted: Accepted, frozen: Frozen, database: Database, db: Session
) -> None:
    """What stays says nothing of who left; the difference of two countings would."""
    said = accepted(25)
    assert frozen(10)
    [before] = all_of(db)
    was = (before.testimonies, before.tables, before.frozen_at)
    with database.write.begin() as writing:
        writing.merge(said[0]).withdraw()
    assert not frozen(10)
    db.expire_all()
    [after] = all_of(db)
    assert (after.testimonies, after.tables, after.frozen_at) == was


def test_what_was_taken_back_before_is_not_counted(
    accepted: Accepted, frozen: Frozen, database: Database, db: Session
) -> None:
    said = accepted(25)
    with database.write.begin() as writing:
        writing.merge(said[0]).withdraw()
    assert frozen(10)
    assert [figures.testimonies for figures in all_of(db)] == [24]


def test_who_speaks_with_somebody_of_another_role_is_counted_once(
    accepted: Accepted, frozen: Frozen, make: Make, db: Session
) -> None:
    accepted(20)
    pairs = [[make.witness(), make.witness(role="young_person")] for _ in range(20)]
    for pair in pairs:
        accepted(1, witnesses=pair)
    assert frozen(10)
    [figures] = all_of(db)
    assert told(figures, "role") == {"tutor": 0.5, "several": 0.5}


# Employers


@pytest.mark.parametrize(
    ("of_each", "is_told"),
    [
        ((10, 10), False),  # two employers
        ((8, 8, 8), True),
        ((18, 1, 1), False),  # one is 90 %
        ((17, 2, 1), True),  # 85 %
        ((1,) * 20, True),
    ],
)
def test_employers_are_three_at_least_and_none_is_nearly_all(
    accepted: Accepted,
    frozen: Frozen,
    make: Make,
    db: Session,
    of_each: tuple[int, ...],
    is_told: bool,
) -> None:
    for many in of_each:
        employer = make.organization()
        people = [make.witness(role="employer", organization_id=employer.id) for _ in range(many)]
        accepted(many, people=people)
    accepted(40)
    accepted(40, role="support_worker")
    assert frozen(10)
    [figures] = all_of(db)
    assert ("employer" in told(figures, "role")) is is_told
    assert ("employer" in hidden(figures, "role")) is not is_told
    if not is_told:
        assert len([c for c in figures.tables[0]["cells"] if c["share"] == HIDDEN]) > 1


def test_an_employer_without_an_organization_is_one_of_their_own(
    accepted: Accepted, frozen: Frozen, db: Session
) -> None:
    accepted(20, role="employer")
    accepted(20)
    assert frozen(10)
    [figures] = all_of(db)
    assert told(figures, "role") == {"employer": 0.5, "tutor": 0.5}


def test_thresholds_are_settings(
    accepted: Accepted, frozen: Frozen, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "figures_k_public", 4)
    monkeypatch.setattr(settings(), "figures_rounded_to", 0.1)
    accepted(4)
    accepted(5, role="young_person")
    assert frozen(10)
    [figures] = all_of(db)
    assert figures.k == 4
    assert told(figures, "role") == {"tutor": 0.4, "young_person": 0.6}  # 0.44 and 0.56


# The job


def test_a_job_freezes_every_scheme_once(
    accepted: Accepted, make: Make, database: Database, db: Session
) -> None:
    make.scheme()  # where nothing was heard
    accepted(25, month=1)  # of a year in which all months are over
    worker.discover()
    for _ in range(2):
        with database.write.begin() as writing:
            enqueue(writing, "figures.freeze")
        assert Worker(database).run_next("default")
    assert [figures.testimonies for figures in all_of(db)] == [25]
    done = db.scalars(select(AuditEvent).where(AuditEvent.action == "figures.frozen")).all()
    assert [(event.facts, event.actor_id) for event in done] == [
        ({"number": 1, "testimonies": 25}, None)
    ]


def test_two_workers_at_once_freeze_it_once(
    accepted: Accepted, frozen: Frozen, db: Session
) -> None:
    accepted(25)
    with ThreadPoolExecutor(2) as at_once:
        assert sorted(at_once.map(frozen, [10, 10])) == [False, True]
    assert len(all_of(db)) == 1
    done = select(AuditEvent.id).where(AuditEvent.action == "figures.frozen")
    assert len(db.scalars(done).all()) == 1


# The attacker, with what the database really gives


@pytest.mark.parametrize("seed", range(3))
def test_the_attacker_learns_nothing_of_two_months_of_the_database(
    heard: Heard, frozen: Frozen, db: Session, seed: int
) -> None:
    chance = Random(seed)
    months = [month_of(chance, many=34) for _ in range(2)]
    for month, said in enumerate(months, 9):
        heard(said, month)
        assert frozen(month + 1)
    for figures, said in zip(all_of(db), months, strict=True):
        assert figures.testimonies == len(said)
        known = linear(vars(figures), 0.05)
        for cell, count in counted(said).items():
            least, most = known.about(cell)
            assert least <= count <= most, cell
            assert not 0 < count < 11 or most - least >= 10, (cell, count, least, most)
