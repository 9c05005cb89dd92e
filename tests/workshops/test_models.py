"""The life of a workshop."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.core.models import now
from app.workshops.models import State, WorkshopNotOpen, state_of
from tests.make import Make


def test_it_is_planned_until_it_starts(make: Make) -> None:
    workshop = make.workshop(starts_at=now() + timedelta(days=1))
    assert workshop.state is State.PLANNED
    with pytest.raises(WorkshopNotOpen) as caught:
        workshop.require_open()
    assert caught.value.facts == {"state": State.PLANNED}


def test_it_hears_people_once_started(make: Make) -> None:
    make.workshop().require_open()


def test_what_was_planned_does_not_open_it(make: Make) -> None:
    late = make.workshop(starts_at=now() + timedelta(hours=1), planned_starts_at=now())
    assert late.state is State.PLANNED


def test_once_closed_it_hears_nobody(make: Make) -> None:
    workshop = make.workshop(closed_at=now(), closed_by_id=make.account().id)
    with pytest.raises(WorkshopNotOpen, match="closed"):
        workshop.require_open()


def test_closed_before_it_started_it_is_closed() -> None:
    assert state_of(now() + timedelta(days=1), now()) is State.CLOSED


def test_nobody_closes_it_anonymously(make: Make) -> None:
    with pytest.raises(IntegrityError, match="closed_by_someone"):
        make.workshop(closed_at=now())
    with pytest.raises(IntegrityError, match="closed_by_someone"):
        make.workshop(closed_by_id=make.account().id)


def test_it_does_not_end_before_it_starts(make: Make) -> None:
    with pytest.raises(IntegrityError, match="in_order"):
        make.workshop(ends_at=now() - timedelta(days=1))


def test_its_owner_is_the_one_of_its_place(make: Make) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign"):
        make.workshop(owner_organization_id=make.organization().id)
