"""Whose voice is heard more than others': counted by hand."""

from collections.abc import Callable
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.models import now
from app.indicators.voices import gini, tenth, top_share
from app.releases.models import Release
from app.testimonies.models import Testimony
from tests.conftest import ClientFor
from tests.indicators.conftest import HIDDEN, Willing
from tests.make import Make
from tests.pages.conftest import Dossier, dossier, published

__all__ = ["dossier", "published"]

API = "/api/v1"
URL = f"{API}/indicators/voices"
Composes = Callable[..., dict[str, Any]]


@pytest.fixture
def composes(as_editor: TestClient, make: Make) -> Composes:
    """A bundle whose items are these testimonies, each as often as it is given."""

    def composes(*testimonies: Testimony, **about: Any) -> dict[str, Any]:
        items = [{"testimony_id": str(t.id)} for t in testimonies]
        items.append({"text": "Un mot de l'équipe."})
        bundle = {
            "scheme_id": str(make.the_scheme.id),
            "title": "x",
            "audience": "elected_officials",
            "form": "web_page",
            "sections": [{"title": "Tout", "items": items}],
        }
        answer = as_editor.post(f"{API}/bundles", json=bundle | about)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return composes


def ask(client: TestClient, make: Make, **params: Any) -> dict[str, Any]:
    answer = client.get(URL, params={"scheme_id": str(make.the_scheme.id)} | params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bands(found: dict[str, Any], of: str = "bundles") -> dict[str, Any]:
    return {b["band"]: b["count"] for b in found["bands"] if b["of"] == of and b["count"]}


def summary(found: dict[str, Any], of: str = "bundles") -> dict[str, Any]:
    [told] = (s for s in found["summaries"] if s["of"] == of)
    return {name: told[name] for name in ("quoted", "passages", "top_share", "gini")}


def test_it_agrees_with_a_count_by_hand(
    as_evaluator: TestClient, make: Make, heard: list[Testimony], composes: Composes
) -> None:
    one, two, boss = heard[0], heard[1], heard[5]
    composes(one, one, two, boss, title="a")  # twice the first of the young, once both of them
    composes(boss, heard[6], title="b", audience="services")
    noisy = make.testimony(workshop=make.workshop(scheme_id=make.scheme().id))
    composes(noisy, scheme_id=str(noisy.scheme_id), title="c")

    found = ask(as_evaluator, make)
    assert (found["k"], found["witnesses"]) == (0, 8)
    assert bands(found) == {"never": 5, "1": 1, "2-3": 2}
    assert bands(found, "releases") == {"never": 8}
    assert summary(found) == {
        "quoted": 3,
        "passages": 7,  # 3 + 1 + 3: what two say together is a passage of each
        "top_share": 0.4286,  # 3 of 7: a tenth of three voices is one
        "gini": 0.1905,  # (-2*1 + 0*3 + 2*3) / (3*7)
    }
    nothing = {"quoted": 0, "passages": 0, "top_share": None, "gini": None}
    assert summary(found, "releases") == nothing
    shares = {b["band"]: b["share"] for b in found["bands"] if b["of"] == "bundles"}
    assert (shares["never"], shares["10+"]) == (0.625, 0.0)
    only = ask(as_evaluator, make, audience="services")
    assert bands(only) == {"never": 7, "2-3": 1}
    assert summary(only)["passages"] == 2


def test_an_item_of_several_releases_is_one_quotation(
    as_evaluator: TestClient, make: Make, dossier: Dossier
) -> None:
    make.testimony()  # somebody who is quoted nowhere
    assert dossier.republish(title="Le même, autrement dit").status_code == 201
    found = ask(as_evaluator, make)
    assert bands(found, "releases") == {"1": 2, "never": 1}
    assert summary(found, "releases")["gini"] == 0.0
    assert bands(ask(as_evaluator, make, form="film"), "releases") == {"never": 3}
    with make.sessions.begin() as db:
        for release in db.query(Release):
            release.recalled_at = now()
    assert bands(ask(as_evaluator, make), "releases") == {"never": 3}


def test_a_voice_that_is_used_too_much_is_found_by_who_composes_alone(
    as_editor: TestClient,
    as_evaluator: TestClient,
    make: Make,
    willing: Willing,
    composes: Composes,
) -> None:
    loud, calm = willing(), willing()
    often, once = make.testimony(witnesses=[loud]), make.testimony(witnesses=[calm])
    bundle = composes(often, often, often, once)
    composes(once, title="d'une seule parole, personne ne domine")
    composes(often, once, title="moitié, moitié")
    of_bundle = as_editor.get(f"{API}/bundles/{bundle['id']}/balance").json()["coverage"]
    [dominant] = (d for d in of_bundle["dominant"] if d["kind"] == "witness")
    told = {"bundles": 1, "passages": 3, "largest_share": 0.75}
    assert ask(as_editor, make)["overused"] == [{"witness_id": dominant["id"]} | told]
    assert ask(as_evaluator, make)["overused"] == [{"witness_id": None} | told]
    for ending in ("", ".csv", ".svg"):
        assert str(loud.id) not in as_evaluator.get(f"{URL}{ending}").text
    here = {"scheme_id": str(make.the_scheme.id)}
    covered = as_evaluator.get(f"{API}/indicators/coverage", params=here).json()
    assert covered["overused"] == [{"witness_id": None} | told]


def test_few_voices_are_not_told_to_who_may_not_export(
    as_editor: TestClient, make: Make, willing: Willing, composes: Composes
) -> None:
    said = [make.testimony(witnesses=[willing()]) for _ in range(14)]
    composes(*said[:7], *said[:6], *said[:6])
    found = ask(as_editor, make)
    assert (found["k"], found["witnesses"]) == (5, 14)
    assert bands(found)["never"] == 7
    assert bands(found)["1"] == HIDDEN
    assert bands(found)["2-3"] == HIDDEN, "else 7 - 6 tells of one"
    assert summary(found) == {"quoted": 7, "passages": 19, "top_share": HIDDEN, "gini": 0.1}


def test_who_may_ask(client_for: ClientFor, as_anonymous: TestClient, make: Make) -> None:
    for role, status in (
        *(("editor", 200), ("evaluator", 200), ("animator", 403)),
        *(("custodian", 403), ("administrator", 403), ("integration", 403)),
    ):
        client = client_for(make.account(role=role))
        for ending in ("", ".csv", ".svg"):
            assert client.get(f"{URL}{ending}").status_code == status, (role, ending)
    assert as_anonymous.get(URL).status_code == 401


@pytest.mark.parametrize("query", ["scheme_id=x", "role=tutor", "audience=%00", "form=" + "a" * 99])
def test_what_is_not_asked_so_is_refused(as_evaluator: TestClient, query: str) -> None:
    assert as_evaluator.get(f"{URL}?{query}").status_code == 422


def test_a_scheme_that_is_not_there_has_no_voices(as_evaluator: TestClient, make: Make) -> None:
    make.testimony()
    assert ask(as_evaluator, make, scheme_id=str(uuid4()))["witnesses"] == 0


# The formulas

HISTOGRAMS = st.dictionaries(st.integers(1, 30), st.integers(1, 12), min_size=1, max_size=8).map(
    lambda found: sorted(found.items())
)


@given(HISTOGRAMS)
def test_gini_is_half_the_relative_mean_difference(histogram: list[tuple[int, int]]) -> None:
    each = [uses for uses, many in histogram for _ in range(many)]
    apart = sum(abs(one - other) for one, other in product(each, each))
    assert gini(histogram) == pytest.approx(apart / (2 * len(each) * sum(each)))


@given(HISTOGRAMS)
def test_a_tenth_is_of_the_most_quoted(histogram: list[tuple[int, int]]) -> None:
    each = sorted((uses for uses, many in histogram for _ in range(many)), reverse=True)
    assert tenth(histogram) == -(-len(each) // 10)
    assert top_share(histogram) == pytest.approx(sum(each[: tenth(histogram)]) / sum(each))
