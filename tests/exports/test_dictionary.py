"""What a dictionary says: where each column comes from; `docs/exports.md` says the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.db import Database
from app.demo.service import seed
from app.exports.datasets import DATASETS
from app.exports.schemas import Type
from tests.exports.conftest import URL, Says, rows_of, sheet_of, workbook_of
from tests.exports.test_routes import spoil
from tests.make import Make

DOCS = Path(__file__).parents[2] / "docs" / "exports.md"
DOCUMENT = json.loads((Path(__file__).parents[1] / "openapi.json").read_text())


def members_of(schema: dict[str, Any]) -> set[str]:
    """The names of all that an answer tells, lists and details within."""
    found: set[str] = set()
    seen: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, list):
            for each in part:
                look(each)
        elif isinstance(part, dict):
            name = part.get("$ref", "").rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                look(DOCUMENT["components"]["schemas"][name])
            found.update(part.get("properties", {}))
            for each in part.values():
                look(each)

    look(schema)
    return found


def told_at(path: str) -> set[str]:
    """What the API tells at this list, and of each thing there."""
    found: set[str] = set()
    for here, methods in DOCUMENT["paths"].items():
        same = here.removeprefix("/api/v1/")
        if same == path or (same.startswith(f"{path}/{{") and same.count("/") == 1):
            answer = methods.get("get", methods.get("put", {}))["responses"]
            for status in ("200", "201"):
                content = answer.get(status, {}).get("content", {})
                found |= members_of(content.get("application/json", {}).get("schema", {}))
    return found


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_column_says_where_it_comes_from(as_evaluator: TestClient, dataset: str) -> None:
    """From a field that the API tells, or by a rule."""
    for column in as_evaluator.get(f"{URL}/{dataset}/dictionary").json()["columns"]:
        source, _, rule = column["source"].partition(" : ")
        if column["name"] in ("truncated", "anomaly"):
            assert source
            assert not rule
            continue
        path, dot, field = source.partition(".")
        assert (path, bool(rule)) == ("deliveries", True) or not dot or field in told_at(path), (
            column["source"]
        )
        assert dot or rule, f"{column['source']} is a list: the rule says what of it"


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_number_month_and_band_has_a_unit(dataset: str) -> None:
    for column in DATASETS[dataset].columns:
        measured = column.type in (Type.INTEGER, Type.MONTH) or column.name.startswith("age_band")
        assert bool(column.unit) or not measured, column.name


@pytest.mark.slow
def test_every_code_that_leaves_is_in_the_dictionary(
    database: Database, as_evaluator: TestClient, make: Make, says: Says
) -> None:
    """Of all that the demo tells, and more; every column of codes is tried by one at least."""
    seed(database)
    make.candor(says("le métier", sector="sport"))
    untried = set()
    for dataset, kept in DATASETS.items():
        rows = rows_of(as_evaluator, dataset)
        assert rows, dataset
        known = {
            column["name"]: column["values"]
            for column in as_evaluator.get(f"{URL}/{dataset}/dictionary").json()["columns"]
        }
        for column in kept.columns:
            cells = [row[column.name] for row in rows]
            if column.type is Type.CODES:
                cells = [code for cell in cells for code in cell]
            told = {str(cell) for cell in cells if cell is not None}
            if column.type in (Type.CODE, Type.CODES):
                assert known[column.name] is not None, f"{dataset}.{column.name}"
                untried |= {f"{dataset}.{column.name}"} if not told else set()
            if known[column.name] is not None:
                assert told <= {*known[column.name]}, f"{dataset}.{column.name}"
    assert untried == {f"{d}.{name}" for d in DATASETS for name in ("truncated", "anomaly")}


def test_what_is_cut_and_what_cannot_be_read_is_in_the_dictionary(
    as_evaluator: TestClient, says: Says, database: Database
) -> None:
    """Which is in no demo: a text that Excel has no room for, and a row that is spoilt."""
    says("long", body="É" * 40_000)
    spoilt = says("illisible")
    with database.write.begin() as db:
        spoil(db, spoilt)
    columns = as_evaluator.get(f"{URL}/testimonies/dictionary").json()["columns"]
    known = {column["name"]: column["values"] for column in columns}
    rows = sheet_of(workbook_of(as_evaluator, "testimonies"))
    for name in ("truncated", "anomaly"):
        told = {row[name] for row in rows if row[name]}
        assert told
        assert told <= {*known[name]}


def table_of(dataset: str) -> str:
    """The columns of a dataset, as the documentation tells them."""
    found = DATASETS[dataset]
    lines = [f"### `{dataset}`", "", "| column | what | type | source |", "|---|---|---|---|"]
    for column in found.columns:
        unit = f" ({column.unit})" if column.unit else ""
        cells = (f"`{column.name}`", column.label_en, f"{column.type}{unit}", found.source(column))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


@pytest.mark.once
def test_the_documentation_has_the_same_tables() -> None:
    """To write them anew: `python -m tests.exports.test_dictionary`."""
    told = DOCS.read_text()
    for dataset in DATASETS:
        assert table_of(dataset) in told, dataset


def main() -> None:
    """Write the tables in the documentation, below its last heading."""
    head, heading, _ = DOCS.read_text().partition("## Columns\n")
    DOCS.write_text(head + heading + "\n" + "\n".join(table_of(name) for name in DATASETS))


if __name__ == "__main__":
    main()
