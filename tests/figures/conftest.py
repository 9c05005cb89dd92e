"""Testimonies that were accepted in a month, of the database."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.db import Database
from app.figures.service import freeze
from app.testimonies.heard import Speaker, Told
from app.testimonies.models import Nature, Testimony
from app.witnesses.decision import Cell
from app.witnesses.models import Witness
from tests.make import Make

Accepted = Callable[..., list[Testimony]]
Frozen = Callable[..., bool]
Heard = Callable[[list[Told], int], list[Testimony]]


def moment(month: int, day: int = 15) -> datetime:
    """A day of 2026."""
    return datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.fixture
def accepted(make: Make) -> Accepted:
    """So many testimonies that were accepted in a month of 2026, of as many tutors."""
    workshop = make.workshop()
    by = make.account().id

    def accepted(
        many: int, month: int = 9, *, people: list[Any] | None = None, **given: Any
    ) -> list[Testimony]:
        role = given.pop("role", "tutor")
        said = []
        for n in range(many):
            who = people[n % len(people)] if people else make.witness(workshop=workshop, role=role)
            about = {"workshop": workshop, "captured_by": by, "witnesses": [who]}
            said.append(make.testimony(**about | given))
            make.decision(said[-1], created_at=moment(month))
        return said

    return accepted


@pytest.fixture
def heard(make: Make, accepted: Accepted, agreed: tuple[Cell, ...]) -> Heard:
    """These testimonies, in the database, accepted in a month of 2026."""
    territories = {code: make.territory(code).id for code in ("04", "05", "06", "13", "83", "84")}
    employers = {n: make.organization().id for n in range(1, 5)}
    workshop = make.workshop()

    def somebody(speaker: Speaker) -> Witness:
        employer = speaker.organization_id and employers[speaker.organization_id.int]
        found = make.witness(workshop=workshop, role=speaker.role, organization_id=employer)
        if agreed:
            make.consent(found, *agreed)
        return found

    def heard(said: list[Told], month: int) -> list[Testimony]:
        found = []
        for one in said:
            nature = one.cells["nature"]
            found += accepted(
                1,
                month,
                witnesses=[somebody(speaker) for speaker in one.speakers],
                method=one.cells["method"],
                nature=None if nature == "unknown" else Nature(nature),
                territory_id=territories[one.cells["territory"]],
            )
        return found

    return heard


@pytest.fixture
def agreed() -> tuple[Cell, ...]:
    """What those who are heard agree to."""
    return ()


@pytest.fixture
def frozen(database: Database, make: Make) -> Frozen:
    """Freeze what is over on the 10th of a month of 2026; whether that is something."""

    def frozen(month: int = 10, at: datetime | None = None) -> bool:
        with database.write.begin() as db:
            return freeze(db, make.the_scheme.id, at or moment(month, 10))

    return frozen
