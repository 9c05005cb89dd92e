"""A film of a workshop: one person speaks, another is seen or heard for ten seconds of it."""

import pytest

from app.accounts.models import Account
from app.media.models import Media
from app.testimonies.models import Testimony
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.make import Make

WITH_THEM, WITHOUT = (10_000, 20_000), (20_000, 30_000)
NAMES = [f"clip-{start}-{stop}.mp4" for start, stop in (WITH_THEM, WITHOUT)]


@pytest.fixture
def workshop(make: Make, animator: Account) -> Workshop:
    return make.workshop(organization=animator.organization)


@pytest.fixture
def speaker(make: Make, workshop: Workshop) -> Witness:
    return make.witness(workshop=workshop)


@pytest.fixture
def other(make: Make, workshop: Workshop) -> Witness:
    """Who is no witness of the testimony."""
    return make.witness(workshop=workshop)


@pytest.fixture
def media(make: Make, animator: Account) -> Media:
    files = {name: name.encode() for name in ["web.mp4", *NAMES]}
    return make.media(organization=animator.organization, files=files)


@pytest.fixture
def testimony(make: Make, workshop: Workshop, speaker: Witness, media: Media) -> Testimony:
    return make.testimony(workshop=workshop, witnesses=[speaker], media=[media])
