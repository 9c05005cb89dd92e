"""`docs/evaluation.md`: its examples run as they stand there, and it says what everything means."""

import re
import runpy
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas
import pytest
from fastapi.testclient import TestClient

from app.core.models import now
from app.core.schemas import Out
from app.exports.datasets import DATASETS
from app.exports.queries import EXPORTED
from app.reactions.models import Commitment
from app.testimonies.models import Testimony
from tests.exports.conftest import get
from tests.indicators.conftest import heard, noise
from tests.indicators.test_reception import given
from tests.indicators.test_recomputed import COMPARED, give_themes, listed_territories, told
from tests.indicators.test_voices import Composes, composes
from tests.make import Make
from tests.pages.conftest import Dossier

__all__ = ["composes", "given", "heard", "noise"]

DOCS = Path(__file__).parents[2] / "docs"
TOLD = (DOCS / "evaluation.md").read_text()
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([\w-]+\.md)")
WORD = re.compile(r"[a-z_0-9]+")
COORDINATES = {  # of a cell; `cells` and `summaries` are where they are
    *("of", "over", "by", "cells", "keys", "territory_id", "witness_id", "level", "band"),
    *("form", "audience", "role", "month", "nature", "method", "stage", "summaries"),
}
Blocks = list[tuple[str, str]]


def examples(language: str) -> list[str]:
    blocks: Blocks = FENCED.findall(TOLD)
    return [code for kind, code in blocks if kind == language]


@pytest.fixture
def folder(
    as_evaluator: TestClient,
    as_editor: TestClient,
    make: Make,
    heard: list[Testimony],
    composes: Composes,
    dossier: Dossier,
    given: Callable[..., str],
    tmp_path: Path,
) -> Path:
    """A pack on an evaluator's disk: of people who were quoted, published, and answered."""
    for witness in dossier.witnesses:
        make.consent(witness, EXPORTED)
    composes(heard[1], heard[1], heard[5])
    composes(*[heard[5]] * 3, heard[8])
    excerpt = make.excerpt(heard[3], exact="on a")
    give_themes(make, excerpt, make.theme(name="Trajet"), make.theme(name="Repas"))
    items = [{"excerpt_id": str(excerpt.id)}] * 3
    composes(heard[8], sections=[{"title": "Des extraits", "items": items}])
    talker = given(acknowledged_at=now())
    make.reaction(talker, understood=False, form_rating=2)
    make.reaction(talker, understood=True, surprised=False, commitment=Commitment.MADE)
    make.reaction(given(), understood=False, form_rating=5, surprised=True)
    targets = [
        {"role": role, "territory_id": str(make.territory(code).id), "witnesses": many}
        for role, code, many in (("young_person", "83", 20), ("tutor", "06", 3))
    ]
    url = f"/api/v1/schemes/{make.the_scheme.id}/targets"
    assert as_editor.put(url, json=targets).status_code == 200
    return saved(as_evaluator, make, tmp_path)


def saved(client: TestClient, make: Make, folder: Path) -> Path:
    answer = get(client, "evaluation-pack.zip", scheme_id=str(make.the_scheme.id))
    zipfile.ZipFile(BytesIO(answer.content)).extractall(folder)
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], dict[str, Any]]:
    """What the Python of the documentation finds in a folder, one block after the other."""

    def run(folder: Path) -> dict[str, Any]:
        file = folder / "example.py"
        file.write_text("\n".join(examples("python")))
        monkeypatch.chdir(folder)
        return runpy.run_path(str(file))

    return run


def cells(frame: Any) -> dict[Any, Any]:
    """The rows of a table by their names."""
    return {
        name: tuple(row) for name, row in zip(frame.index, frame.to_numpy().tolist(), strict=True)
    }


