"""How the database reads what a request asks of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Connection, event, text

from app.core.db import Database

Asked = list[tuple[str, Any]]


@contextmanager
def asked(database: Database, table: str | None = None) -> Iterator[Asked]:
    """The queries that are read meanwhile; from this table in the first place, if one is told."""
    queries: Asked = []

    def note(_1: Connection, _2: object, query: str, values: Any, *_: object) -> None:
        if table is None or f"\nFROM {table} " in query:
            queries.append((query, values))

    engine = database.read.kw["bind"]
    event.listen(engine, "before_cursor_execute", note)
    yield queries
    event.remove(engine, "before_cursor_execute", note)


def plans(database: Database, queries: Asked) -> list[str]:
    """How the database would read each of these."""
    explain = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.read.kw["bind"].connect() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        found = [connection.exec_driver_sql(explain + query, values) for query, values in queries]
        return ["\n".join(str(line) for line in plan.all()) for plan in found]


@contextmanager
def worked(database: Database) -> Iterator[list[int]]:
    """How much SQLite does meanwhile: the number of its instructions, in hundreds."""
    hundreds = [0]

    def count() -> int:
        hundreds[0] += 1
        return 0

    def begin(connection: Connection, *_: object) -> None:
        connection.connection.driver_connection.set_progress_handler(count, 100)  # type: ignore[union-attr]

    def end(connection: Connection, *_: object) -> None:
        connection.connection.driver_connection.set_progress_handler(None, 0)  # type: ignore[union-attr]

    engine = database.read.kw["bind"]
    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    yield hundreds
    event.remove(engine, "before_cursor_execute", begin)
    event.remove(engine, "after_cursor_execute", end)


def sorts(plan: str) -> bool:
    """Whether rows are sorted, and not read in the order of an index."""
    return "USE TEMP B-TREE" in plan or "Sort" in plan


def assert_read_in_the_order_of(
    indexes: str, database: Database, client: TestClient, url: str, table: str
) -> None:
    """Two pages of this list are read in the order of an index, and nothing is sorted.

    Several indexes, one for each right to see, are separated by blanks. Put rows enough in the
    table for the database to prefer an index.
    """
    with database.write.begin() as db:
        db.execute(text("ANALYZE"))  # of all tables: what an earlier test left misleads
    database.read.kw["bind"].dispose()  # SQLite reads statistics when it opens
    with asked(database, table) as queries:
        first = client.get(url)
        assert first.status_code == 200, first.text
        assert client.get(first.links["next"]["url"]).status_code == 200
    lists = [query for query in queries if "ORDER BY" in query[0]]
    wanted = set(indexes.split())
    assert len(lists) == 2 * len(wanted)
    read = set()
    for plan in plans(database, lists):
        assert not sorts(plan), plan
        used = {index for index in wanted if index in plan}
        assert used, plan
        read |= used
    assert read == wanted
