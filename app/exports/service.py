"""What can be done with exports: make one, which is audited before its first byte."""

import hmac
import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.accounts.service import account_of
from app.audit.service import record
from app.codebook.exchange import written
from app.codebook.schemas import Format as CodebookFormat
from app.core.db import Database
from app.core.keys import derive, load_key
from app.core.problems import Invalid
from app.core.settings import settings
from app.exports import watermark
from app.exports.columns import Batch, Column, nothing
from app.exports.datasets import UNREADABLE, Dataset
from app.exports.formats import Csv, JsonLines, Table, Writer
from app.exports.models import Export
from app.exports.queries import permits
from app.exports.reading import Read, batches
from app.exports.schemas import CodebookExport, Format, ProjectExport, Whole
from app.exports.workbook import Sheet, Xlsx
from app.schemes.models import Scheme, Term
from app.schemes.service import require_scheme

QDC = CodebookFormat.QDC
QDPX = "qdpx"
KNOWN_IDS = 10_000  # remembered, so that a workshop's is computed once
LISTED = 1000  # anomalies whose id a workbook tells; every one is a row
log = structlog.get_logger("app.exports")


@dataclass(frozen=True)
class Asked:
    """What is exported, how, and why."""

    dataset: Dataset
    format: Format
    filters: Whole
    purpose: str | None
    language: str


def make(db: Session, asked: Asked, by: Caller) -> Export:
    """Record that `by` exports this, and why. Raises Invalid when no reason is given.

    Ids that are the same in several exports need a right of their own.
    """
    by.require(Permission.EXPORT)
    for name in asked.filters.paging:
        raise Invalid.at(f"#/{name}", "not_paged")
    follows = asked.filters.follow_up
    if follows:
        by.require(Permission.FOLLOW_UP)
    return _made(
        db, asked.dataset.name, asked.format, asked.purpose, asked.filters.told(), by, follows
    )


def make_codebook(
    db: Session, filters: CodebookExport, purpose: str | None, by: Caller
) -> tuple[Export, bytes]:
    """The codebook of a scheme, as REFI-QDA; that `by` exports it, and why, is recorded first.

    Raises Invalid when no reason or no scheme is given, or there is no such scheme.
    """
    by.require(Permission.EXPORT)
    if not filters.scheme_id:
        raise Invalid.at("#/scheme_id", "scheme_needed")
    require_scheme(db, filters.scheme_id)
    told = {"scheme_id": str(filters.scheme_id)}
    export = _made(db, "codebook", QDC, purpose, told, by)
    content = written(db, filters.scheme_id, QDC, ",")
    record(db, "export.finished", on=export, by=by, sha256=sha256(content).hexdigest())
    return export, content


def make_project(
    db: Session, filters: ProjectExport, purpose: str | None, by: Caller
) -> tuple[Export, Scheme]:
    """Record that `by` exports all of a scheme for coding software, and why.

    Raises Invalid when no reason or no scheme is given, or there is no such scheme.
    """
    by.require(Permission.EXPORT)
    if not filters.scheme_id:
        raise Invalid.at("#/scheme_id", "scheme_needed")
    require_scheme(db, filters.scheme_id)
    told = {"scheme_id": str(filters.scheme_id), "media": filters.media}
    return _made(db, "project", QDPX, purpose, told, by), db.get_one(Scheme, filters.scheme_id)


def _made(
    db: Session,
    dataset: str,
    format_: str,
    purpose: str | None,
    filters: dict[str, Any],
    by: Caller,
    follows: bool = False,
) -> Export:
    if not purpose:
        raise Invalid.at("#/purpose", "purpose_needed")
    who = f"{account_of(db, by).display_name} ({watermark.WHO[by.role]})"
    export = Export(who, purpose, follows)
    about = {"dataset": dataset, "format": format_, "purpose": purpose, "filters": filters}
    followed = {"follow_up": True} if follows else {}
    record(db, "export.made", on=export, by=by, **about, **followed)
    return export


def dictionary(db: Session, dataset: Dataset) -> dict[str, Any]:
    """The columns of a dataset, and the values each may take now."""
    columns = []
    for column in dataset.columns:
        values = list(column.values)
        if column.vocabulary:
            terms = select(Term.code).where(Term.vocabulary == column.vocabulary)
            values = list(db.scalars(terms.order_by(Term.position, Term.code)))
        told = {n: getattr(column, n) for n in ("name", "label_fr", "label_en", "type", "unit")}
        columns.append(told | {"values": values or None, "source": dataset.source(column)})
    return {"dataset": dataset.name, "columns": columns}


