"""The database, SQLite or PostgreSQL: transactions that read, and transactions that write.

Work in the session you are given. `flush()` when you need an answer from the database; never
`commit()`: the call (`app.calls`), the job runner and the command line do.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Connection, Engine, Select, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

Row = TypeVar("Row")
Rows = TypeVarTuple("Rows")

# Connections of a process: to read, to write. A transaction runs in one thread from begin to
# commit: one that waits for a connection, or for a lock, never holds the thread its holder needs.
# SQLite reads in this process, and Python's driver hands the interpreter over at every row: more
# than two readers at once make lists slower. It has one writer; PostgreSQL has several of both.
CONNECTIONS = {"sqlite": (2, 1), "postgresql": (16, 8)}

SETTINGS = {
    "sqlite": {  # pragmas; times in milliseconds
        "busy_timeout": "10000",  # first, for the next one may have to wait
        "journal_mode": "WAL",
        "synchronous": "FULL",
        "foreign_keys": "ON",
        "secure_delete": "ON",
        "trusted_schema": "OFF",
    },
    "postgresql": {
        "timezone": "UTC",
        "lock_timeout": "10s",
        "statement_timeout": "10s",
        "jit": "off",  # it took 85 of the 127 ms of each batch of an export
        # A plan for any value takes a page for a tenth of a table: the sixth facets took 3 s.
        "plan_cache_mode": "force_custom_plan",
    },
}


READ_ONLY = {"sqlite": "query_only", "postgresql": "default_transaction_read_only"}
UNHURRIED: dict[str, dict[str, str]] = {
    "sqlite": {},
    "postgresql": {"statement_timeout": "0"},
}  # for whole tables
READ_AT_ONCE = 1000  # rows of a snapshot
LOCK_WAIT = 10  # seconds
OLDER_READERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND age(backend_xmin) >= age(%s::xid)
"""  # of transactions as old as this one, or older
KEPT = re.compile(r"\d+")  # "12 dead row versions cannot be removed yet.", in any language


def dialect_of(url: str) -> str:
    """`sqlite` or `postgresql`."""
    return make_url(url).get_backend_name()


def make_engine(
    url: str, settings: Mapping[str, str], connections: int = 1, wait: float = 10
) -> Engine:
    """An engine on this database: `sqlite:///file` (not in memory) or `postgresql://…`.

    `settings` are added to those above, or replace them. It waits up to `wait` seconds for one of
    its `connections`.
    """
    name = dialect_of(url)
    settings = SETTINGS[name] | dict(settings)
    options = " ".join(f"-c {setting}={value}" for setting, value in settings.items())
    connect_args = {"check_same_thread": False} if name == "sqlite" else {"options": options}
    engine = create_engine(
        url,
        hide_parameters=True,  # an error message must not tell what people wrote
        pool_pre_ping=name == "postgresql",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=wait,
        connect_args=connect_args,
    )
    if name == "sqlite":
        _set_up_sqlite(engine, settings)
    return engine


