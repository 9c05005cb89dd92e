"""What a witness is told of the propositions that rest on their words."""

import json
from collections.abc import Callable
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient

from app.excerpts.models import Excerpt
from app.propositions.models import PropositionState as S
from app.testimonies.models import State
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.make import Make
from tests.receipts.conftest import RECEIPT, Kept

AsWitness = Callable[[Witness], TestClient]
INSIDE = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)


@pytest.fixture
def said(make: Make, kept: Kept) -> Excerpt:
    """Words of the witness."""
    return make.excerpt(make.testimony(witnesses=[kept.witness]))


@pytest.fixture
def other(make: Make) -> Excerpt:
    """Words of somebody else."""
    return make.excerpt(make.testimony())


def titles(client: TestClient) -> list[str]:
    return [told["title"] for told in client.get(RECEIPT).json()["propositions"]]


def test_each_change_of_a_proposition_is_told_with_its_day_and_reason(
    as_witness: AsWitness, kept: Kept, make: Make, said: Excerpt, other: Excerpt
) -> None:
    make.proposition(said, steps=[S.MARTYR, S.PROPOSED, S.SENT, S.REFUSED], title="Refusée")
    make.proposition(
        other, against=[said], steps=[S.PROPOSED, S.SENT, S.EXPERIMENT, S.ADOPTED, S.ABANDONED]
    )
    make.proposition(other, steps=[S.PROPOSED], title="Celle d'un autre")
    newest, refused = as_witness(kept.witness).get(RECEIPT).json()["propositions"]
    assert refused == {
        "title": "Refusée",
        "state": "refused",
        "reason": "Trop cher cette année.",
        "on": "2013-09-03",
        "stances": ["for"],
        "co_written": False,
        "steps": [
            {"state": "proposed", "reason": None, "on": "2013-07-03"},
            {"state": "sent", "reason": None, "on": "2013-08-03"},
            {"state": "refused", "reason": "Trop cher cette année.", "on": "2013-09-03"},
        ],
    }
    assert (newest["state"], newest["stances"], len(newest["steps"])) == (
        "abandoned",
        ["against"],
        5,
    )


def test_a_draft_is_not_told_before_it_is_proposed(
    as_witness: AsWitness, kept: Kept, make: Make, said: Excerpt
) -> None:
    for steps in ([], [S.MARTYR], [S.MARTYR, S.ABANDONED]):
        make.proposition(said, steps=steps, title="Une ébauche")
    again = make.proposition(said, steps=[S.PROPOSED, S.MARTYR], title="Remise en discussion")
    (told,) = as_witness(kept.witness).get(RECEIPT).json()["propositions"]
    assert (told["title"], told["state"]) == (again.title, "martyr")


def test_who_wrote_it_too_is_told(
    as_witness: AsWitness, kept: Kept, make: Make, other: Excerpt
) -> None:
    make.proposition(other, co_authors=[kept.witness], steps=[S.PROPOSED])
    make.proposition(other, co_authors=[make.witness()], steps=[S.PROPOSED], title="Une autre")
    (told,) = as_witness(kept.witness).get(RECEIPT).json()["propositions"]
    assert (told["co_written"], told["stances"]) == (True, [])


def test_words_that_are_taken_back_bear_nothing_any_more(
    as_witness: AsWitness, kept: Kept, make: Make, said: Excerpt
) -> None:
    gone = make.excerpt(make.testimony(witnesses=[kept.witness], state=State.WITHDRAWN))
    make.proposition(gone, steps=[S.PROPOSED], title="Sur des paroles retirées")
    make.proposition(said, steps=[S.PROPOSED], title="Sur des paroles")
    client = as_witness(kept.witness)
    assert titles(client) == ["Sur des paroles"]
    make.consent(kept.witness, INSIDE, verb=Verb.REFUSE)
    assert titles(client) == []


def test_after_everything_was_taken_back_nothing_is_left_to_tell(
    as_witness: AsWitness, kept: Kept, make: Make, said: Excerpt
) -> None:
    make.proposition(said, co_authors=[kept.witness], steps=[S.PROPOSED])
    client = as_witness(kept.witness)
    assert len(titles(client)) == 1
    assert client.post(f"{RECEIPT}/withdrawals", json={"all": True}).status_code == 201
    assert titles(client) == []


def test_the_archive_says_it_too(
    as_witness: AsWitness, kept: Kept, make: Make, said: Excerpt
) -> None:
    make.proposition(said, steps=[S.PROPOSED, S.SENT, S.ACCEPTED])
    client = as_witness(kept.witness)
    found = ZipFile(BytesIO(client.get(f"{RECEIPT}/archive").content))
    data = json.loads(found.read("data.json"))
    assert data["propositions"] == client.get(RECEIPT).json()["propositions"]
    assert date.fromisoformat(data["propositions"][0]["on"]) == date(2013, 8, 3)
    assert "proposé et décidé" in " ".join(found.read("LISEZMOI.txt").decode().split())
