"""A workshop, somebody who speaks there, and what an animator deposits."""

from typing import Any

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


@pytest.fixture
def payload(workshop: Workshop, witness: Witness) -> dict[str, Any]:
    return {
        "scheme_id": str(workshop.scheme_id),
        "workshop_id": str(workshop.id),
        "method": "written",
        "witness_ids": [str(witness.id)],
        "title": "Le premier jour",
        "body": "J'ai suivi Karim toute la matinée.",
        "recorded_on": "2013-05-14",
    }
