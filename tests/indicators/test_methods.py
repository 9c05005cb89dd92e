"""What each method brought, from whom, and how freely it was said: counted by hand."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.testimonies.models import State, Testimony
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from tests.make import Make

URL = "/api/v1/indicators/methods"
FREE = {"first_person": True, "concrete_episode": True}
MIXED = {"first_person": True}
NORMED = {"prepared_text": True}
READING = Cell(Medium.ANONYMOUS_TEXT, "team", "web_page", Purpose.EVALUATION)
HIDDEN = {"value": None, "suppressed": True}
Heard = Callable[..., Testimony]


@pytest.fixture
def heard(make: Make) -> Heard:
    """A testimony by this method, of somebody of each of these roles, assessed so."""

    def heard(method: str, *roles: str, noted: dict[str, Any] | None = None, **given: Any) -> Any:
        workshop = make.workshop()
        witnesses = [make.witness(workshop=workshop, role=role) for role in roles]
        given = {"witnesses": witnesses, "workshop": workshop} | given
        testimony = make.testimony(method=method, **given)
        if noted:
            make.candor(testimony, **noted)
        return testimony

    return heard


def table(answer: Any, name: str, *coordinates: str) -> dict[Any, Any]:
    """The counts of this table, without zeros."""
    assert answer.status_code == 200, answer.text
    found = {}
    for row in answer.json()[name]:
        if row["count"]:
            key = tuple(row[c] for c in coordinates)
            found[key if len(key) > 1 else key[0]] = row["count"]
    return found


def test_it_agrees_with_a_count_by_hand(as_evaluator: TestClient, make: Make, heard: Heard) -> None:
    heard("video", "young_person", noted=FREE)
    heard("video", "young_person", "young_person", noted=MIXED)  # twice the role, once counted
    heard("video", "young_person", "tutor", noted=NORMED)
    heard("interview", "employer", noted=NORMED)
    heard("interview", "employer")  # assessed by nobody
    # What must not be counted:
    for state in (State.SUBMITTED, State.RETURNED, State.REJECTED, State.DRAFT, State.WITHDRAWN):
        heard("survey", "employer", noted=FREE, state=state)
    refuses = make.witness(role="field_actor")
    make.consent(refuses, READING, verb=Verb.REFUSE)
    heard("survey", noted=FREE, witnesses=[refuses])
    other = make.workshop(scheme_id=make.scheme().id)
    heard("paper", noted=FREE, witnesses=[make.witness(workshop=other)], workshop=other)

    answer = as_evaluator.get(URL, params={"scheme_id": str(make.the_scheme.id)})
    found = answer.json()
    assert (found["k"], found["testimonies"], found["assessed"]) == (0, 5, 4)
    assert found["methods"] == [
        {"method": "interview", "count": 2, "share": 0.4, "assessed": 1},
        {"method": "video", "count": 3, "share": 0.6, "assessed": 3},
    ]
    assert found["roles"] == [
        {"role": "employer", "count": 2, "share": 0.4, "assessed": 1},
        {"role": "tutor", "count": 1, "share": 0.2, "assessed": 1},
        {"role": "young_person", "count": 3, "share": 0.6, "assessed": 3},
    ]
    assert table(answer, "methods_by_role", "method", "role") == {
        ("interview", "employer"): 2,
        ("video", "young_person"): 3,
        ("video", "tutor"): 1,
    }
    assert table(answer, "candor", "level") == {"normed": 2, "mixed": 1, "free": 1}
    assert table(answer, "candor_by_method", "method", "level") == {
        ("interview", "normed"): 1,
        ("video", "normed"): 1,
        ("video", "mixed"): 1,
        ("video", "free"): 1,
    }
    assert table(answer, "candor_by_role", "role", "level") == {
        ("employer", "normed"): 1,
        ("tutor", "normed"): 1,
        ("young_person", "normed"): 1,
        ("young_person", "mixed"): 1,
        ("young_person", "free"): 1,
    }
    shares = {(r["method"], r["level"]): r["share"] for r in found["candor_by_method"]}
    assert (shares["interview", "normed"], shares["interview", "free"]) == (1.0, 0.0)
    assert shares["video", "mixed"] == 0.3333
    only = as_evaluator.get(URL, params={"role": "tutor", "scheme_id": str(make.the_scheme.id)})
    assert table(only, "methods", "method") == {"video": 1}


def test_who_may_not_export_is_told_no_small_cell(
    as_editor: TestClient, as_evaluator: TestClient, make: Make, heard: Heard
) -> None:
    def many(count: int, method: str, role: str, noted: dict[str, Any]) -> None:
        witness = make.witness(role=role)
        for _ in range(count):
            heard(method, noted=noted, witnesses=[witness])

    many(7, "video", "young_person", FREE)
    many(6, "video", "young_person", NORMED)
    many(1, "video", "young_person", MIXED)
    many(8, "written", "employer", NORMED)
    exact = as_evaluator.get(URL)
    assert table(exact, "candor", "level") == {"normed": 14, "mixed": 1, "free": 7}
    answer = as_editor.get(URL)
    assert answer.json()["k"] == 5
    assert table(answer, "methods", "method") == {"video": 14, "written": 8}
    by_method = table(answer, "candor_by_method", "method", "level")
    assert by_method["video", "mixed"] == HIDDEN
    told = [count for count in by_method.values() if count != HIDDEN]
    assert all(count >= 5 for count in told)
    levels = [by_method["video", level] for level in ("normed", "mixed", "free")]
    assert levels.count(HIDDEN) >= 2, "what is left of 14 is not told"
    whole = table(answer, "candor", "level")
    assert whole["mixed"] == HIDDEN
    assert list(whole.values()).count(HIDDEN) >= 2
    assert '"count":1,' not in answer.text.replace(" ", "")


def test_nothing_is_a_figure_too(as_evaluator: TestClient) -> None:
    found = as_evaluator.get(URL).json()
    assert (found["testimonies"], found["assessed"], found["methods"]) == (0, 0, [])
    assert [row["share"] for row in found["candor"]] == [None] * 3
