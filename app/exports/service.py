"""What can be done with exports: make one, which is audited before its first byte."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.accounts.service import account_of
from app.audit.service import record
from app.codebook.exchange import written
from app.codebook.schemas import Format as CodebookFormat
from app.core.db import Database
from app.core.problems import Invalid
from app.exports import watermark
from app.exports.datasets import Dataset
from app.exports.formats import Csv, JsonLines, Writer
from app.exports.ids import ids_for
from app.exports.models import Export
from app.exports.rows import Rows
from app.exports.schemas import CodebookExport, Format, PackExport, ProjectExport, Whole
from app.exports.streaming import Streaming
from app.exports.workbook import Sheet, Xlsx
from app.schemes.models import Scheme
from app.schemes.service import require_scheme

QDC = CodebookFormat.QDC
QDPX = "qdpx"
PACK, ZIP = "evaluation-pack", "zip"
LISTED = 1000  # anomalies whose id a workbook tells; every one is a row


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
    scheme = _scheme_of(db, filters, by)
    told = {"scheme_id": str(scheme.id)}
    export = _made(db, "codebook", QDC, purpose, told, by)
    content = written(db, scheme.id, QDC, ",")
    record(db, "export.finished", on=export, by=by, sha256=sha256(content).hexdigest())
    return export, content


def make_project(
    db: Session, filters: ProjectExport, purpose: str | None, by: Caller
) -> tuple[Export, Scheme]:
    """Record that `by` exports all of a scheme for coding software, and why.

    Raises Invalid when no reason or no scheme is given, or there is no such scheme.
    """
    scheme = _scheme_of(db, filters, by)
    told = {"scheme_id": str(scheme.id), "media": filters.media}
    return _made(db, "project", QDPX, purpose, told, by), scheme


def make_pack(
    db: Session, filters: PackExport, purpose: str | None, by: Caller
) -> tuple[Export, Scheme]:
    """Record that `by` exports all that an evaluation of a scheme needs, and why.

    Raises Invalid when no reason or no scheme is given, or there is no such scheme. Ids that are
    the same in several exports need a right of their own.
    """
    scheme = _scheme_of(db, filters, by, follows=filters.follow_up)
    told = {"scheme_id": str(scheme.id)}
    return _made(db, PACK, ZIP, purpose, told, by, filters.follow_up), scheme


def _scheme_of(
    db: Session,
    filters: CodebookExport | ProjectExport | PackExport,
    by: Caller,
    *,
    follows: bool = False,
) -> Scheme:
    """The scheme that `by` may export all of. Raises Invalid when there is no such scheme."""
    by.require(Permission.EXPORT)
    if not filters.scheme_id:
        raise Invalid.at("#/scheme_id", "scheme_needed")
    if follows:
        by.require(Permission.FOLLOW_UP)
    require_scheme(db, filters.scheme_id)
    return db.get_one(Scheme, filters.scheme_id)


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
        values = dataset.values(db, column)
        told = {n: getattr(column, n) for n in ("name", "label_fr", "label_en", "type", "unit")}
        columns.append(told | {"values": values, "source": dataset.source(column)})
    return {"dataset": dataset.name, "columns": columns}


class Stream(Streaming):
    """A dataset in a format."""

    def __init__(self, database: Database, export: Export, asked: Asked, by: Caller) -> None:
        super().__init__(database, export, by)
        self.asked = asked
        self._unreadable: list[str] = []
        self._writer = self._of_format()
        self._exported = ids_for(export, by)
        about = asked.dataset, asked.filters, by, self._exported, self._writer
        self._rows = Rows(database, *about, self._report)

    @property
    def media_type(self) -> str:
        return self._writer.media_type

    def written(self) -> Generator[bytes]:
        return self._writer.written(self._rows.tables())

    def facts(self) -> dict[str, Any]:
        return {"rows": self._rows.rows, "anomalies": self._rows.anomalies}

    def _of_format(self) -> Writer:
        asked = self.asked
        columns = asked.dataset.columns
        if asked.format is Format.XLSX:
            properties = watermark.properties(asked.dataset.name, self.export)
            return Xlsx(columns, self._closing, properties)
        if asked.format is Format.JSONL:
            return JsonLines(columns)
        return Csv(columns, delimiter_for(asked.language))

    def _report(self, exported: str) -> None:
        if len(self._unreadable) < LISTED:
            self._unreadable.append(exported)

    def _closing(self) -> Sequence[Sheet]:
        """The sheets that follow the rows of a workbook."""
        dataset = self.asked.dataset
        with self.database.read() as db:
            columns = dictionary(db, dataset)
            filters = {n: self._told(db, n, v) for n, v in self.asked.filters.asked().items()}
        about = watermark.about(dataset.name, self.export, filters, self.facts(), self._unreadable)
        return [watermark.dictionary(columns), about]

    def _told(self, db: Session, name: str, asked: Any) -> Any:
        """A filter as the file tells it: beside ids that mean nothing there is no real one."""
        if isinstance(asked, list):
            return [self._told(db, name, value) for value in asked]
        if not isinstance(asked, UUID):
            return str(asked)
        scheme = db.get(Scheme, asked) if name == "scheme_id" else None
        return scheme.code if scheme else self._exported(asked)


def delimiter_for(language: str) -> str:
    """What stands between cells: what the spreadsheets of this language want."""
    return ";" if language == "fr" else ","