def _set_up_sqlite(engine: Engine, pragmas: Mapping[str, str]) -> None:
    """Set the pragmas, and begin transactions ourselves: Python's driver begins them too late."""
    statement = "BEGIN DEFERRED" if pragmas.get("query_only") == "ON" else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _: object) -> None:
        dbapi_connection.isolation_level = None
        for name, value in pragmas.items():
            dbapi_connection.execute(f"PRAGMA {name} = {value}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)


class Database:
    """The two kinds of session.

    `read()` cannot write: the database refuses. `write()` is alone on SQLite, from its first
    statement on: the one writing connection of the process is the lock, where threads wait in
    turn; other processes wait for SQLite's own. On PostgreSQL several write at once: see `locked`.
    """

    def __init__(self, url: str, wait: float = 10, **settings: str) -> None:
        name = dialect_of(url)
        readers, writers = CONNECTIONS[name]
        read_only = {READ_ONLY[name]: "ON"}
        self._reading = make_engine(url, settings | read_only, readers, wait)
        self._writing = make_engine(url, settings, writers, wait)
        self.read = sessionmaker(self._reading, expire_on_commit=False, info={"read_only": True})
        self.write = sessionmaker(self._writing, expire_on_commit=False)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writing.dialect.name

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """To read one state of the whole database, row by row, while others write on.

        A connection of its own, which nothing hurries: close it soon, for nothing that is erased
        meanwhile leaves the files of the database.
        """
        name, url = self.dialect, self._writing.url
        settings = UNHURRIED[name] | {READ_ONLY[name]: "ON"}
        engine = make_engine(url.render_as_string(hide_password=False), settings)
        if name == "postgresql":  # SQLite's transactions read one state by themselves
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            with engine.begin() as connection:
                yield connection.execution_options(yield_per=READ_AT_ONCE)
        finally:
            engine.dispose()

    @contextmanager
    def filling(self) -> Iterator[Session]:
        """One transaction that writes whole tables, and that nothing hurries."""
        name, url = self.dialect, self._writing.url
        engine = make_engine(url.render_as_string(hide_password=False), UNHURRIED[name])
        try:
            with Session(engine, expire_on_commit=False) as db, db.begin():
                yield db
        finally:
            engine.dispose()

    def scrub(self, tables: Sequence[str]) -> None:
        """Have nothing left, in the files of the database, of what was erased from these tables.

        SQLite overwrites as it erases: its log is copied back and cut off. PostgreSQL writes the
        tables anew, each under a lock that waits 10 s at most, once nobody reads a state of before:
        for them it would keep what was erased. (Its own log, replicas, archives and slots are the
        operator's.) Raises OperationalError when somebody is in the way: try again.
        """
        name = self.dialect
        engine = make_engine(
            self._writing.url.render_as_string(hide_password=False), UNHURRIED[name]
        )
        connection = engine.raw_connection()
        driver: Any = connection.driver_connection
        try:
            if name == "sqlite":
                busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:
                    raise OperationalError("wal_checkpoint", {}, sqlite3.OperationalError("busy"))
                return
            driver.autocommit = True
            _wait_for_readers(driver)
            for table in tables:
                _write_anew(driver, table)
        finally:
            connection.close()
            engine.dispose()

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        self._reading.dispose()
        self._writing.dispose()


def _wait_for_readers(driver: Any) -> None:
    """Wait until all that is seen to go on in this PostgreSQL began after all that is committed.

    Raises OperationalError after 10 s.
    """
    deadline = monotonic() + LOCK_WAIT
    (present,) = driver.execute("SELECT pg_current_xact_id()::text").fetchone()
    while driver.execute(OLDER_READERS, [present]).fetchone() != (0,):
        _wait_a_little(deadline)


def _write_anew(driver: Any, table: str) -> None:
    """Write a table anew until PostgreSQL says that no erased row was kept for somebody.

    For no view shows who is just connecting, nor a transaction that was prepared, nor a replica.
    Raises OperationalError when it still did after 10 s.
    """
    kept: list[int] = []

    def heed(notice: Any) -> None:
        if told := KEPT.match(notice.message_detail or ""):
            kept.append(int(told[0]))

    driver.add_notice_handler(heed)
    try:
        driver.execute(f'VACUUM (FULL, VERBOSE) "{table}"')
        deadline = monotonic() + LOCK_WAIT
        while any(kept):
            kept.clear()
            _wait_a_little(deadline)
            driver.execute(f'VACUUM (FULL, VERBOSE) "{table}"')
    finally:
        driver.remove_notice_handler(heed)


def _wait_a_little(deadline: float) -> None:
    if monotonic() > deadline:
        busy = TimeoutError("somebody reads a state of the database of before")
        raise OperationalError("VACUUM", {}, busy)
    sleep(0.05)


def locked(db: Session, rows: Select[Row]) -> Select[Row]:
    """`rows`, which nobody else changes until the commit when the session may write.

    So what is read, decided and written is one step. Foreign keys to these rows are still free.
    """
    return rows if db.info.get("read_only") else rows.with_for_update(key_share=True)


def kept_as_it_is(db: Session, rows: Select[*Rows]) -> Select[*Rows]:
    """`rows`, which may be referred to until the commit: whoever would change them waits.

    Several may refer to one at once.
    """
    return rows if db.info.get("read_only") else rows.with_for_update(read=True)


def insert_new(db: Session, model: type[DeclarativeBase], **values: Any) -> bool:
    """Insert a row, unless one of its unique keys is taken already; whether it was inserted.

    On PostgreSQL it waits for the end of a transaction which inserts the same key.
    """
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[db.get_bind().dialect.name]
    insert = dialect.insert(model.__table__).values(values).on_conflict_do_nothing()
    inserted = insert.returning(model.__table__.c.id)
    return db.connection().execute(inserted).first() is not None


def rows_of(db: Session, statement: Select[*Rows], **parameters: Any) -> Sequence[Any]:
    """The rows of a statement that was built once, with its parameters left open.

    They are no entities, so that the session has nothing to do; what it holds is written first.
    """
    db.flush()
    return db.connection().execute(statement, parameters).all()
