"""A word costs what it finds: PostgreSQL walks through no table for it."""

import random
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from app.core.db import Database
from app.textindex import languages
from app.textindex.models import TextKind
from app.textindex.service import TEXTS
from app.textindex.words import words
from tests.make import Make
from tests.plans import asked

TEXTS_THERE, WORDS = 3000, 300


@pytest.fixture
def library(database: Database) -> None:
    """Many long texts, of words that others say too, some of them hardly, and nobody's."""
    if database.dialect != "postgresql":
        pytest.skip("FTS5 has no other way to find a word.")
    choose = random.Random(14)
    said = ["".join(choose.choices("bdfglmnprst", k=6)) for _ in range(2000)]
    for_all = [" ".join(choose.choices(said, k=WORDS)) for _ in range(100)]
    vectors = [languages.vector([], list(words(body))) for body in for_all]
    with database.write.begin() as db:
        db.execute(
            insert(TEXTS),
            [
                {
                    "id": uuid4(),
                    "kind": TextKind.TESTIMONY,
                    "thing_id": uuid4(),
                    "number": number,
                    "vector": f"{vectors[number % 100]} 'odd{number % 200}'",
                }
                for number in range(TEXTS_THERE)
            ],
        )
    with database.write() as db:
        alone = db.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        alone.execute(text("VACUUM ANALYZE indexed_texts"))


@pytest.mark.usefixtures("library")
def test_a_rare_word_is_read_from_the_index(
    as_editor: TestClient, make: Make, database: Database, index: Callable[[], None]
) -> None:
    found = make.testimony(body="Le pluviomètre débordait.")
    index()
    with asked(database) as queries:
        page = as_editor.get("/api/v1/search", params={"q": "pluviomètre "}).json()
    assert [item["id"] for item in page["items"]] == [str(found.id)]
    looking = [query for query in queries if "indexed_texts" in query[0]]
    assert len(looking) == 2  # who says it, and what is shown of them
    with database.read.kw["bind"].connect() as connection:
        for statement, values in looking:
            plan = str(connection.exec_driver_sql(f"EXPLAIN {statement}", values).all())
            assert "Seq Scan on indexed_texts" not in plan
            assert "Scan Backward using ix_indexed_texts_kind_number" not in plan
            by_word, by_testimony = "ix_indexed_texts_vector", "uq_indexed_texts_thing_id"
            assert by_word in plan or by_testimony in plan  # few testimonies are asked one by one


@pytest.mark.usefixtures("library")
def test_a_word_that_nobody_counted_is_taken_for_a_rare_one(database: Database) -> None:
    """Among 200 000 texts, who takes it for one in 200 reads all of them, newest first."""
    with database.read() as db:
        plan = db.scalars(
            text("EXPLAIN SELECT 1 FROM indexed_texts WHERE vector @@ 'pluviometr'::tsquery")
        ).all()
    taken_for = int(re.findall(r"rows=(\d+)", plan[0])[0])
    assert taken_for < TEXTS_THERE / 300


def test_the_same_question_is_planned_for_its_values_however_often_it_is_asked(
    database: Database,
) -> None:
    """What was asked five times, PostgreSQL plans once for any value: for pages of any size."""
    if database.dialect != "postgresql":
        pytest.skip("SQLite plans once, and knows no values")
    statement = text("SELECT id FROM indexed_texts WHERE thing_id = :thing_id")
    with database.read() as db:
        for _ in range(12):
            db.execute(statement, {"thing_id": uuid4()}).all()
        prepared = text(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT id FROM indexed_texts WHERE thing_id%'"
        )
        ((for_any, for_these),) = db.execute(prepared).all()
    assert (for_any, for_these > 0) == (0, True)


@pytest.mark.usefixtures("library")
def test_a_list_is_planned_for_the_words_that_it_is_asked(
    as_editor: TestClient, make: Make, database: Database, index: Callable[[], None]
) -> None:
    found = make.testimony(body="Le pluviomètre débordait.")
    index()
    with asked(database) as queries:
        page = as_editor.get("/api/v1/testimonies", params={"q": "pluviomètre "}).json()
    assert [item["id"] for item in page["items"]] == [str(found.id)]
    (looking,) = [query for query in queries if "indexed_texts" in query[0]]
    assert "@@ CAST('" in looking[0]  # a parameter would be planned for any word
