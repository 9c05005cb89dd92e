"""What a dictionary says: where each column comes from; `docs/exports.md` says the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.exports.datasets import DATASETS
from tests.exports.conftest import URL

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