def test_its_python_finds_what_the_service_says(
    as_evaluator: TestClient, make: Make, folder: Path, run: Callable[[Path], dict[str, Any]]
) -> None:
    assert len(examples("python")) == 4
    found = run(folder)
    near = {None: "unknown"} | {
        t["id"]: f"{t['level']} {t['code']}" for t in listed_territories(as_evaluator)
    }
    coverage = told(as_evaluator, "coverage", make)
    people = {
        (c["role"], near[c["territory_id"]]): c["witnesses"]
        for c in coverage["cells"]
        if c["witnesses"]
    }
    assert found["heard"].to_dict() == people
    gaps = {
        (c["role"], near[c["territory_id"]]): c["gap"]
        for c in coverage["cells"]
        if c["target"] is not None
    }
    gap = found["target"] - found["heard"].reindex(found["target"].index, fill_value=0)
    assert gap.to_dict() == gaps
    assert len(gaps) == 2

    themes = {t["id"]: t["name"] for t in as_evaluator.get("/api/v1/themes").json()["items"]}
    counts = told(as_evaluator, "counts", make, of="excerpts", by="theme")["cells"]
    by_theme = {themes.get(c["keys"][0], "unknown"): c["count"] for c in counts if c["keys"][0]}
    assert found["by_theme"].groupby("theme")["id"].nunique().to_dict() == by_theme
    balance = {
        (c["month"], c["nature"]): c["count"]
        for c in told(as_evaluator, "balance", make, over="month")["cells"]
        if c["of"] == "excerpts" and c["month"] and c["count"]
    }
    assert {k: v for k, v in found["balance"].stack().to_dict().items() if v} == balance

    voices = told(as_evaluator, "voices", make)
    [summary] = (s for s in voices["summaries"] if s["of"] == "bundles")
    assert (
        summary
        | {
            "heard": len(found["uses"]),
            "quoted": len(found["quoted"]),
            "passages": sum(found["quoted"]),
            "gini": round(found["gini"], 4),
        }
        == summary
    )
    names = ["bundles", "passages", "largest_share"]
    overused = [tuple(v[n] for n in names) for v in voices["overused"]]
    assert len(overused) == 4
    assert sorted(cells(found["overused"][names].round(4)).values()) == sorted(overused)
    stages = {s["stage"]: s["count"] for s in told(as_evaluator, "loop", make)["stages"]}
    assert found["loop"].to_dict() == {
        name: many for name, many in stages.items() if many and name != "looked"
    }
    assert len(found["loop"]) == 3

    reception = [c for c in told(as_evaluator, "reception", make)["cells"] if c["form"]]
    [cell] = (c for c in reception if c["audience"])
    for table, names in (
        ("ratings", ["rated", "mean_form_rating"]),
        ("understood", ["understood_said", "understood_share"]),
        ("surprised", ["surprised_said", "surprised_share"]),
    ):
        way = cell["form"], cell["audience"]
        assert cells(found[table]) == {way: tuple(cell[name] for name in names)}


def test_its_python_accuses_nobody_by_what_may_not_leave(
    as_evaluator: TestClient,
    make: Make,
    heard: list[Testimony],
    composes: Composes,
    run: Callable[[Path], dict[str, Any]],
    tmp_path: Path,
) -> None:
    """Two passages of four are no more than a half; of the three that may leave they would be."""
    composes(heard[5], heard[5], heard[8], make.testimony())
    composes(heard[0], heard[0], heard[8])
    [dominant] = told(as_evaluator, "voices", make)["overused"]
    assert (dominant["bundles"], dominant["passages"]) == (1, 2)
    found = run(saved(as_evaluator, make, tmp_path))["overused"]
    assert cells(found.round(4)) == {found.index[0]: (1, 2, dominant["largest_share"])}


def test_its_r_runs_in_that_folder(folder: Path) -> None:
    if not (r := shutil.which("Rscript")):
        pytest.skip("R is not installed here")
    file = folder / "example.R"
    file.write_text("\n".join(examples("r")))
    done = subprocess.run([r, str(file)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2013-05" in done.stdout


def words_of(text: str) -> set[str]:
    """What is written as code."""
    return {word for code in re.findall(r"`([^`\n]+)`", text) for word in WORD.findall(code)}


@pytest.fixture(scope="module")
def explained() -> set[str]:
    """What it names, or a page that it leads to."""
    pages = [TOLD, *((DOCS / name).read_text() for name in {*LINK.findall(TOLD)})]
    return {word for page in pages for word in words_of(page)}


@pytest.mark.once
@pytest.mark.parametrize("model", COMPARED)
def test_every_figure_is_named_in_it(model: type[Out]) -> None:
    """In itself: how it is counted again."""
    figures = model.model_fields.keys() - COORDINATES
    assert figures <= words_of(TOLD), model


def test_every_column_of_every_file_is_named_in_it(folder: Path, explained: set[str]) -> None:
    """Or in a page that it leads to; and every file that is no dataset and no indicator."""
    files = sorted(folder.rglob("*.csv"))
    assert len(files) > len(DATASETS) + 12
    for file in files:
        head = [*pandas.read_csv(file, sep=";", encoding="utf-8-sig", dtype=str).columns]
        assert {re.sub("_[23]$", "_1", name) for name in head} <= explained, file.name
        name = str(file.relative_to(folder).with_suffix(""))
        if not name.startswith(("donnees/", "indicateurs/")):
            assert f"`{file.name}`" in TOLD, file.name
