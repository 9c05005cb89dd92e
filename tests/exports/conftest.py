"""People who are heard, what they say of exports, and how an export is read."""

import csv
import json
import re
from collections.abc import Callable
from io import BytesIO, StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from openpyxl import load_workbook

from app.exports.queries import EXPORTED
from app.testimonies.models import Testimony
from app.witnesses.models import Witness
from tests.make import Make
from tests.pages.conftest import Dossier, dossier, published

__all__ = ["Dossier", "dossier", "published"]

URL = "/api/v1/exports"
WHY = {"purpose": "évaluation 2014"}
Says = Callable[..., Testimony]


@pytest.fixture
def willing(make: Make) -> Callable[..., Witness]:
    """A witness who consents to exports."""

    def willing(**given: Any) -> Witness:
        witness = make.witness(**given)
        make.consent(witness, EXPORTED)
        return witness

    return willing


@pytest.fixture
def says(make: Make, willing: Callable[..., Witness]) -> Says:
    """An accepted testimony with this title, of a witness who consents, or of `witnesses`."""

    def says(title: str, **given: Any) -> Testimony:
        given.setdefault("witnesses", None)
        given["witnesses"] = given["witnesses"] or [willing()]
        return make.testimony(title=title, **given)

    return says


UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DRAWN = re.compile(rf"\bx?[0-9a-f]{{32,64}}\b|\b{UUIDS.pattern}\b")


def undrawn(text: str) -> str:
    """A text without its ids and sums, which may hold the four digits of a year by chance."""
    return DRAWN.sub("", text)


def get(client: TestClient, path: str, **params: Any) -> Response:
    response = client.get(f"{URL}/{path}", params=WHY | params)
    assert response.status_code == 200, response.text
    return response


def rows_of(client: TestClient, dataset: str, **params: Any) -> list[dict[str, Any]]:
    """What an export in JSON lines holds."""
    text = get(client, f"{dataset}.jsonl", **params).text
    return [json.loads(line) for line in text.splitlines()]


def workbook_of(client: TestClient, dataset: str, **params: Any) -> Any:
    """What an export as a workbook holds, as openpyxl reads it."""
    return load_workbook(BytesIO(get(client, f"{dataset}.xlsx", **params).content))


def sheet_of(book: Any, name: str = "Données") -> list[dict[str, Any]]:
    """The rows of a sheet, by its heading."""
    head, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def titles_of(client: TestClient, **params: Any) -> set[str]:
    return {row["title"] for row in rows_of(client, "testimonies", **params)}


def table_of(text: str, delimiter: str = ";") -> list[list[str]]:
    """What a spreadsheet reads in a CSV file."""
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter))
