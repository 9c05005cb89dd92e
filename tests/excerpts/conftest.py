"""An accepted testimony, and a passage of it."""

from typing import Any

import pytest

from app.accounts.models import Account
from app.testimonies.models import Testimony
from tests.make import Make


@pytest.fixture
def testimony(make: Make, animator: Account) -> Testimony:
    """Its body is in code points as people write: accents, an emoji, a letter of two."""
    return make.testimony(
        organization=animator.organization,
        body="Déjà le 1er jour 👩🏽‍🍳, j'ai suivi Karim : ça m'a plu.",
    )


@pytest.fixture
def payload(testimony: Testimony) -> dict[str, Any]:
    exact = "j'ai suivi Karim"
    start = (testimony.body or "").index(exact)
    selector = {"type": "text", "start": start, "end": start + len(exact), "exact": exact}
    return {
        "testimony_id": str(testimony.id),
        "selector": selector,
        "nature": "practice",
        "practice": {"actor": "Moi", "action": "Suivre Karim", "occasion": "Le 1er jour"},
    }
