"""An export is read in batches, while nobody waits for it, and ends however its reader leaves."""

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import anyio
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect
from starlette.types import Message

from app.audit.models import AuditEvent
from app.core.db import Database
from app.exports.queries import EXPORTED
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.decision import Verb
from app.witnesses.models import Witness
from tests.exports.conftest import URL, WHY, Says, get, rows_of, sheet_of, table_of, workbook_of
from tests.make import Make

ROWS = 2500
READABLE = (20130514, "2013-05-14T00:00:00")  # days, though not as we write them
Seen = Callable[[bytes], Awaitable[None] | None]


@pytest.fixture
def witness(willing: Callable[..., Witness]) -> Witness:
    return willing()


@pytest.fixture
def many(database: Database, says: Says, witness: Witness) -> int:
    """2 500 testimonies of one witness, of which 1 500 were recorded on the same day."""
    first = says("0", witnesses=[witness])
    columns = Testimony.metadata.tables["testimonies"].c
    common = {c.key: getattr(first, c.key) for c in columns if c.key not in ("id", "title")}
    rows = [
        {**common, "id": uuid4(), "title": str(number), "recorded_on": day(number)}
        for number in range(1, ROWS)
    ]
    ids = [{"testimony_id": r["id"], "witness_id": witness.id, "position": 0} for r in rows]
    with database.write.begin() as db:
        db.execute(insert(Testimony), rows)
        db.execute(insert(TestimonyWitness), ids)
    return ROWS


