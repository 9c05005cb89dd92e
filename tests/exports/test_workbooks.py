"""An export as a workbook: whole, harmless, and removed whatever happens."""

import os
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.settings import settings
from app.exports import rooms
from app.exports.datasets import DATASETS, TESTIMONIES
from app.exports.workbook import LONGEST, ROWS, Xlsx
from app.testimonies.models import Nature, Testimony, TestimonyTag
from tests.conftest import ClientFor
from tests.exports.conftest import (
    URL,
    Says,
    get,
    rows_of,
    sheet_of,
    table_of,
    workbook_of,
)
from tests.exports.test_routes import spoil
from tests.exports.test_stream import last_event, many, read, witness
from tests.make import Make

__all__ = ["many", "witness"]


def left() -> list[Path]:
    """What is left on the disk."""
    folder = settings().data_dir / "exports"
    return list(folder.iterdir()) if folder.exists() else []


def about(book: Any) -> dict[str, Any]:
    return {row["Quoi"]: row["Dit"] for row in sheet_of(book, "À propos")}


def write(database: Database, testimony: Testimony, **values: Any) -> None:
    """Write what the API refuses."""
    with database.write.begin() as db:
        db.execute(update(Testimony).where(Testimony.id == testimony.id).values(**values))


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_dataset_is_a_workbook(as_evaluator: TestClient, says: Says, dataset: str) -> None:
    says("Le premier jour")
    response = get(as_evaluator, f"{dataset}.xlsx")
    assert response.headers["content-type"] == Xlsx.media_type
    assert response.headers["content-disposition"].endswith('.xlsx"')
    book = load_workbook(BytesIO(response.content))
    assert book.sheetnames == ["Données", "Dictionnaire", "À propos"]
    told = as_evaluator.get(f"{URL}/{dataset}/dictionary").json()["columns"]
    head = [cell.value for cell in next(book["Données"].iter_rows())]
    assert head == [column["name"] for column in told]
    for row, column in zip(sheet_of(book, "Dictionnaire"), told, strict=True):
        values = "|".join(column["values"] or []) or None
        assert row == column | {"values": values}
    assert left() == []


def test_it_says_who_made_it_when_why_and_of_what(
    client_for: ClientFor, make: Make, says: Says, database: Database
) -> None:
    evaluator = make.account(role="evaluator", display_name="Ève <Exemple>")
    for _ in "12":
        asked = says("Le premier jour", nature=Nature.IDEA)
    bad = says("CANARY", nature=Nature.IDEA, workshop=None)
    with database.write.begin() as db:
        spoil(db, bad)
    filters = {"nature": "idea", "scheme_id": str(make.the_scheme.id)}
    response = get(client_for(evaluator), "testimonies.xlsx", **filters)
    book = load_workbook(BytesIO(response.content))
    told = about(book)
    assert told["Jeu de données"] == "testimonies"
    assert told["Export"] == response.headers["x-export-id"]
    assert told["Fait le"].startswith(f"{datetime.now(UTC):%Y-%m-%d}")
    assert told["Par"] == "Ève <Exemple> (évaluation)"
    assert told["Pour"] == "évaluation 2014"
    assert told["Filtres"] == f'scheme_id = {make.the_scheme.code}\nnature = ["idea"]'
    assert (told["Lignes"], told["Anomalies"]) == ("3", "1")
    assert "personne ne garde" in told["Identifiants"]
    (anomaly,) = [row for row in sheet_of(book) if row["anomaly"]]
    assert told["Ligne illisible"] == anomaly["id"]
    assert book.properties.creator == "Ève <Exemple> (évaluation)"
    assert book.properties.description == "évaluation 2014"
    here = {"workshop_id": str(asked.workshop_id)}
    one = workbook_of(client_for(evaluator), "testimonies", **here)
    (row,) = sheet_of(one)
    assert about(one)["Filtres"] == f"workshop_id = {row['workshop_id']}", "no real id beside it"


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_real_id_is_in_it(
    as_evaluator: TestClient, says: Says, make: Make, dataset: str
) -> None:
    testimony = says("Le premier jour")
    make.excerpt(testimony)
    response = get(as_evaluator, f"{dataset}.xlsx", scheme_id=str(make.the_scheme.id))
    with zipfile.ZipFile(BytesIO(response.content)) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for real in (testimony.id, testimony.workshop_id, testimony.place_id, make.the_scheme.id):
        assert str(real) not in content


# Words stay words

