"""A database answers as the decision does, whatever was said: random histories in real rows."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core.db import Database
from app.core.models import PRESENT, now
from app.witnesses.consents import append, decisive, events_of
from app.witnesses.decision import (
    DATASET,
    NOT_ASKED,
    TEAM,
    Cell,
    Event,
    Facts,
    GivenBy,
    Medium,
    Purpose,
    Reach,
    Verb,
    WitnessFacts,
    decide,
    team_may_read,
)
from app.witnesses.models import ConsentEvent, CurrentConsent, Guardian, Notice, Witness
from app.witnesses.queries import allows_dataset, refused_to_team
from tests.make import Make

START = datetime(2026, 1, 1, tzinfo=UTC)
EXPORT = Cell(Medium.ANONYMOUS_TEXT, TEAM, DATASET, Purpose.EVALUATION)
CELLS = [
    EXPORT,
    EXPORT._replace(form="note"),
    EXPORT._replace(purpose=Purpose.TRAINING),
    EXPORT._replace(audience="employers"),
    EXPORT._replace(medium=Medium.VOICE, form="film"),
    EXPORT._replace(medium=Medium.IMAGE, form="film"),
]
MEDIA: list[tuple[Medium, ...]] = [
    (Medium.ANONYMOUS_TEXT,),
    (Medium.VOICE,),
    (Medium.VOICE, Medium.IMAGE),
]


def day(number: int) -> datetime:
    return START + timedelta(days=number)


@dataclass(frozen=True)
class Said:
    """One event, before it is a row; its days are counted from the first one."""

    verb: Verb
    cells: frozenset[Cell]
    begins: int = 0
    lasts: int = 9
    under_notice: bool = False

    def row(self, witness_id: UUID, notice_id: UUID) -> ConsentEvent:
        return ConsentEvent(
            witness_id=witness_id,
            verb=self.verb,
            choices=[],
            cells=[list(cell) for cell in sorted(self.cells)],
            territory=Reach.PLACE,
            valid_from=day(self.begins),
            valid_until=day(self.begins + self.lasts) if self.verb is Verb.GIVE else None,
            given_by=GivenBy.SELF,
            notice_id=notice_id if self.under_notice else None,
            method="paper",
            at=day(self.begins),
        )


HISTORIES = st.lists(
    st.builds(
        Said,
        verb=st.sampled_from(list(Verb)),
        cells=st.frozensets(st.sampled_from(CELLS), max_size=3),
        begins=st.integers(0, 6),
        lasts=st.integers(1, 6),
        under_notice=st.booleans(),
    ),
    max_size=6,
)
INSIDE = frozenset({EXPORT})


@pytest.fixture
def heard(make: Make) -> tuple[UUID, UUID]:
    """A witness, and a notice which is revoked on the seventh day."""
    witness = make.witness()
    with make.sessions.begin() as db:
        notice = db.scalars(select(Notice).where(Notice.language == "fr")).one()
        notice.revoked_at = day(7)
    return witness.id, notice.id


def say(database: Database, heard: tuple[UUID, UUID], history: list[Said]) -> None:
    witness_id, notice_id = heard
    with database.write.begin() as db:
        db.execute(delete(CurrentConsent))
        db.execute(delete(ConsentEvent))
        for said in history:
            append(db, said.row(witness_id, notice_id))


@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(HISTORIES)
@example([Said(Verb.GIVE, INSIDE, begins=2, lasts=3), Said(Verb.GIVE, INSIDE, begins=4, lasts=1)])
@example([Said(Verb.REFUSE, INSIDE), Said(Verb.GIVE, INSIDE, begins=3)])
@example([Said(Verb.GIVE, INSIDE), Said(Verb.RESTRICT, frozenset()), Said(Verb.GIVE, INSIDE, 4)])
@example([Said(Verb.GIVE, frozenset(CELLS)), Said(Verb.RESTRICT, frozenset({CELLS[1]}))])
@example([Said(Verb.GIVE, INSIDE, under_notice=True)])
def test_the_two_questions_of_lists_are_those_of_the_decision(
    database: Database, heard: tuple[UUID, UUID], history: list[Said]
) -> None:
    say(database, heard, history)
    witness_id, _ = heard

    with database.read() as db:
        events = decisive(events_of(db, [witness_id])[witness_id])
        assert [event.number for event in events] == list(range(1, len(history) + 1))
        facts = Facts([WitnessFacts(witness_id, events)], where=NOT_ASKED, accepted=True)
        for at in (day(n) for n in range(-1, 14)):
            exported, *refused = ask(db, at)
            assert exported == decide(facts, [EXPORT], at).allowed, at
            for media, asked in zip(MEDIA, refused, strict=True):
                assert asked == (team_may_read(events, media, at) is not None), (media, at)


def ask(db: Session, at: datetime) -> tuple[bool, ...]:
    """What SQL says: whether it may be exported, then whether each of the media was refused."""
    refused = [refused_to_team(Witness.id, at, media) for media in MEDIA]
    row = db.execute(select(allows_dataset(Witness.id, at), *refused)).one()
    return tuple(map(bool, row))


def test_each_asks_about_the_witness_it_is_told(database: Database, make: Make) -> None:
    """Several people, each with their own word: nobody answers for somebody else."""
    with database.read() as db:
        notice_id = db.scalars(select(Notice.id)).first()
    assert notice_id
    gave, refused, silent = (make.witness() for _ in range(3))
    with database.write.begin() as db:
        append(db, Said(Verb.GIVE, INSIDE).row(gave.id, notice_id))
        append(db, Said(Verb.REFUSE, INSIDE).row(refused.id, notice_id))

    with database.read() as db:
        assert found(db, allows_dataset(Witness.id, day(3))) == {gave.id}
        assert found(db, refused_to_team(Witness.id, day(3))) == {refused.id}
        assert found(db, refused_to_team(Witness.id, day(3), [Medium.VOICE])) == set()
        assert silent.id in found(db, ~refused_to_team(Witness.id, day(3)))


def found(db: Session, condition: Any) -> set[UUID]:
    return set(db.scalars(select(Witness.id).where(condition)))


def test_events_read_from_rows_are_those_that_were_said(
    database: Database, heard: tuple[UUID, UUID]
) -> None:
    history = [
        Said(Verb.GIVE, frozenset(CELLS), begins=1, lasts=2, under_notice=True),
        Said(Verb.WITHDRAW, INSIDE),
    ]
    say(database, heard, history)
    witness_id, notice_id = heard
    numbers = count(1)
    expected = [
        Event(
            number=next(numbers),
            verb=said.verb,
            cells=said.cells,
            reach=Reach.PLACE,
            valid_from=day(said.begins),
            valid_until=day(said.begins + said.lasts) if said.verb is Verb.GIVE else None,
        )
        for said in history
    ]
    expected[0] = replace(expected[0], notice_revoked_at=day(7), notice_id=notice_id)
    with database.read() as db:
        assert list(decisive(events_of(db, [witness_id])[witness_id])) == expected


def test_the_present_of_a_statement_is_that_of_who_executes_it(
    database: Database, make: Make, animator: Account
) -> None:
    """Built once, it is right each time: who is a minor then has guardians who have a say."""
    minor, adult = (make.witness(birth_year=now().year - age) for age in (17, 40))
    voice = EXPORT._replace(medium=Medium.VOICE)
    for witness in (minor, adult):
        guardian = Guardian(witness_id=witness.id, relation="mother", declared_by_id=animator.id)
        with database.write.begin() as db:
            db.add(guardian)
            db.flush()
            guardian_id = guardian.id
        said = {"given_by": GivenBy.GUARDIAN, "guardian_id": guardian_id}
        make.consent(witness, voice, verb=Verb.REFUSE, **said)
    statement = select(Witness.id).where(refused_to_team(Witness.id, PRESENT, [Medium.VOICE]))
    with database.read() as db:
        assert db.scalars(statement).all() == [minor.id]
    clock = select(PRESENT)
    with database.read() as db:
        moments = [now(), db.scalars(clock).one(), db.scalars(clock).one(), now()]
    assert moments == sorted(set(moments))
