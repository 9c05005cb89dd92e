"""A witness who says no to the team is heard at once, by everybody, everywhere; and a yes too."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.testimonies.models import State, Testimony
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1"
INSIDE = Cell(Medium.ANONYMOUS_TEXT, TEAM, "note", Purpose.EVALUATION)
READERS = ["owner", "partner", "editor", "evaluator"]


@pytest.fixture
def films(make: Make) -> Account:
    """An association that films in the place of others."""
    return make.account()


@pytest.fixture
def people(
    client_for: ClientFor, make: Make, animator: Account, films: Account
) -> dict[str, TestClient]:
    return {
        "owner": client_for(animator),
        "partner": client_for(films),
        "editor": client_for(make.account(role=Role.EDITOR)),
        "evaluator": client_for(make.account(role=Role.EVALUATOR)),
    }


@pytest.fixture
def workshop(make: Make, animator: Account, films: Account) -> Workshop:
    return make.workshop(
        organization=animator.organization, partner_organization_id=films.organization_id
    )


@pytest.fixture
def two(make: Make, workshop: Workshop) -> tuple[Witness, Witness]:
    """Two people who spoke together."""
    return make.witness(workshop=workshop), make.witness(workshop=workshop)


Look = Callable[[TestClient], dict[str, bool]]


@pytest.fixture
def testimony(
    make: Make, workshop: Workshop, two: tuple[Witness, Witness], animator: Account
) -> Testimony:
    media = make.media(organization=animator.organization, files={"web.mp4": b"0123456789"})
    return make.testimony(workshop=workshop, witnesses=two, media=[media])


@pytest.fixture
def look(make: Make, testimony: Testimony, as_editor: TestClient, same_minute: None) -> Look:
    """Whether somebody gets the words, by each way there is; with the ETag they read before too."""
    excerpt = make.excerpt(testimony)
    shown = as_editor.get(f"{URL}/testimonies/{testimony.id}").json()
    (media,) = shown["media"]
    addresses = {
        "testimony": f"{URL}/testimonies/{testimony.id}",
        "decisions": f"{URL}/testimonies/{testimony.id}/decisions",
        "excerpt": f"{URL}/excerpts/{excerpt.id}",
        "media": f"{URL}/media/{media['id']}",
        "file": f"{URL}/media/{media['id']}/renditions/web.mp4",
    }
    known: dict[tuple[int, str], str] = {}

    def look(client: TestClient) -> dict[str, bool]:
        got = {}
        for name, address in addresses.items():
            asked = {"If-None-Match": "*"} if (id(client), name) in known else {}
            response = client.get(address, headers=asked)
            assert response.status_code in {200, 304, 404}
            got[name] = response.status_code != 404
            known[id(client), name] = response.headers.get("etag", "")
            if etag := known[id(client), name]:
                again = client.get(address, headers={"If-None-Match": etag})
                assert (again.status_code == 304) == got[name]
        for name in ("testimonies", "excerpts"):
            page = client.get(f"{URL}/{name}?count=true").json()
            assert len(page["items"]) == page["total"]
            got[f"list of {name}"] = bool(page["items"])
        return got

    return look


@pytest.mark.parametrize("verb", [Verb.REFUSE, Verb.WITHDRAW])
def test_a_no_hides_the_words_at_once_and_a_yes_brings_them_back(
    people: dict[str, TestClient],
    look: Look,
    make: Make,
    two: tuple[Witness, Witness],
    verb: Verb,
) -> None:
    for who in READERS:
        assert all(look(people[who]).values()), who
    make.consent(two[1], INSIDE, verb=verb)  # one of the two is enough
    for who in READERS:
        assert not any(look(people[who]).values()), who
    make.consent(two[0], INSIDE)  # the other one's yes changes nothing
    for who in READERS:
        assert not any(look(people[who]).values()), who
    make.consent(two[1], INSIDE)
    for who in READERS:
        assert all(look(people[who]).values()), who


def test_to_restrict_to_others_is_a_no_too(
    people: dict[str, TestClient], look: Look, make: Make, two: tuple[Witness, Witness]
) -> None:
    make.consent(two[0], INSIDE._replace(audience="employers"), verb=Verb.RESTRICT)
    assert not any(look(people["editor"]).values())


@pytest.mark.parametrize(
    "cell",
    [
        INSIDE._replace(audience="employers"),
        INSIDE._replace(medium=Medium.SIGNED_TEXT),
        INSIDE._replace(medium=Medium.EMPLOYER_NAME),
    ],
)
def test_a_no_to_something_else_hides_nothing(
    people: dict[str, TestClient], look: Look, make: Make, two: tuple[Witness, Witness], cell: Cell
) -> None:
    make.consent(two[0], cell, verb=Verb.REFUSE)
    for who in READERS:
        assert all(look(people[who]).values()), who


def test_nothing_can_be_done_to_hidden_words(
    people: dict[str, TestClient],
    make: Make,
    workshop: Workshop,
    two: tuple[Witness, Witness],
) -> None:
    handed = make.testimony(workshop=workshop, witnesses=two, state=State.SUBMITTED)
    address = f"{URL}/testimonies/{handed.id}"
    make.consent(two[0], INSIDE, verb=Verb.REFUSE)
    owner, editor = people["owner"], people["editor"]
    quote = {
        "testimony_id": str(handed.id),
        "selector": {"type": "text", "start": 0, "end": 2, "exact": "Le"},
        "nature": "feeling",
    }
    for response in (
        owner.delete(f"{address}/submission"),
        owner.put(f"{address}/submission"),
        editor.post(f"{address}/decisions", json={"verdict": "accept"}),
        editor.post(f"{URL}/excerpts", json=quote),
    ):
        assert response.status_code == 404


def test_the_words_of_others_stay(
    people: dict[str, TestClient], make: Make, workshop: Workshop, two: tuple[Witness, Witness]
) -> None:
    of_one = make.testimony(workshop=workshop, witnesses=[two[0]])
    of_other = make.testimony(workshop=workshop, witnesses=[two[1]])
    make.consent(two[0], INSIDE, verb=Verb.WITHDRAW)
    for who in READERS:
        listed = [t["id"] for t in people[who].get(f"{URL}/testimonies").json()["items"]]
        assert listed == [str(of_other.id)], who
        assert people[who].get(f"{URL}/testimonies/{of_one.id}").status_code == 404