TRAPS = [
    *('=HYPERLINK("http://example.org";"x")', "+1", "-1", "@SUM(A1)", "\t=1+1", "＝1+1", "＠x"),
    *("http://example.org", "mailto:a@example.org", "00123", "1e5", "TRUE", "2014-05-01", "12,5"),
    *("<r><t>CANARY</t></r>", "a & b < c > d", "_x000B_", "prefix_xylo", "  deux  ", "👩🏽‍🔧"),
]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_text_is_no_formula_link_number_or_markup(
    as_evaluator: TestClient, says: Says, make: Make, trap: str, database: Database
) -> None:
    testimony = says("Le premier jour", tags=[trap.strip()])
    write(database, testimony, title=trap, body=trap)
    response = get(as_evaluator, "testimonies.xlsx")
    book = load_workbook(BytesIO(response.content))
    sheet = book["Données"]
    head = [cell.value for cell in sheet[1]]
    cells = {name: sheet.cell(2, number) for number, name in enumerate(head, 1)}
    for name in ("title", "body", "tags"):
        told = cells[name].value.replace("_x005F_", "_")  # which Excel reads, and openpyxl does not
        assert told == (trap.strip() if name == "tags" else trap)
        assert cells[name].data_type in ("s", "inlineStr")
        assert cells[name].hyperlink is None
    with zipfile.ZipFile(BytesIO(response.content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        assert not [name for name in archive.namelist() if "_rels/sheet" in name]


def test_booleans_and_numbers_are_what_they_are(
    as_evaluator: TestClient, says: Says, make: Make
) -> None:
    make.excerpt(says("Le premier jour"), exact="j'ai suivi Karim", names_employer=True)
    (row,) = sheet_of(workbook_of(as_evaluator, "excerpts"))
    assert (row["start"], row["stop"]) == (17, 33)
    assert row["names_employer"] is True
    assert row["recorded_on"][4] == "-"
    assert row["anomaly"] is None


ODD = "avant\x0b\x00\x1b\x7fpuis\x85\u2028\ufffe\r\nfin"


@pytest.mark.once  # PostgreSQL refuses a NUL
@pytest.mark.parametrize("dataset", ["testimonies", "excerpts"])
def test_control_characters_break_no_format(
    as_evaluator: TestClient, says: Says, make: Make, database: Database, dataset: str
) -> None:
    testimony = says("Le premier jour")
    excerpt = make.excerpt(testimony, public_quote="x")
    write(database, testimony, body=ODD)
    with database.write.begin() as db:
        db.execute(update(type(excerpt)).values(public_quote=ODD))
    name = "body" if dataset == "testimonies" else "quote"
    (row,) = get(as_evaluator, f"{dataset}.jsonl").content.split(b"\n")[:-1]
    import json

    assert json.loads(row)[name] == ODD, "in JSON, words stay as they are"
    shown = "avant���\x7fpuis\x85\u2028�\r\nfin"
    head, cells = table_of(get(as_evaluator, f"{dataset}.csv").text)
    assert dict(zip(head, cells, strict=True))[name] == shown
    (found,) = sheet_of(workbook_of(as_evaluator, dataset))
    assert found[name] == shown.replace("\r\n", "\n")


def test_half_a_character_breaks_no_format(
    as_evaluator: TestClient, says: Says, make: Make, database: Database
) -> None:
    excerpt = make.excerpt(says("Le premier jour"))
    practice = {"actor": "\ud83d", "action": "=montre", "occasion": "un jour"}
    with database.write.begin() as db:
        db.execute(update(type(excerpt)).values(practice=practice, nature=Nature.PRACTICE))
    (row,) = rows_of(as_evaluator, "excerpts")
    assert row["practice_actor"] == "\ud83d"
    assert "�" in get(as_evaluator, "excerpts.csv").text
    (found,) = sheet_of(workbook_of(as_evaluator, "excerpts"))
    assert (found["practice_actor"], found["practice_action"]) == ("�", "=montre")


# Long cells, many rows


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a" * LONGEST, LONGEST),
        ("a" * 40_000, LONGEST),
        ("👩" * 16_383, 16_383),
        ("👩" * 16_384, 16_383),
        ("a" + "👩" * 20_000, 1 + 16_383),
        ("&" * 40_000, LONGEST),
    ],
)
def test_a_cell_that_is_too_long_is_cut_and_says_so(
    as_evaluator: TestClient, says: Says, database: Database, text: str, kept: int
) -> None:
    write(database, says("long"), body=text)
    says("court")
    rows = {row["title"]: row for row in sheet_of(workbook_of(as_evaluator, "testimonies"))}
    assert rows["long"]["body"] == text[:kept]
    assert rows["long"]["truncated"] == ("body" if kept < len(text) else None)
    assert rows["court"]["truncated"] is None
    whole = {row["title"]: row for row in rows_of(as_evaluator, "testimonies")}["long"]
    assert (whole["body"], whole["truncated"]) == (text, [])
    head, *lines = table_of(get(as_evaluator, "testimonies.csv").text)
    found = [dict(zip(head, line, strict=True)) for line in lines]
    assert {row["title"]: row["truncated"] for row in found} == {"long": "", "court": ""}
    assert text in {row["body"] for row in found}


