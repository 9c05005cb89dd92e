"""What evaluators read exports with: the three formats say the same rows to all of them."""

import csv
import shutil
import subprocess
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas
import pytest
from fastapi.testclient import TestClient

from app.exports.datasets import DATASETS
from app.exports.formats import joined
from app.testimonies.models import Nature
from tests.conftest import ClientFor
from tests.exports.conftest import Says, get, rows_of, sheet_of, table_of, workbook_of
from tests.make import Make
from tests.pages.conftest import Dossier

FILTERED = [*DATASETS]
WORDS = 'Été à Sète ; « l\'œuvre »,\nil a dit "oui" : 100 %\t👩🏽‍🔧 – fin'
PRACTICE = {"actor": "=le tuteur", "action": "montre", "occasion": "le premier jour"}


@pytest.fixture
def client(client_for: ClientFor, make: Make, says: Says, dossier: Dossier) -> TestClient:
    """Somebody whose ids stay the same from an export to the next; and something of everything."""
    theme = make.theme(name="Tuteur | tutrice")
    one = says("00123", body=WORDS, themes=[theme], tags=["b", "été"], nature=Nature.IDEA)
    says("TRUE", body="-12", sector="building")
    excerpt = make.excerpt(one, exact="Été", nature=Nature.PRACTICE, practice=PRACTICE)
    make.excerpt(one, exact="fin", names_employer=True)
    make.decision(one)
    make.proposition(excerpt)
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, text="merci", form_rating=4, understood=True)
    by = make.account().id
    evaluator = make.account(role="evaluator", follow_up_at=one.created_at, follow_up_by_id=by)
    client = client_for(evaluator)
    client.params = client.params.set("follow_up", "true")
    return client


def harmless(cell: Any) -> str:
    """A cell of JSON lines as tables tell it."""
    if isinstance(cell, list):
        cell = joined(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(("=", "-")) else text


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_three_formats_say_the_same(client: TestClient, dataset: str) -> None:
    lines = rows_of(client, dataset)
    assert lines
    head, *cells = table_of(get(client, f"{dataset}.csv").text)
    table = [dict(zip(head, row, strict=True)) for row in cells]
    assert table == [{name: harmless(cell) for name, cell in row.items()} for row in lines]
    sheet = sheet_of(workbook_of(client, dataset))
    told = [
        {n: (joined(c) or None if isinstance(c, list) else c) for n, c in row.items()}
        for row in lines
    ]
    assert sheet == told


@pytest.mark.parametrize("dataset", DATASETS)
def test_pandas_reads_them(client: TestClient, dataset: str) -> None:
    text: dict[str, Any] = {"dtype": str, "keep_default_na": False}
    of_csv = pandas.read_csv(
        BytesIO(get(client, f"{dataset}.csv").content), sep=";", encoding="utf-8-sig", **text
    )
    of_lines = pandas.read_json(
        StringIO(get(client, f"{dataset}.jsonl").text), lines=True, dtype=False
    )
    of_book = pandas.read_excel(
        BytesIO(get(client, f"{dataset}.xlsx").content), sheet_name=None, **text
    )
    assert [*of_book] == ["Données", "Dictionnaire", "À propos"]
    sheet = of_book["Données"]
    assert [*of_csv.columns] == [*of_lines.columns] == [*sheet.columns]
    assert [*of_csv["id"]] == [*of_lines["id"]] == [*sheet["id"]]
    assert [*of_book["Dictionnaire"]["name"]] == [*sheet.columns]


def test_pandas_reads_words_as_they_are(client: TestClient) -> None:
    lines = pandas.read_json(
        StringIO(get(client, "testimonies.jsonl").text), lines=True, dtype=False
    )
    assert {"00123", "TRUE"} <= {*lines["title"]}
    assert {WORDS, "-12"} <= {*lines["body"]}
    sheet = pandas.read_excel(
        BytesIO(get(client, "testimonies.xlsx").content), dtype=str, keep_default_na=False
    )
    assert {WORDS, "-12"} <= {*sheet["body"]}
    assert "Tuteur ¦ tutrice" in {*sheet["themes"]}


def test_the_csv_module_reads_them(client: TestClient) -> None:
    text = get(client, "testimonies.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text, newline=""), delimiter=";"))
    assert {WORDS, "'-12"} <= {row["body"] for row in rows}


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_libreoffice_reads_them(client: TestClient, tmp_path: Path, format_: str) -> None:
    if not (office := shutil.which("soffice") or shutil.which("libreoffice")):
        pytest.skip("LibreOffice is not installed here")
    file = tmp_path / f"testimonies.{format_}"
    file.write_bytes(get(client, file.name).content)
    asked = ["--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"]
    how = ["--infilter=CSV:59,34,76,1"] if format_ == "csv" else []
    what = ["--convert-to", "csv:Text - txt - csv (StarCalc):59,34,76,1", "--outdir"]
    subprocess.run(
        [office, *asked, *how, *what, str(tmp_path / "read"), str(file)],
        check=True,
        timeout=120,
        capture_output=True,
    )
    found = table_of((tmp_path / "read" / "testimonies.csv").read_text(encoding="utf-8"))
    lines = rows_of(client, "testimonies")
    assert found[0] == [*lines[0]]
    assert [row[0] for row in found[1:]] == [row["id"] for row in lines]


# Filters


@pytest.mark.parametrize("format_", ["csv", "jsonl", "xlsx"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_filter_of_another_scheme_gives_nothing(
    client: TestClient, make: Make, dataset: str, format_: str
) -> None:
    """An empty export, and no error that would tell what is there."""
    for scheme_id in (make.scheme().id, uuid4()):
        response = get(client, f"{dataset}.{format_}", scheme_id=str(scheme_id))
        if format_ == "xlsx":
            rows: list[Any] = sheet_of(workbook_of(client, dataset, scheme_id=str(scheme_id)))
        elif format_ == "csv":
            rows = table_of(response.text)[1:]
        else:
            rows = response.text.splitlines()
        assert rows == []
