"""Practices beside feelings: counted by hand, and as bundles count them."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.excerpts.models import ExcerptState
from app.testimonies.models import Nature, State, Testimony
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from tests.conftest import ClientFor
from tests.make import Make

API = "/api/v1"
URL = f"{API}/indicators/balance"
PRACTICE = {"actor": "le tuteur", "action": "montre", "occasion": "le premier jour"}
READING = Cell(Medium.ANONYMOUS_TEXT, "team", "web_page", Purpose.EVALUATION)
HIDDEN = {"value": None, "suppressed": True}
Told = Callable[..., Testimony]


@pytest.fixture
def told(make: Make) -> Told:
    """A testimony, and an excerpt of it for each of these natures."""

    def told(*natures: Nature, **given: Any) -> Testimony:
        testimony = make.testimony(**given)
        for nature in natures:
            practice = PRACTICE if nature is Nature.PRACTICE else None
            make.excerpt(testimony, nature=nature, practice=practice)
        return testimony

    return told


def uncounted(make: Make, told: Told) -> None:
    """Whatever must appear in no figure: of each sort one, with an excerpt."""
    for state in (State.SUBMITTED, State.RETURNED, State.REJECTED, State.WITHDRAWN):
        told(Nature.IDEA, state=state, nature=Nature.IDEA)
    told(state=State.DRAFT, nature=Nature.IDEA)
    refuses = make.witness()
    make.consent(refuses, READING, verb=Verb.REFUSE)
    told(Nature.IDEA, witnesses=[refuses], nature=Nature.IDEA)
    quoted = told(nature=Nature.FEELING)
    make.excerpt(quoted, nature=Nature.IDEA, state=ExcerptState.NEEDS_REVIEW)


def cells(answer: Any, of: str, month: str | None = None) -> dict[str, Any]:
    """The counts by nature, without zeros."""
    assert answer.status_code == 200, answer.text
    found = [c for c in answer.json()["cells"] if (c["of"], c["month"]) == (of, month)]
    return {cell["nature"]: cell["count"] for cell in found if cell["count"]}


def test_it_agrees_with_a_count_by_hand_and_with_the_balance_of_a_bundle(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, told: Told
) -> None:
    told(Nature.PRACTICE, Nature.PRACTICE, Nature.FEELING, nature=Nature.MIXED)
    told(Nature.PRACTICE, nature=Nature.PRACTICE)
    told(nature=None)
    uncounted(make, told)
    other = make.scheme()
    elsewhere = make.workshop(scheme_id=other.id)
    told(Nature.INFORMATION, workshop=elsewhere, nature=Nature.INFORMATION)

    here = {"scheme_id": str(make.the_scheme.id)}
    answer = as_evaluator.get(URL, params=here)
    assert cells(answer, "excerpts") == {"practice": 3, "feeling": 1}
    by_hand = {"mixed": 1, "practice": 1, "unknown": 1, "feeling": 1}
    assert cells(answer, "testimonies") == by_hand
    found = answer.json()
    assert found["totals"] == [
        {"of": "excerpts", "month": None, "count": 4},
        {"of": "testimonies", "month": None, "count": 4},
    ]
    assert (found["k"], found["over"]) == (0, None)
    shares = {c["nature"]: c["share"] for c in found["cells"] if c["of"] == "excerpts"}
    assert shares == {"practice": 0.75, "feeling": 0.25, "mixed": 0, "idea": 0, "information": 0}

    about = {"title": "x", "audience": "elected_officials", "form": "web_page", "sections": []}
    bundle = as_editor.post(f"{API}/bundles", json=here | about).json()
    corpus = as_editor.get(f"{API}/bundles/{bundle['id']}/balance").json()["corpus"]
    assert corpus["count"] == 4
    assert corpus["nature"] == {nature: share for nature, share in shares.items() if share}


def test_month_by_month_they_add_up_to_the_whole(
    as_evaluator: TestClient, make: Make, told: Told
) -> None:
    told(Nature.IDEA, recorded_on=date(2013, 5, 31), nature=Nature.IDEA)
    told(Nature.IDEA, Nature.FEELING, recorded_on=date(2013, 6, 1), nature=Nature.FEELING)
    told(recorded_on=date(2014, 1, 15), nature=None)
    told(Nature.IDEA, recorded_on=date(2013, 7, 1), state=State.REJECTED)
    answer = as_evaluator.get(URL, params={"over": "month"})
    months = [t["month"] for t in answer.json()["totals"] if t["of"] == "excerpts"]
    assert months == [None, "2013-05", "2013-06", "2014-01"]
    assert cells(answer, "excerpts", "2013-05") == {"idea": 1}
    assert cells(answer, "excerpts", "2013-06") == {"idea": 1, "feeling": 1}
    assert cells(answer, "excerpts", "2014-01") == {}
    assert cells(answer, "testimonies", "2014-01") == {"unknown": 1}
    assert cells(answer, "excerpts") == {"idea": 2, "feeling": 1}
    empty = [c for c in answer.json()["cells"] if c["month"] == "2014-01"]
    assert {c["share"] for c in empty if c["of"] == "excerpts"} == {None}


def test_filters_are_those_of_the_list_of_testimonies(
    as_evaluator: TestClient, make: Make, told: Told
) -> None:
    theme, tutor, employer = make.theme(), make.witness(), make.witness(role="employer")
    asked = told(
        Nature.IDEA,
        method="video",
        themes=[theme],
        tags=["horaires"],
        witnesses=[employer],
        recorded_on=date(2013, 6, 1),
        territory_id=make.territory("83126").id,
    )
    told(
        Nature.FEELING,
        witnesses=[tutor],
        recorded_on=date(2013, 7, 1),
        territory_id=make.territory("04070").id,
    )
    asked_for: list[dict[str, Any]] = [
        {"workshop_id": asked.workshop_id},
        {"place_id": asked.place_id},
        {"territory_id": make.territory("83").id},
        {"role": ["employer", "field_actor"]},
        {"method": "video"},
        {"theme_id": theme.id},
        {"tag": "horaires"},
        {"recorded_to": "2013-06-30"},
        {"recorded_from": "2013-06-01", "recorded_to": "2013-06-01"},
    ]
    for params in asked_for:
        assert cells(as_evaluator.get(URL, params=params), "excerpts") == {"idea": 1}, params
    assert cells(as_evaluator.get(URL, params={"scheme_id": str(uuid4())}), "excerpts") == {}


def test_an_animator_counts_what_is_their_own(
    as_animator: TestClient, animator: Account, as_outsider: TestClient, make: Make, told: Told
) -> None:
    for _ in range(6):
        told(Nature.IDEA, organization=animator.organization, nature=Nature.IDEA)
    told(Nature.IDEA, organization=animator.organization, state=State.SUBMITTED)
    for _ in range(7):
        told(Nature.FEELING, nature=Nature.FEELING)
    answer = as_animator.get(URL)
    assert cells(answer, "excerpts") == cells(answer, "testimonies") == {"idea": 6}
    assert cells(as_outsider.get(URL), "testimonies") == {}


def test_who_may_not_export_is_told_no_small_cell(
    as_editor: TestClient, as_evaluator: TestClient, make: Make, told: Told
) -> None:
    said = [Nature.PRACTICE] * 12 + [Nature.FEELING] * 6 + [Nature.IDEA] * 2
    told(*said, nature=Nature.MIXED)
    told(Nature.INFORMATION, state=State.REJECTED)
    assert cells(as_evaluator.get(URL), "excerpts") == {"practice": 12, "feeling": 6, "idea": 2}
    answer = as_editor.get(URL)
    assert answer.json()["k"] == 5
    # The feelings are hidden too: else the ideas would be what is left of 20.
    assert cells(answer, "excerpts") == {"practice": 12, "feeling": HIDDEN, "idea": HIDDEN}
    shares = {c["nature"]: c["share"] for c in answer.json()["cells"] if c["of"] == "excerpts"}
    assert (shares["practice"], shares["idea"]) == (0.6, HIDDEN)
    assert cells(answer, "testimonies") == {"mixed": HIDDEN}, "one is one person"
    assert answer.json()["totals"][1]["count"] == HIDDEN


@pytest.mark.parametrize("name", ["balance", "methods"])
def test_who_may_ask(
    client_for: ClientFor, make: Make, as_anonymous: TestClient, name: str
) -> None:
    url = f"{API}/indicators/{name}"
    for role in Role:
        client = client_for(make.account(role=role))
        client.headers["X-Reason"] = "Une plainte"
        may = role in (Role.ANIMATOR, Role.EDITOR, Role.EVALUATOR)
        assert client.get(url).status_code == (200 if may else 403), role
    assert as_anonymous.get(url).status_code == 401


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("balance?over=year", "#/over"),
        ("balance?by=role", "#/by"),
        ("methods?over=month", "#/over"),
        ("methods?scheme_id=x", "#/scheme_id"),
        ("balance?limit=10", "#/limit"),
        ("balance?recorded_from=hier", "#/recorded_from"),
    ],
)
def test_what_is_not_asked_so_is_pointed_at(
    as_evaluator: TestClient, query: str, pointer: str
) -> None:
    answer = as_evaluator.get(f"{API}/indicators/{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_there_is_no_other_indicator(as_evaluator: TestClient) -> None:
    answer = as_evaluator.get(f"{API}/indicators/happiness")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
