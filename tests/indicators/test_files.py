"""Every indicator as a table for spreadsheets, and as a picture that everybody can read."""

import csv
from io import StringIO
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from app.indicators.picture import MOST_BARS, Bar, Group, drawn
from app.indicators.schemas import By
from app.indicators.tables import INDICATORS
from app.testimonies.models import Testimony
from tests.make import Make

API = "/api/v1/indicators"
SVG = "{http://www.w3.org/2000/svg}"
NAMES = pytest.mark.parametrize("name", INDICATORS)


def lines(text: str, delimiter: str = ";") -> list[dict[str, str]]:
    rows = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    return list(rows)


def read(answer: Any) -> ElementTree.Element:
    assert answer.status_code == 200, answer.text
    return ElementTree.fromstring(answer.text)


def said(picture: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{SVG}text")]


def label(picture: ElementTree.Element) -> str:
    return picture.findtext(f"{SVG}desc") or ""


def drawn_lengths(picture: ElementTree.Element) -> list[float]:
    bars = [r for r in picture.iter(f"{SVG}rect") if r.get("fill") == "#1f5c8b"]
    return [float(bar.get("width", "0")) for bar in bars]


@NAMES
def test_a_table_says_what_the_answer_says(
    as_evaluator: TestClient, heard: list[Testimony], name: str
) -> None:
    found = as_evaluator.get(f"{API}/{name}").json()
    answer = as_evaluator.get(f"{API}/{name}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.text.startswith("\ufeff")
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{name}-')
    rows = lines(answer.text)
    for table in INDICATORS[name].tables:
        mine = [row for row in rows if row["table"] == table.name]
        there = (found[table.name] or []) if table.name else [found]
        assert len(mine) == len(there) * len(table.measures), table.name
        values = sorted(row["value"] for row in mine if row["measure"] == table.measures[0])
        told = (row[table.measures[0]] for row in there)
        assert values == sorted("" if v is None else str(v) for v in told)
    assert {row["suppressed"] for row in rows} == {"false"}


@NAMES
def test_every_list_of_an_answer_is_a_table(as_evaluator: TestClient, name: str) -> None:
    """Of what is not there too: an indicator that learns to tell more must write it."""
    found = as_evaluator.get(f"{API}/{name}").json()
    lists = {member for member, value in found.items() if isinstance(value, list)} - {"by"}
    assert lists == {table.name for table in INDICATORS[name].tables if table.name}


def test_whom_nobody_heard_and_whom_many_quote_are_in_the_table(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, heard: list[Testimony]
) -> None:
    target = {"role": "employer", "territory_id": str(make.territory("83").id), "witnesses": 6}
    url = f"/api/v1/schemes/{make.the_scheme.id}/targets"
    assert as_editor.put(url, json=[target]).status_code == 200
    here = {"scheme_id": str(make.the_scheme.id)}
    rows = lines(as_evaluator.get(f"{API}/coverage.csv", params=here).text)
    [missing] = [row for row in rows if row["table"] == "missing"]
    assert (missing["code_1"], missing["code_2"]) == ("employer", target["territory_id"])
    assert (missing["measure"], missing["value"]) == ("target", "6")


@pytest.mark.parametrize("by", [*combinations(By, 2), ("territory", "role")], ids="-".join)
def test_counts_by_any_two_dimensions_are_a_table_and_a_picture(
    as_evaluator: TestClient, heard: list[Testimony], by: tuple[str, str]
) -> None:
    asked = {"by": list(by)}
    assert said(read(as_evaluator.get(f"{API}/counts.svg", params=asked)))
    rows = lines(as_evaluator.get(f"{API}/counts.csv", params=asked).text)
    assert {(row["dimension_1"], row["dimension_2"]) for row in rows} == {by}
    [total] = [r for r in rows if not r["code_1"] and not r["code_2"] and r["measure"] == "count"]
    assert (total["label_1"], total["label_2"]) == ("Ensemble", "Ensemble")
    cells = as_evaluator.get(f"{API}/counts").json()["cells"]
    assert [cell["count"] for cell in cells if cell["keys"] == [None]] == [int(total["value"])]


def test_english_readers_get_commas(as_evaluator: TestClient, heard: list[Testimony]) -> None:
    answer = as_evaluator.get(f"{API}/counts.csv", headers={"Accept-Language": "en"})
    row = next(r for r in lines(answer.text, ",") if r["code_1"] == "tutor")
    assert (row["dimension_1"], row["label_1"]) == ("role", "Tuteur ou tutrice")
    assert (row["measure"], row["value"]) == ("count", "3")


def test_no_cell_is_a_formula(as_evaluator: TestClient, make: Make) -> None:
    make.testimony(themes=[make.theme(name="=1+1"), make.theme(name="@SUM(A1)")])
    rows = lines(as_evaluator.get(f"{API}/counts.csv", params={"by": "theme"}).text)
    assert {"'=1+1", "'@SUM(A1)"} <= {row["label_1"] for row in rows}


@NAMES
def test_a_picture_is_for_everybody(
    as_evaluator: TestClient, heard: list[Testimony], name: str
) -> None:
    answer = as_evaluator.get(f"{API}/{name}.svg")
    picture = read(answer)
    assert answer.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert (picture.tag, picture.get("role")) == (f"{SVG}svg", "img")
    assert picture.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    assert picture[0].tag == f"{SVG}title"
    assert picture[0].text == INDICATORS[name].title
    assert picture[1].tag == f"{SVG}desc"
    assert picture.get("aria-labelledby") == "title desc"
    assert picture.get("viewBox", "").split()[2] == "320", "it fits a telephone"
    for element in picture.iter():
        tag = element.tag.removeprefix(SVG)
        assert tag in {"svg", "title", "desc", "text", "rect", "line"}, (
            "nothing runs, or is fetched"
        )
        assert not [a for a in element.attrib if a.startswith("on") or a in ("style", "class")]
    for text in picture.iter(f"{SVG}text"):
        assert text.get("fill") in ("#1c1f24", "#4a5058"), "dark enough on white"
        assert int(text.get("font-size", "0")) >= 11


def test_what_is_drawn_is_written_too(as_evaluator: TestClient, heard: list[Testimony]) -> None:
    picture = read(as_evaluator.get(f"{API}/counts.svg", params={"by": "method"}))
    assert {"Vidéo", "Entretien", "Papier"} <= set(said(picture))
    assert "Vidéo : " in label(picture)
    balance = read(as_evaluator.get(f"{API}/balance.svg", params={"over": "month"}))
    assert "Extraits · mai 2013" in said(balance)
    reception = read(as_evaluator.get(f"{API}/reception.svg"))
    assert "Ensemble" in said(reception)


def test_a_target_is_marked_and_told(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, heard: list[Testimony]
) -> None:
    target = {"role": "employer", "territory_id": str(make.territory("04").id), "witnesses": 6}
    url = f"/api/v1/schemes/{make.the_scheme.id}/targets"
    assert as_editor.put(url, json=[target]).status_code == 200
    here = {"scheme_id": str(make.the_scheme.id)}
    picture = read(as_evaluator.get(f"{API}/coverage.svg", params=here))
    assert "1, objectif 6" in said(picture)
    assert [m for m in picture.iter(f"{SVG}line") if m.get("stroke-width") == "2"]
    assert "Non précisé" in said(picture), "words without a territory are not all of them"


def test_what_is_hidden_has_no_length(as_editor: TestClient, make: Make) -> None:
    for method, many in (("video", 7), ("written", 6), ("paper", 1)):
        for _ in range(many):
            make.testimony(method=method)
    params = {"by": "method"}
    picture = read(as_editor.get(f"{API}/counts.svg", params=params))
    assert said(picture).count("masqué") == 2
    assert len(drawn_lengths(picture)) == 2, "all of them, and the videos"
    assert label(picture).count("masqué") == 2
    assert "moins de 5" in label(picture)
    hidden = [r for r in picture.iter(f"{SVG}rect") if r.get("stroke-dasharray")]
    assert {r.get("width") for r in hidden} == {"288"}, "alike, however many"
    rows = lines(as_editor.get(f"{API}/counts.csv", params=params).text)
    assert [r["value"] for r in rows if r["suppressed"] == "true"] == [""] * 4


HOSTILE = [
    "<script>alert(1)</script>",
    '"><image href="https://example.org/a.png"/>',
    "]]>&nbsp;<!-- -->",
    "é’🙂 " + "mot" * 60,
    "שלום",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_words(as_evaluator: TestClient, make: Make, name: str) -> None:
    make.testimony(themes=[make.theme(name=name[:120])])
    picture = read(as_evaluator.get(f"{API}/counts.svg", params={"by": "theme"}))
    assert name[:120].replace(" ", "") in "".join(said(picture)).replace(" ", "")
    assert not list(picture.iter(f"{SVG}script")) + list(picture.iter(f"{SVG}image"))


def test_a_picture_ends_somewhere() -> None:
    groups = [Group("Un rôle", [Bar(f"Ligne {n}", str(n), 0.5) for n in range(MOST_BARS + 40)])]
    picture = ElementTree.fromstring(drawn("Titre", [("Partie", groups)], []).encode())
    assert len(drawn_lengths(picture)) == MOST_BARS
    assert "40 autres lignes sont dans le tableau (CSV)." in said(picture)


@NAMES
def test_nothing_is_a_picture_too(as_evaluator: TestClient, name: str) -> None:
    picture = read(as_evaluator.get(f"{API}/{name}.svg"))
    assert said(picture)
    assert as_evaluator.get(f"{API}/{name}.csv").status_code == 200


@pytest.mark.parametrize("path", ["happiness.csv", "counts.png", "counts.", "counts.SVG", "svg"])
def test_what_there_is_not_is_not_found(as_evaluator: TestClient, path: str) -> None:
    answer = as_evaluator.get(f"{API}/{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@NAMES
def test_its_filters_are_held_to_the_same(as_evaluator: TestClient, name: str) -> None:
    for ending in ("csv", "svg"):
        answer = as_evaluator.get(f"{API}/{name}.{ending}?scheme_id=%27--&nonsense=1")
        assert answer.status_code == 422