def day(number: int) -> date:
    return date(2013, 1, 1) + timedelta(days=max(number - 1500, 0) // 4)


def test_many_rows_come_in_several_batches_each_once(
    as_evaluator: TestClient, many: int, db: Session
) -> None:
    chunks: list[bytes] = []
    read(as_evaluator, chunks.append)
    assert [chunk.count(b"\n") for chunk in chunks] == [1000, 1000, 500]
    rows = [json.loads(line) for line in b"".join(chunks).splitlines()]
    assert {row["title"] for row in rows} == {str(number) for number in range(many)}
    assert len({row["id"] for row in rows}) == many
    assert len({row["witness_ids"][0] for row in rows}) == 1
    finished = last_event(db)
    assert finished.action == "export.finished"
    assert finished.facts == {
        "rows": many,
        "anomalies": 0,
        "sha256": sha256(b"".join(chunks)).hexdigest(),
    }


def test_the_places_of_rows_tell_nothing(as_evaluator: TestClient, many: int) -> None:
    first, second = (rows_of(as_evaluator, "testimonies") for _ in "12")
    ids = [row["id"] for row in first[:1000]]
    assert ids == sorted(ids)
    assert [row["title"] for row in first] != [row["title"] for row in second]
    assert all(re.fullmatch("x[0-9a-f]{32}", row["id"]) for row in first)


def test_a_withdrawal_during_an_export_takes_effect(
    as_evaluator: TestClient, many: int, make: Make, witness: Witness, db: Session
) -> None:
    """And no session is open while bytes flow: the withdrawal is written between two chunks."""
    chunks: list[bytes] = []

    def withdraw(chunk: bytes) -> None:
        if not chunks:
            make.consent(witness, EXPORTED, verb=Verb.WITHDRAW)
        chunks.append(chunk)

    read(as_evaluator, withdraw)
    assert sum(chunk.count(b"\n") for chunk in chunks) == 1000
    assert last_event(db).facts["rows"] == 1000


@pytest.mark.parametrize("format_", ["csv", "jsonl", "xlsx"])
@pytest.mark.parametrize("day", ["not-a-day", 20130514, -1.5, "0", b"\x00", "2013-05-14T00:00:00"])
def test_a_bad_day_at_the_end_of_a_batch_stops_nothing(
    as_evaluator: TestClient,
    database: Database,
    says: Says,
    monkeypatch: pytest.MonkeyPatch,
    format_: str,
    day: object,
) -> None:
    """SQLite holds anything in a column of days: wherever such rows come, each comes once."""
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL holds days alone.")
    titles = {says(str(number), recorded_on=date(2013, 5, number)).title for number in range(1, 8)}
    bad = [says("CANARY") for _ in range(4)]
    broken = {"day": day, "ids": [str(testimony.id) for testimony in bad]}
    sql = text("UPDATE testimonies SET recorded_on = :day WHERE id IN :ids")
    with database.write.begin() as db:
        db.execute(sql.bindparams(bindparam("ids", expanding=True)), broken)
    for size in (1, 2, 3, 4, 5):
        monkeypatch.setattr("app.exports.reading.BATCH", size)
        rows = told(as_evaluator, format_)
        assert len(rows) == len({row["id"] for row in rows}) == 11, size
        read = [row["title"] for row in rows if not row["anomaly"]]
        assert set(read) == titles | ({"CANARY"} if day in READABLE else set())
        assert {row["recorded_on"] for row in rows if not row["anomaly"]} == {"2013-05"}


@pytest.mark.parametrize("moment", ["not-a-moment", 5, b"\x00", "9999-99-99 00:00:00"])
def test_a_bad_moment_at_the_end_of_a_batch_stops_nothing(
    as_evaluator: TestClient,
    database: Database,
    make: Make,
    says: Says,
    monkeypatch: pytest.MonkeyPatch,
    moment: object,
) -> None:
    """It is not told: nothing is wrong with the row but where it comes."""
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL holds moments alone.")
    for number in range(5):
        make.excerpt(says(str(number)))
    bad = [str(make.excerpt(says("Étrange")).id) for _ in range(2)]
    sql = text("UPDATE excerpts SET created_at = :moment WHERE id IN :ids")
    with database.write.begin() as db:
        db.execute(sql.bindparams(bindparam("ids", expanding=True)), {"moment": moment, "ids": bad})
    for size in (1, 2, 3, 6):
        monkeypatch.setattr("app.exports.reading.BATCH", size)
        rows = rows_of(as_evaluator, "excerpts")
        assert len(rows) == len({row["id"] for row in rows}) == 7, size


def told(client: TestClient, format_: str) -> list[dict[str, Any]]:
    """The testimonies, by their heading, in any format."""
    if format_ == "jsonl":
        return rows_of(client, "testimonies")
    if format_ == "xlsx":
        return sheet_of(workbook_of(client, "testimonies"))
    head, *rows = table_of(get(client, "testimonies.csv").text)
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_an_export_that_its_reader_leaves_is_in_the_audit_log(
    as_evaluator: TestClient, many: int, db: Session, version: str
) -> None:
    """Servers tell it in two ways: by a message, or by an error when more is sent."""
    chunks: list[bytes] = []

    async def leave(chunk: bytes) -> None:
        chunks.append(chunk)
        if version == "2.4":
            raise OSError("The connection is closed.")
        gone.set()
        await anyio.sleep_forever()

    gone = anyio.Event()
    with suppress(ClientDisconnect):
        read(as_evaluator, leave, gone, version)
    assert len(chunks) == 1
    actions = {event.action: event for event in db.scalars(select(AuditEvent))}
    assert "export.made" in actions
    assert "export.finished" not in actions
    assert actions["export.aborted"].facts["rows"] == 1000


def last_event(db: Session) -> AuditEvent:
    found = db.scalars(select(AuditEvent).order_by(AuditEvent.created_at.desc())).first()
    assert found
    return found


def read(
    client: TestClient,
    seen: Seen,
    gone: anyio.Event | None = None,
    version: str = "2.4",
    format_: str = "jsonl",
    empty: bool = False,
) -> None:
    """Read the testimonies as a server of the ASGI specification does, chunk after chunk.

    `empty`: those chunks too, which servers do not send.
    """
    headers = {"host": "testserver", "authorization": client.headers["authorization"]}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": version},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{URL}/testimonies.{format_}",
        "raw_path": f"{URL}/testimonies.{format_}".encode(),
        "query_string": urlencode(WHY).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "root_path": "",
    }

    async def receive() -> Message:
        if "asked" not in scope:
            scope["asked"] = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await (gone.wait() if gone else anyio.sleep_forever())
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        elif (message["body"] or (empty and message["more_body"])) and (
            waited := seen(message["body"])
        ):
            await waited

    async def call() -> None:
        await client.app(scope, receive, send)

    anyio.run(call)