class Stream:
    """The bytes of an export, in chunks: `start()`, iterate, and in any case `end()`.

    Ids are HMAC-SHA256, cut to 128 bits, with a key that nobody keeps: they are the same in this
    export, and elsewhere mean nothing. Those of an export that follows up have a key of its own
    for each account. Rows of a batch come in the order of these ids, so that their places tell
    nothing either.
    """

    def __init__(self, database: Database, export: Export, asked: Asked, by: Caller) -> None:
        self.database, self.export, self.asked, self.by = database, export, asked, by
        self.rows = self.anomalies = 0
        self._unreadable: list[str] = []
        self._writer = self._of_format()
        self._columns = [_shown_to(by, column) for column in asked.dataset.columns]
        self._names = asked.dataset.names
        self._restrictions = [self._names.index(name) for name in asked.dataset.restrictions]
        self._digest, self._is_whole = sha256(), False
        self._exported = lru_cache(KNOWN_IDS)(_ids(_key(export, by)))
        self._first: list[bytes] = []
        self._chunks = self._write()

    @property
    def media_type(self) -> str:
        return self._writer.media_type

    def start(self) -> "Stream":
        """Read the first batch: what fails now can still be told by a problem."""
        try:
            self._first = [next(self._chunks)]
        except BaseException:
            self.end()
            raise
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        yield from self._chunks

    def end(self) -> None:
        """Record how it ended: `export.finished`, or `export.aborted` before the last row."""
        self._chunks.close()
        action = "export.finished" if self._is_whole else "export.aborted"
        facts = {"rows": self.rows, "anomalies": self.anomalies, "sha256": self._digest.hexdigest()}
        with self.database.write.begin() as db:
            record(db, action, on=self.export, by=self.by, **facts)

    def _of_format(self) -> Writer:
        asked = self.asked
        columns = asked.dataset.columns
        if asked.format is Format.XLSX:
            properties = watermark.properties(asked.dataset.name, self.export)
            return Xlsx(columns, self._closing, properties)
        if asked.format is Format.JSONL:
            return JsonLines(columns)
        return Csv(columns, ";" if asked.language == "fr" else ",")  # what French spreadsheets want

    def _write(self) -> Generator[bytes]:
        with closing(self._writer.written(self._tables())) as chunks:
            for chunk in chunks:
                self._digest.update(chunk)
                yield chunk
        self._is_whole = True

    def _tables(self) -> Iterator[Table]:
        for rows in batches(self.database, self.asked.dataset, self.asked.filters):
            table = sorted(self._table(rows), key=lambda row: str(row[0]))
            self.rows += len(table)
            yield table

    def _closing(self) -> Sequence[Sheet]:
        """The sheets that follow the rows of a workbook."""
        dataset = self.asked.dataset
        with self.database.read() as db:
            columns = dictionary(db, dataset)
            filters = {n: self._told(db, n, v) for n, v in self.asked.filters.asked().items()}
        counts = {"rows": self.rows, "anomalies": self.anomalies}
        about = watermark.about(dataset.name, self.export, filters, counts, self._unreadable)
        return [watermark.dictionary(columns), about]

    def _told(self, db: Session, name: str, asked: Any) -> Any:
        """A filter as the file tells it: beside ids that mean nothing there is no real one."""
        if isinstance(asked, list):
            return [self._told(db, name, value) for value in asked]
        if not isinstance(asked, UUID):
            return str(asked)
        scheme = db.get(Scheme, asked) if name == "scheme_id" else None
        return scheme.code if scheme else self._exported(asked)

    def _table(self, rows: Sequence[Read]) -> list[tuple[Any, ...]]:
        """The cells of these rows. One that cannot be read is an anomaly, found by halving."""
        try:
            return self._cells(rows)
        except Exception as error:  # whatever is wrong with a row, the others leave
            if len(rows) > 1:
                middle = len(rows) // 2
                return self._table(rows[:middle]) + self._table(rows[middle:])
            return [self._anomaly(rows[0], error)]

    def _cells(self, rows: Sequence[Read]) -> list[tuple[Any, ...]]:
        for i in self._restrictions:
            rows = [row for row in rows if row[i] is None or permits(row[i])]
        read = dict(zip(self._names, zip(*rows, strict=True), strict=False))
        if not read:
            return []
        batch = Batch(read, self._exported)
        cells = self._writer.shown([column.of(batch) for column in self._columns])
        return list(zip(*cells, strict=True))

    def _anomaly(self, row: Read, error: Exception) -> tuple[Any, ...]:
        dataset = self.asked.dataset
        self.anomalies += 1
        exported = self._exported(row[0])
        if len(self._unreadable) < LISTED:
            self._unreadable.append(exported)
        log.warning(
            "unreadable row", dataset=dataset.name, id=str(row[0]), error=type(error).__name__
        )
        return (exported, *[None] * (len(dataset.columns) - 2), UNREADABLE)


def _shown_to(by: Caller, column: Column) -> Column:
    """The column; without its cells when they are not for this caller: headers stay as they are."""
    may = column.needs is None or column.needs in by.permissions
    return column if may else replace(column, of=nothing)


def _key(export: Export, by: Caller) -> bytes:
    """What ids are made with: kept nowhere, or the same in all that this account follows up."""
    if not export.is_followed:
        return secrets.token_bytes(32)
    return derive(load_key(settings().secret_key_path), f"export ids {by.id}")


def _ids(key: bytes) -> Any:
    def exported(real: Any) -> str:
        """Begins with a letter: spreadsheets would read some of them as numbers."""
        return "x" + hmac.digest(key, str(real).encode(), "sha256").hex()[:32]

    return exported
