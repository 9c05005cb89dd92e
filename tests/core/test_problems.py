"""Problems speak the caller's language, and tell no secret."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.edge import Edge
from app.core.problems import Invalid, InvalidText, preferred_language
from app.core.settings import settings


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ("", "fr"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9", "en"),
        ("fr;q=0.3, en;q=0.7", "en"),
        ("de, en;q=0.5", "en"),
        ("de", "fr"),
        ("*", "fr"),
        ("en;q=0", "fr"),
        ("en;q=junk, ;;,,", "en"),
    ],
)
def test_french_unless_english_is_preferred(accept_language: str, language: str) -> None:
    assert preferred_language(accept_language) == language


def test_the_answer_says_its_language_and_which_request_it_was(as_anonymous: TestClient) -> None:
    response = as_anonymous.get("/api/v1/workshops", headers={"Accept-Language": "en"})

    assert response.json() == {
        "type": "/problems/not-authenticated",
        "title": "Tell us who you are: log in, or send a valid API token.",
        "status": 401,
        "request_id": response.headers["x-request-id"],
    }
    assert response.headers["content-language"] == "en"
    assert "Accept-Language" in response.headers["vary"]
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("language", "detail"),
    [("fr", "Il n'y a rien de tel ici."), ("en", "There is no such thing here.")],
)
def test_a_mistake_of_ours_has_a_pointer_a_code_and_a_sentence(language: str, detail: str) -> None:
    [error] = Invalid.at("#/place_id", "unknown_id").body(language)["errors"]
    assert error == {"pointer": "#/place_id", "code": "unknown_id", "detail": detail}


@pytest.mark.parametrize(
    ("language", "detail"),
    [("fr", "Doit être au plus 200."), ("en", "Input should be less than or equal to 200")],
)
def test_so_has_one_that_pydantic_finds(
    as_animator: TestClient, language: str, detail: str
) -> None:
    headers = {"Accept-Language": language}
    response = as_animator.get("/api/v1/workshops?limit=201", headers=headers)
    [error] = response.json()["errors"]
    assert error == {"pointer": "#/limit", "code": "less_than_equal", "detail": detail}


def test_a_pointer_is_a_json_pointer(as_administrator: TestClient) -> None:
    term = {"code": "poem", "label_fr": "Poème", "label_en": "Poem", "facts": {"a/b~c": [" "]}}
    response = as_administrator.post("/api/v1/vocabularies/methods/terms", json=term)
    assert response.status_code == 422
    assert {e["pointer"].rpartition("~0c")[0] for e in response.json()["errors"]} == {
        "#/facts/a~1b"
    }


def test_a_text_which_cannot_be_kept_is_a_problem_of_its_own(as_administrator: TestClient) -> None:
    payload = {"name": "a\x00b", "kind": "other"}
    response = as_administrator.post("/api/v1/organizations", json=payload)
    assert response.status_code == InvalidText.status == 422
    assert response.json()["type"] == "/problems/invalid-text"
    assert response.json()["errors"][0]["pointer"] == "#/name"


def test_what_breaks_on_our_side_says_nothing_of_it(app: FastAPI) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("the name of a witness")

    client = TestClient(Edge(app, settings()), raise_server_exceptions=False)
    response = client.get("/broken")
    assert response.status_code == 500
    assert response.json() == {
        "type": "/problems/internal-error",
        "title": "Une erreur est survenue de notre côté.",
        "status": 500,
        "request_id": response.headers["x-request-id"],
    }
