"""A workshop where people are heard, and somebody who is."""

import pytest

from app.accounts.models import Account
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.make import Make


@pytest.fixture
def workshop(make: Make, animator: Account) -> Workshop:
    return make.workshop(organization=animator.organization)


@pytest.fixture
def witness(make: Make, workshop: Workshop) -> Witness:
    return make.witness(workshop=workshop)
