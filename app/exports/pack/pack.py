"""The bytes of a pack: each file goes into the archive as it is read.

What is kept in memory is the checksums, eight bytes of each testimony, excerpt and witness, a
number of each who spoke, and the figures.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.codebook.exchange import written as codebook
from app.codebook.schemas import Format as CodebookFormat
from app.core.cells import harmless
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt
from app.exports import leaving
from app.exports.datasets import DATASETS, Dataset
from app.exports.exclusions import KINDS, UNREADABLE, WHY, Exclusions
from app.exports.formats import BOM
from app.exports.ids import Seen, ids_for
from app.exports.models import Export
from app.exports.pack import absent, consents, figures, page, territories
from app.exports.pack.tally import Counted, Named, Tally
from app.exports.rows import Rows
from app.exports.schemas import (
    BundleExport,
    DecisionExport,
    ExcerptExport,
    PropositionExport,
    ReactionExport,
    ReleaseExport,
    TestimonyExport,
    ThemeExport,
    Whole,
    WitnessExport,
    WorkshopExport,
)
from app.exports.sending import Sending
from app.exports.service import delimiter_for, dictionary
from app.exports.watermark import HEADING
from app.testimonies.models import Testimony

FILTERS: dict[str, type[Whole]] = {
    "testimonies": TestimonyExport,
    "excerpts": ExcerptExport,
    "witnesses": WitnessExport,
    "workshops": WorkshopExport,
    "themes": ThemeExport,
    "decisions": DecisionExport,
    "reactions": ReactionExport,
    "propositions": PropositionExport,
    "bundles": BundleExport,
    "releases": ReleaseExport,
}
SINGULAR = dict(
    zip(
        FILTERS,
        (
            *("testimony", "excerpt", "witness", "workshop", "theme"),
            *("decision", "reaction", "proposition", "bundle", "release"),
        ),
        strict=True,
    )
)
TEXTS: dict[str, Any] = {"testimonies": Testimony.body, "excerpts": Excerpt.exact}
BYTES, BESIDE = 4, 2000  # at most: of a character, and of the other cells of a row
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Asked:
    """Of which scheme, and what readers' spreadsheets want."""

    scheme_id: UUID
    scheme: str
    language: str