def test_ten_thousand_tags(as_evaluator: TestClient, says: Says, database: Database) -> None:
    testimony = says("beaucoup")
    tags = [f"mot {number}" for number in range(10_000)]
    rows = [{"testimony_id": testimony.id, "position": n, "tag": t} for n, t in enumerate(tags)]
    with database.write.begin() as db:
        db.execute(insert(TestimonyTag), rows)
    (row,) = rows_of(as_evaluator, "testimonies")
    assert row["tags"] == tags
    head, cells = table_of(get(as_evaluator, "testimonies.csv").text)
    assert dict(zip(head, cells, strict=True))["tags"].split("|") == tags
    (found,) = sheet_of(workbook_of(as_evaluator, "testimonies"))
    kept = found["tags"].split("|")
    assert kept == tags[: len(kept)], "whole values, and no piece of one"
    assert LONGEST - 10 < len(found["tags"]) <= LONGEST
    assert found["truncated"] == "tags"


@pytest.mark.slow
@pytest.mark.once
def test_more_rows_than_a_sheet_holds_go_on_in_another() -> None:
    writer = Xlsx(TESTIMONIES.columns, list, {})
    empty = (None,) * (len(TESTIMONIES.columns) - 1)
    tables = (
        [(f"x{start + number}", *empty) for number in range(1000)]
        for start in range(0, ROWS + 1000, 1000)
    )
    content = b"".join(writer.written(tables))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        first, second = (
            archive.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)
        )
    assert f'<row r="{ROWS + 1}"><c r="A{ROWS + 1}"' in first
    assert f'<row r="{ROWS + 2}"' not in first
    assert f">x{ROWS - 1}<" in first
    assert f'<row r="2"><c r="A2" t="inlineStr"><is><t xml:space="preserve">x{ROWS}<' in second
    assert "candor" in second


# The audit log, and what is left


def test_its_bytes_are_in_the_audit_log(as_evaluator: TestClient, many: int, db: Session) -> None:
    chunks: list[bytes] = []
    read(as_evaluator, chunks.append, format_="xlsx")
    finished = last_event(db)
    assert finished.action == "export.finished"
    digest = sha256(b"".join(chunks)).hexdigest()
    assert finished.facts == {"rows": many, "anomalies": 0, "sha256": digest}
    rows = sheet_of(load_workbook(BytesIO(b"".join(chunks))))
    assert {row["title"] for row in rows} == {str(number) for number in range(many)}
    assert left() == []


def test_who_leaves_while_it_is_composed_leaves_nothing(
    as_evaluator: TestClient, many: int, db: Session
) -> None:
    gone = anyio.Event()

    def stop(chunk: bytes) -> None:
        raise OSError("The connection is closed.")

    with suppress(ClientDisconnect):
        read(as_evaluator, stop, gone, format_="xlsx", empty=True)
    actions = {event.action: event for event in db.scalars(select(AuditEvent))}
    assert "export.made" in actions
    assert "export.finished" not in actions
    assert actions["export.aborted"].facts["rows"] == 1000
    assert left() == []


def test_who_leaves_while_it_is_sent_leaves_nothing(
    as_evaluator: TestClient, many: int, db: Session
) -> None:
    def stop(chunk: bytes) -> None:
        raise OSError("The connection is closed.")

    with suppress(ClientDisconnect):
        read(as_evaluator, stop, format_="xlsx")
    assert last_event(db).action == "export.aborted"
    assert last_event(db).facts["rows"] == many
    assert left() == []


def test_what_a_dead_process_left_is_removed_and_nothing_else(
    as_evaluator: TestClient, says: Says
) -> None:
    says("Le premier jour")
    with rooms.room() as living:
        (living / "words").write_text("words")
        dead = living.parent / "dead"
        dead.mkdir()
        (dead / "words").write_text("CANARY")
        get(as_evaluator, "testimonies.xlsx")
        assert left() == [living]
        dead.mkdir()
        rooms.sweep()
        assert left() == [living]
        assert (living / "words").exists()
        assert living.stat().st_mode & 0o077 == 0
    assert left() == []
    assert os.listdir(settings().data_dir / "exports") == []
