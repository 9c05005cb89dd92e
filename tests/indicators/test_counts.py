"""How many, of what and by what: counted by hand."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.indicators.schemas import By
from app.testimonies.models import State, Testimony
from tests.indicators.conftest import HIDDEN
from tests.make import Make

URL = "/api/v1/indicators/counts"


def table(answer: Any) -> dict[Any, Any]:
    """The counts by their codes; of one dimension, by its code."""
    assert answer.status_code == 200, answer.text
    cells = answer.json()["cells"]
    return {tuple(c["keys"]) if len(c["keys"]) > 1 else c["keys"][0]: c["count"] for c in cells}


def test_by_role_at_first(as_evaluator: TestClient, make: Make, heard: list[Testimony]) -> None:
    answer = as_evaluator.get(URL, params={"scheme_id": str(make.the_scheme.id)})
    found = answer.json()
    assert (found["of"], found["by"], found["k"]) == ("testimonies", ["role"], 0)
    assert table(answer) == {
        None: 9,
        "employer": 2,
        "field_actor": 1,
        "tutor": 3,
        "young_person": 5,  # two of them spoke once together, and are one testimony
    }
    shares = {c["keys"][0]: c["share"] for c in found["cells"]}
    assert (shares[None], shares["young_person"]) == (1.0, 0.5556)


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("method", {"interview": 3, "paper": 1, "video": 5}),
        ("nature", {"feeling": 2, "practice": 2, "idea": 1, "mixed": 1, "unknown": 3}),
        ("sector", {"culture": 2, "sport": 1, "unknown": 6}),
        ("month", {"2013-05": 7, "2013-06": 1, "2014-01": 1}),
        ("workshop_kind", {"workshop": 5, "interview": 4}),
        ("age_band", {"16-17": 2, "18-21": 2, "22-25": 1, "26+": 1, "unknown": 6}),
    ],
)
def test_by_each_dimension(
    as_evaluator: TestClient, make: Make, heard: list[Testimony], by: str, told: dict[str, int]
) -> None:
    here = {"scheme_id": str(make.the_scheme.id), "by": by}
    assert table(as_evaluator.get(URL, params=here)) == {None: 9} | told


def test_a_territory_is_the_department_or_else_the_region(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    here = {"scheme_id": str(make.the_scheme.id), "by": "territory"}
    of = {code: str(make.territory(code).id) for code in ("83", "04", "13", "93")}
    assert table(as_evaluator.get(URL, params=here)) == {
        None: 9,
        of["83"]: 3,
        of["04"]: 3,
        of["13"]: 1,
        of["93"]: 1,
        "unknown": 1,
    }


def test_by_two_at_once_with_their_sums(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    here = {"scheme_id": str(make.the_scheme.id), "by": ["method", "nature"]}
    answer = as_evaluator.get(URL, params=here)
    found = table(answer)
    assert found[None, None] == 9
    assert (found["video", None], found[None, "feeling"]) == (5, 2)
    assert (found["video", "feeling"], found["interview", "idea"]) == (2, 1)
    assert ("paper", "idea") not in found, "nobody is no cell"
    shares = {tuple(c["keys"]): c["share"] for c in answer.json()["cells"]}
    assert shares["video", "feeling"] == 0.4, "of those by video"
    assert shares[None, "feeling"] == 0.2222, "of all"


@pytest.mark.parametrize(
    ("of", "all_of_them", "by_method"),
    [
        ("witnesses", 8, {"video": 5, "interview": 3, "paper": 1}),
        ("workshops", 2, {"video": 1, "interview": 1, "paper": 1}),
        ("excerpts", 3, {"video": 2, "interview": 1}),
    ],
)
def test_what_belongs_to_testimonies_is_counted_once(
    as_evaluator: TestClient,
    make: Make,
    heard: list[Testimony],
    of: str,
    all_of_them: int,
    by_method: dict[str, int],
) -> None:
    here = {"scheme_id": str(make.the_scheme.id), "of": of, "by": "method"}
    assert table(as_evaluator.get(URL, params=here)) == {None: all_of_them} | by_method


def test_excerpts_have_natures_of_their_own(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    here = {"scheme_id": str(make.the_scheme.id), "of": "excerpts", "by": "nature"}
    told = {None: 3, "practice": 1, "idea": 1, "feeling": 1}
    assert table(as_evaluator.get(URL, params=here)) == told


@pytest.mark.parametrize("by", By)
def test_nothing_is_a_count_too(as_evaluator: TestClient, by: str) -> None:
    answer = as_evaluator.get(URL, params={"by": [by, "month" if by != "month" else "role"]})
    assert table(answer) == {(None, None): 0}
    assert answer.json()["cells"][0]["share"] is None


def test_filters_are_those_of_the_list_of_testimonies(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    here = {"scheme_id": str(make.the_scheme.id), "by": "method"}
    only = as_evaluator.get(URL, params=here | {"role": "employer"})
    assert table(only) == {None: 2, "interview": 2}
    until = as_evaluator.get(URL, params=here | {"recorded_from": str(date(2014, 1, 1))})
    assert table(until) == {None: 1, "video": 1}
    other = as_evaluator.get(URL, params=here | {"scheme_id": str(make.scheme().id)})
    assert table(other) == {None: 0}


def test_an_animator_counts_what_is_their_own(
    as_animator: TestClient, animator: Account, make: Make, heard: list[Testimony]
) -> None:
    for _ in range(6):
        make.testimony(organization=animator.organization, method="paper")
    make.testimony(organization=animator.organization, method="paper", state=State.SUBMITTED)
    assert table(as_animator.get(URL, params={"by": "method"})) == {None: 6, "paper": 6}


def test_who_may_not_export_is_told_no_small_cell(
    as_editor: TestClient, as_evaluator: TestClient, make: Make
) -> None:
    for method, many in (("video", 7), ("written", 6), ("paper", 1)):
        for _ in range(many):
            make.testimony(method=method)
    exact = as_evaluator.get(URL, params={"by": "method"})
    assert table(exact) == {None: 14, "video": 7, "written": 6, "paper": 1}
    answer = as_editor.get(URL, params={"by": "method"})
    assert table(answer) == {None: 14, "video": 7, "written": HIDDEN, "paper": HIDDEN}
    assert answer.json()["k"] == 5
    both = table(as_editor.get(URL, params={"by": ["method", "role"]}))
    assert both["paper", "tutor"] == both["written", "tutor"] == HIDDEN
    assert both[None, "tutor"] == 14


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("by=happiness", "#/by/0"),
        ("by=role&by=method&by=month", "#/by"),
        ("by=role&by=role", "#/by"),
        ("of=people", "#/of"),
        ("by=role&scheme_id=x", "#/scheme_id"),
        ("over=month", "#/over"),
        ("by=role'--", "#/by/0"),
    ],
)
def test_what_is_not_asked_so_is_pointed_at(
    as_evaluator: TestClient, query: str, pointer: str
) -> None:
    answer = as_evaluator.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