class Pack(Sending):
    """An evaluation pack, written while it is sent."""

    def __init__(self, database: Database, export: Export, asked: Asked, by: Caller) -> None:
        super().__init__(database, export, by)
        self.asked = asked
        self._delimiter = delimiter_for(asked.language)
        with database.read() as db:
            self._territories = territories.read(db)
        self._exported = ids_for(export, by)
        self._seen = {name: Seen(self._exported) for name in ("testimonies", "excerpts")}
        self._seen["witnesses"] = Seen(self._exported)
        self._tally = Tally(self._territories.coarse)
        self._figures = figures.Figures(self._territories, self._exported, self._delimiter)
        self._exclusions = Exclusions(self.nameless(), self._delimiter, BOM)
        self._rows, self._anomalies = Counter[str](), Counter[str]()
        self._sums: list[str] = []

    def facts(self) -> dict[str, Any]:
        return {
            "rows": self._rows.total(),
            "datasets": dict(self._rows),
            "anomalies": self._anomalies.total(),
            "left_out": self._exclusions.facts(),
        }

    def entries(self) -> Iterator[bytes]:
        """What explains first, then data, then what is known of them."""
        has_figures = any(True for _ in figures.asked(self.asked.scheme_id, self.by))
        readme = page.readme(self.asked.scheme, self.export, DATASETS, has_figures)
        yield from self._file("LISEZMOI.txt", [(BOM + readme).encode()])
        yield from self._dictionary()
        yield from self._table("territoires.csv", self._territories.rows())
        yield from self._codebook()
        for dataset in DATASETS.values():
            yield from self._data(dataset)
        yield from self._consents()
        self._leave_out()
        yield from self._file("exclusions.csv", self._exclusions.list())
        yield from self._table("exclusions-totaux.csv", self._totals())
        yield from self._indicators()
        yield from self._method()
        yield from self._archive.add_chunks(SUMS, ["".join(self._sums).encode()])

    # Files

    def _file(self, name: str, chunks: Iterable[bytes], size: int = 0) -> Iterator[bytes]:
        """A file of these chunks, whose checksum is told in the end."""
        digest = sha256()

        def summed() -> Iterator[bytes]:
            for chunk in chunks:
                digest.update(chunk)
                yield chunk

        yield from self._archive.add_chunks(name, summed(), size)
        self._sums.append(f"{digest.hexdigest()}  {name}\n")
        yield self._archive.taken()

    def _table(self, name: str, rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
        """A short table."""
        file = StringIO(newline="")
        told = ([harmless(str(cell)) for cell in row] for row in rows)
        csv.writer(file, delimiter=self._delimiter).writerows(told)
        yield from self._file(name, [(BOM + file.getvalue()).encode()])

    def _dictionary(self) -> Iterator[bytes]:
        with self.database.read() as db:
            told = [dictionary(db, dataset) for dataset in DATASETS.values()]
        content = json.dumps(told, ensure_ascii=False, indent=1).encode()
        yield from self._file("dictionnaire.json", [content])
        rows = [
            [each["dataset"], *(_cell(column[name]) for name in HEADING)]
            for each in told
            for column in each["columns"]
        ]
        yield from self._table("dictionnaire.csv", [("dataset", *HEADING), *rows])

    def _codebook(self) -> Iterator[bytes]:
        for format_ in CodebookFormat:
            with self.database.read() as db:
                content = codebook(db, self.asked.scheme_id, format_, self._delimiter)
            yield from self._file(f"codebook.{format_}", [content])

    # Data

    def _data(self, dataset: Dataset) -> Iterator[bytes]:
        name = dataset.name

        def heed(cells: Named) -> None:
            self._tally.add(name, cells)
            self._see(name, cells["id"])

        def report(exported: str) -> None:
            self._see(name, [exported])
            self._exclusions.add(SINGULAR[name], exported, UNREADABLE)

        filters = FILTERS[name](scheme_id=self.asked.scheme_id)  # type: ignore[call-arg]
        writer = Counted(dataset.columns, self._delimiter, heed)
        rows = Rows(self.database, dataset, filters, self.by, self._exported, writer, report)
        with self.database.read() as db:
            size = self._size(db, name)
        for chunk in self._file(f"donnees/{name}.csv", writer.written(rows.tables()), size):
            self._rows[name], self._anomalies[name] = rows.rows, rows.anomalies
            yield chunk

    def _see(self, name: str, exported: Iterable[str]) -> None:
        if name in self._seen:
            self._seen[name].add(exported)

    def _size(self, db: Session, name: str) -> int:
        """At most how many bytes a table has: zips must know beforehand which entry is huge."""
        if (text := TEXTS.get(name)) is None:
            return 0
        rows = select(func.count(), func.coalesce(func.sum(func.length(text)), 0))
        scheme_id = text.class_.scheme_id
        [(many, letters)] = db.execute(rows.where(scheme_id == self.asked.scheme_id))
        return int(letters) * BYTES + int(many) * BESIDE

    # What is known of them

    def _consents(self) -> Iterator[bytes]:
        with self.database.read() as db:
            rows = list(consents.rows(db, self.asked.scheme_id, now()))
        self._anomalies["consents"] = sum(1 for row in rows if UNREADABLE in row)
        yield from self._table("consentements.csv", rows)

    def _leave_out(self) -> None:
        """List what is not there, in the order of the ids of this export."""
        scheme_id, seen = self.asked.scheme_id, self._seen
        for kind, found in (
            ("testimony", leaving.left_out(self.database, scheme_id, seen["testimonies"])),
            (
                "excerpt",
                absent.of_excerpts(self.database, scheme_id, seen["testimonies"], seen["excerpts"]),
            ),
            ("witness", absent.of_witnesses(self.database, scheme_id, seen["witnesses"])),
        ):
            for reasons in found:
                told = sorted((self._exported(real), str(reason)) for real, reason in reasons)
                for exported, reason in told:
                    self._exclusions.add(kind, exported, reason)

    def _totals(self) -> Iterator[Sequence[Any]]:
        yield "kind", "kind_label", "reason", "reason_label", "count"
        for kind, reasons in self._exclusions.facts().items():
            for reason, many in reasons.items():
                yield kind, KINDS[kind], reason, WHY[reason], many

    def _indicators(self) -> Iterator[bytes]:
        for indicator, name, find in figures.asked(self.asked.scheme_id, self.by):
            with self.database.read() as db:
                files = self._figures.files(db, indicator, name, find(db))
            for file, content in files.items():
                yield from self._file(f"indicateurs/{file}", [content])

    def _method(self) -> Iterator[bytes]:
        about = self.asked.scheme, self.export, self._tally, self._figures
        counts = self._rows, self._anomalies, self._exclusions.facts()
        with self.database.read() as db:
            content = page.method(db, page.Written(*about, *counts))
        yield from self._file("methode.html", [content.encode()])


def _cell(value: Any) -> str:
    return "|".join(value) if isinstance(value, list) else value or ""
