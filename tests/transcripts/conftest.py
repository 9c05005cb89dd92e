"""A film of a workshop: one person speaks, another is heard from 10 s to 20 s of it."""

from typing import Any

import pytest

from app.accounts.models import Account
from app.media.models import Media
from app.testimonies.models import State, Testimony
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.make import Make

SEGMENTS: list[dict[str, Any]] = [
    {"start_ms": 0, "end_ms": 10_000, "speaker": "Awa", "text": "Le 1er jour 👩🏽‍🍳, j'ai suivi."},
    {"start_ms": 10_000, "end_ms": 20_000, "speaker": "B", "text": "On s'appelle le soir."},
    {"start_ms": 20_000, "end_ms": 30_000, "speaker": None, "text": "Ça m'a plu."},
]


@pytest.fixture
def workshop(make: Make, animator: Account) -> Workshop:
    return make.workshop(organization=animator.organization)


@pytest.fixture
def speaker(make: Make, workshop: Workshop) -> Witness:
    return make.witness(workshop=workshop)


@pytest.fixture
def other(make: Make, workshop: Workshop, media: Media) -> Witness:
    """Who is no witness of the testimony, and is heard for ten seconds."""
    witness = make.witness(workshop=workshop)
    make.appearance(media, witness, start_ms=10_000, end_ms=20_000)
    return witness


@pytest.fixture
def media(make: Make, animator: Account) -> Media:
    return make.media(organization=animator.organization)


@pytest.fixture
def testimony(make: Make, workshop: Workshop, speaker: Witness, media: Media) -> Testimony:
    return make.testimony(
        workshop=workshop, witnesses=[speaker], media=[media], state=State.SUBMITTED
    )


@pytest.fixture
def payload() -> dict[str, Any]:
    return {"language": "fr", "segments": SEGMENTS}
