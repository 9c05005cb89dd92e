"""Figures that everybody reads, without an account: JSON, CSV, and what one has already."""

import csv
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from tests.figures.conftest import Accepted, Frozen
from tests.make import Make

URL = "/api/v1/figures"
HIDDEN = {"value": None, "suppressed": True}


@pytest.fixture
def figures(accepted: Accepted, frozen: Frozen, as_anonymous: TestClient) -> dict[str, Any]:
    """A period of 40 tutors, 20 support workers and 3 young people."""
    accepted(40)
    accepted(20, role="support_worker")
    accepted(3, role="young_person")
    assert frozen(10)
    [found] = as_anonymous.get(URL).json()["items"]
    return found  # type: ignore[no-any-return]


def test_anybody_reads_them(
    figures: dict[str, Any], as_anonymous: TestClient, as_editor: TestClient, make: Make
) -> None:
    alone = as_anonymous.get(f"{URL}/{figures['id']}")
    assert alone.json() == figures
    assert as_editor.get(f"{URL}/{figures['id']}").json() == figures
    assert figures["scheme_id"] == str(make.the_scheme.id)
    role = {cell["code"]: cell["share"] for cell in figures["tables"][0]["cells"]}
    assert role["young_person"] == HIDDEN
    assert role["support_worker"] == HIDDEN  # for the total is told: the last of the list goes too
    assert role["tutor"] == 0.65
    assert all("count" not in cell for cell in figures["tables"][0]["cells"])


def test_they_are_those_of_a_scheme_the_latest_first(
    figures: dict[str, Any],
    accepted: Accepted,
    frozen: Frozen,
    as_anonymous: TestClient,
    make: Make,
) -> None:
    accepted(22, month=10)
    assert frozen(11)
    of_it = as_anonymous.get(URL, params={"scheme_id": str(make.the_scheme.id)}).json()
    assert [item["last_month"] for item in of_it["items"]] == ["2026-10", "2026-09"]
    assert of_it["items"][1] == figures
    first = as_anonymous.get(URL, params={"limit": 1, "count": True}).json()
    assert (first["total"], first["items"]) == (2, of_it["items"][:1])
    rest = as_anonymous.get(URL, params={"cursor": first["next_cursor"]}).json()
    assert rest["items"] == of_it["items"][1:]
    for other in (make.scheme().id, uuid4()):
        assert as_anonymous.get(URL, params={"scheme_id": str(other)}).json()["items"] == []


def test_what_one_has_is_not_sent_again(figures: dict[str, Any], as_anonymous: TestClient) -> None:
    for url in (URL, f"{URL}/{figures['id']}", f"{URL}/{figures['id']}.csv"):
        first = as_anonymous.get(url)
        assert first.headers["cache-control"] == "public, no-cache"
        again = as_anonymous.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = as_anonymous.get(url, headers={"If-None-Match": '"1.0"'})
        assert (other.status_code, other.content) == (200, first.content)


def test_the_same_as_csv(figures: dict[str, Any], as_anonymous: TestClient) -> None:
    answer = as_anonymous.get(f"{URL}/{figures['id']}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    told = {(row["table"], row["code"]): row for row in rows}
    for table in figures["tables"]:
        for cell in table["cells"]:
            row = told.pop((table["name"], cell["code"]))
            assert (row["label"], row["last_month"]) == (cell["label"], "2026-09")
            is_hidden = cell["share"] == HIDDEN
            assert row["suppressed"] == str(is_hidden).lower()
            assert row["share"] == ("" if is_hidden else str(cell["share"]))
    assert not told


def test_no_label_is_a_formula(
    accepted: Accepted, frozen: Frozen, as_anonymous: TestClient, as_administrator: TestClient
) -> None:
    term = {"code": "carte", "label_fr": "=1+1", "label_en": "Map", "position": 99}
    created = as_administrator.post("/api/v1/vocabularies/methods/terms", json=term)
    assert created.status_code == 201, created.text
    accepted(22)
    assert frozen(10)
    [found] = as_anonymous.get(URL).json()["items"]
    assert "'=1+1" in as_anonymous.get(f"{URL}/{found['id']}.csv").text


@pytest.mark.parametrize("path", [f"/{UUID(int=1)}", f"/{UUID(int=1)}.csv", "/x", "/x.csv"])
def test_what_is_not_there_is_not_found(
    figures: dict[str, Any], as_anonymous: TestClient, path: str
) -> None:
    assert as_anonymous.get(f"{URL}{path}").status_code == 404


def test_nothing_is_there_to_be_changed(figures: dict[str, Any], as_editor: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert as_editor.request(method, f"{URL}/{figures['id']}", json={}).status_code == 405
