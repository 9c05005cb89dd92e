"""The OpenAPI document: kept, so that a change of the API shows in the diff, and complete."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.document import MEDIA_TYPE, Operation, document, operations, resolve

KEPT = Path(__file__).with_name("openapi.json")
EVERY = pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.id)
PAGING = {"limit", "cursor", "count"}


def test_the_api_is_the_one_that_was_agreed(as_anonymous: TestClient) -> None:
    kept = json.loads(KEPT.read_text())
    assert document() == kept, (
        "The API is not the one of tests/openapi.json. If that is meant, keep the new one: "
        "python -m app openapi > tests/openapi.json"
    )
    response = as_anonymous.get("/api/v1/openapi.json")
    assert response.json() == kept


def test_it_is_openapi_3_1_and_whole() -> None:
    assert document()["openapi"].startswith("3.1.")
    text = json.dumps(document())
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert name in document()["components"]["schemas"], f"{name} is not described"
    assert "HTTPValidationError" not in text


def test_problems_are_described(as_anonymous: TestClient) -> None:
    problem = document()["components"]["schemas"]["Problem"]
    assert problem["required"] == ["type", "title", "status", "request_id"]
    assert problem["properties"].keys() == {
        *("type", "title", "status", "detail", "request_id", "errors")
    }
    response = as_anonymous.post("/api/v1/sessions", json={})
    told = response.json()
    assert told.keys() == {"type", "title", "status", "request_id", "errors"}
    assert re.fullmatch(problem["properties"]["type"]["pattern"], told["type"])
    mistake = resolve(problem["properties"]["errors"]["items"])
    assert told["errors"][0].keys() == set(mistake["required"])


def test_operations_have_readable_names_of_their_own() -> None:
    names = [operation.id for operation in operations()]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*_[a-z_]+", name), name
        assert "api_v1" not in name
    assert "workshops_index" in names


@EVERY
def test_an_operation_is_described(operation: Operation) -> None:
    about = operation.about
    assert about["description"].endswith((".", "`", "!", "?", "…", ")")), about["description"]
    assert 3 < len(about["summary"]) < 120
    assert len(about["tags"]) == 1
    refused = {status: r for status, r in about["responses"].items() if status >= "400"}
    assert {"401", "422", "503"} <= refused.keys()
    assert not operation.body or {"413", "415"} <= refused.keys()
    for response in refused.values():
        assert response["description"]
        schema = response["content"][MEDIA_TYPE]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}
        assert response["content"].keys() == {MEDIA_TYPE}


@EVERY
def test_what_it_takes_and_gives_is_described(operation: Operation) -> None:
    answers = {s: r for s, r in operation.about["responses"].items() if s < "300"}
    assert answers
    for status, response in answers.items():
        if status not in ("204", "206"):
            assert response.get("content") or response["headers"], f"{status} gives something"
    for part in (operation.about.get("requestBody", {}), *answers.values()):
        for kind, content in part.get("content", {}).items():
            assert content.get("schema"), f"{kind} has no schema"
    assert not _loose(operation.about.get("requestBody", {}))


def _loose(body: dict[str, Any]) -> bool:
    """Whether it is told that members may be added, which are refused."""
    schemas = [resolve(content["schema"]) for content in body.get("content", {}).values()]
    objects = [resolve(schema.get("items", schema)) for schema in schemas]
    return any(
        schema.get("additionalProperties") is not False
        for schema in objects
        if schema.get("format") != "binary"
    )


@EVERY
def test_a_list_is_paged(operation: Operation) -> None:
    if not operation.is_list:
        pytest.skip("This is no list.")
    names = {parameter["name"] for parameter in operation.parameters("query")}
    assert names >= PAGING


def test_the_key_of_retries_is_told_where_it_serves() -> None:
    for operation in operations():
        names = {parameter["name"] for parameter in operation.parameters("header")}
        if "Idempotency-Key" in names:
            assert operation.method == "post"


def test_the_documentation_needs_no_other_site(as_anonymous: TestClient) -> None:
    page = as_anonymous.get("/api/docs")
    assert page.status_code == 200
    assert not re.search(r"(https?:)?//[a-z]", page.text)
    assets = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/api/docs-assets/")
        response = as_anonymous.get(asset)
        assert response.status_code == 200
        assert response.content
    assert as_anonymous.get("/api/docs/oauth2-redirect").status_code == 200
    for missing in ("nothing.js", "%00", "..%2F..%2Fcore.py"):
        assert as_anonymous.get(f"/api/docs-assets/{missing}").status_code == 404
