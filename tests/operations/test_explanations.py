"""Each problem has a page that says, in French, what it means and what to do."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

from app.operations.explanations import ADVICE, ADVICE_OF_STATUS, advice, known_problems

PROBLEMS = sorted(slug for slug, kind in known_problems().items() if "app." in kind.__module__)


@pytest.mark.parametrize("slug", PROBLEMS)
def test_a_problem_is_explained(as_anonymous: TestClient, slug: str) -> None:
    response = as_anonymous.get(f"/problems/{slug}")
    problem = known_problems()[slug]
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = unescape(response.text)
    assert '<html lang="fr">' in page
    assert f"<h1>{problem.title('fr')}</h1>" in page
    assert f"<dd>{problem.status}</dd>" in page
    assert advice(problem) in page


def test_the_page_needs_nothing_and_runs_nothing(as_anonymous: TestClient) -> None:
    response = as_anonymous.get("/problems/invalid")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"<(script|style|link|img)| style=| on\w+=", response.text)


@pytest.mark.parametrize("slug", ["nothing", "problem", "<script>", "..%2Fmain", "Invalid"])
def test_what_is_no_problem_of_ours_is_not_found(as_anonymous: TestClient, slug: str) -> None:
    response = as_anonymous.get(f"/problems/{slug}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_where_a_type_leads_is_there(as_anonymous: TestClient) -> None:
    problem = as_anonymous.get("/nowhere").json()
    assert as_anonymous.get(problem["type"]).status_code == 200


def test_advice_is_for_problems_that_exist_and_reads_as_sentences() -> None:
    assert ADVICE.keys() <= known_problems().keys()
    for sentence in [*ADVICE.values(), *ADVICE_OF_STATUS.values()]:
        assert re.fullmatch(r"[A-ZÀ-Ý].*[^ ]\.", sentence)
        assert "  " not in sentence
        assert not re.search(r"[^  ][;:!?]( |$)", sentence), sentence
