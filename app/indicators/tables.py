"""Every indicator in one shape: tables of rows, which become a spreadsheet or a picture.

A `Table` says where its rows are in the answer, by what they are told, and what of them is drawn.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

from sqlalchemy.orm import Session

from app.core.cells import harmless
from app.core.figures import SUPPRESSED
from app.indicators.words import (
    ALL,
    CODES,
    DIMENSIONS,
    MEASURES,
    NOT_TOLD,
    UNKNOWN,
    levels,
    names,
)

BOM = "\ufeff"
LEVEL, TERRITORY = "territory_level", "territory"
MOST = 3  # coordinates of a row
HEADER = (
    "table",
    *(f"{part}_{n}" for n in range(1, MOST + 1) for part in ("dimension", "code", "label")),
    *("measure", "measure_label", "value", "suppressed"),
    LEVEL,
)
Row = Mapping[str, Any]
Coded = Callable[[str, str], str]


@dataclass(frozen=True)
class Table:
    """Rows found under `name`, told by these dimensions; without a name the answer is the row.

    Null instead of rows, which is what somebody may not see, is a table without any.

    `drawn` are the measures that a picture shows: a share and the count it is of; or several counts
    beside the first of them.
    """

    name: str
    title: str  # without one, what is counted and by what
    by: Sequence[str]
    measures: Sequence[str]
    drawn: Sequence[str] = ()

    @property
    def has_targets(self) -> bool:
        """Whether its rows are what was wanted; none of them is a sum."""
        return TARGET in self.measures


@dataclass(frozen=True)
class Indicator:
    """An indicator as it is told in French."""

    title: str
    tables: Sequence[Table]


TARGET = "target"  # what a table beside targets measures
COUNTED = ("count", "share")
ASSESSED = (*COUNTED, "assessed")
RECEIVED = (
    *("deliveries", "opened", "acknowledged", "answered", "reactions", "rated"),
    *("mean_form_rating", "understood_said", "understood_share"),
    *("surprised_said", "surprised_share"),
    *(name for name in MEASURES if name.startswith("commitment_")),
)
OVERUSED = Table(
    "overused", "Voix trop présentes", ("witness",), ("bundles", "passages", "largest_share")
)
INDICATORS = {
    "counts": Indicator(
        "Combien de paroles",
        [Table("cells", "", (), COUNTED, COUNTED)],
    ),
    "balance": Indicator(
        "Pratiques et ressentis",
        [
            Table("totals", "Totaux", ("of", "month"), ("count",)),
            Table("cells", "Natures", ("of", "month", "nature"), COUNTED, COUNTED),
        ],
    ),
    "coverage": Indicator(
        "Qui a été entendu, et qui manque",
        [
            Table("", "Ensemble", (), ("witnesses", "testimonies")),
            Table(
                "cells",
                "Témoins entendus",
                ("role", "territory"),
                (TARGET, "witnesses", "testimonies", "gap"),
                ("witnesses", TARGET),
            ),
            Table("missing", "Personne n'a été entendu", ("role", "territory"), (TARGET,)),
            OVERUSED,
        ],
    ),
    "methods": Indicator(
        "Ce que chaque méthode a recueilli",
        [
            Table("", "Ensemble", (), ("testimonies", "assessed")),
            Table("methods", "Méthodes", ("method",), ASSESSED, COUNTED),
            Table("roles", "Rôles", ("role",), ASSESSED, COUNTED),
            Table("methods_by_role", "Rôles de chaque méthode", ("method", "role"), COUNTED),
            Table("candor", "Liberté de parole", ("level",), COUNTED, COUNTED),
            Table(
                "candor_by_method",
                "Liberté de parole selon la méthode",
                ("method", "level"),
                COUNTED,
                COUNTED,
            ),
            Table(
                "candor_by_role",
                "Liberté de parole selon le rôle",
                ("role", "level"),
                COUNTED,
                COUNTED,
            ),
        ],
    ),
    "reception": Indicator(
        "Quelle forme touche qui",
        [
            Table(
                "cells",
                "Envois et réponses",
                ("form", "audience"),
                RECEIVED,
                ("deliveries", "opened", "acknowledged", "answered"),
            ),
        ],
    ),
    "loop": Indicator(
        "Ce qui est revenu aux témoins",
        [
            Table("", "Ensemble", (), ("witnesses",)),
            Table("stages", "Témoins dont les mots sont publiés", ("stage",), COUNTED, COUNTED),
        ],
    ),
    "voices": Indicator(
        "Quelles voix sont citées",
        [
            Table("", "Ensemble", (), ("witnesses",)),
            Table(
                "summaries",
                "Concentration",
                ("of",),
                ("heard", "quoted", "passages", "top_share", "gini"),
            ),
            Table(
                "bands", "Combien de fois les voix sont citées", ("of", "band"), COUNTED, COUNTED
            ),
            OVERUSED,
        ],
    ),
}


@dataclass(frozen=True)
class Told:
    """A row: what its coordinates are called, and its measures."""

    codes: Sequence[str]
    labels: Sequence[str]
    values: Row


def told(db: Session, name: str, found: Row) -> Iterator[tuple[Table, list[Told]]]:
    """The tables of this indicator and their rows, in the order of what they are called."""
    for table in INDICATORS[name].tables:
        by = table.by or (tuple(found.get("by", ())) if table.name else ())
        rows = (found[table.name] or ()) if table.name else [found]
        asked = replace(table, by=by)
        yield asked, _called(db, asked, [_flat(row, by) for row in rows])


def _flat(row: Row, by: Sequence[str]) -> Row:
    """The row by the names of its dimensions and measures alone."""
    flat = dict(row) | dict(zip(by, row.get("keys", ()), strict=False))
    flat |= {name.removesuffix("_id"): flat[name] for name in row if name.endswith("_id")}
    flat |= {f"commitment_{code}": many for code, many in row.get("commitments", {}).items()}
    return flat


def _called(db: Session, table: Table, rows: Sequence[Row]) -> list[Told]:
    codes = [["" if row[name] is None else str(row[name]) for name in table.by] for row in rows]
    known = [
        _with_nothing(table, name, names(db, name, {c[i] for c in codes} - {""}))
        for i, name in enumerate(table.by)
    ]
    places = [{code: place for place, code in enumerate(called)} for called in known]
    found = [
        Told(own, [called[code] for called, code in zip(known, own, strict=True)], row)
        for own, row in zip(codes, rows, strict=True)
    ]
    return sorted(found, key=lambda t: [p[code] for p, code in zip(places, t.codes, strict=True)])


def _with_nothing(table: Table, name: str, called: dict[str, str]) -> dict[str, str]:
    """And a coordinate without a code: all of them, first; where nothing is a sum, the unknown."""
    if name == "witness":
        return {"": "—"} | called
    return called | {"": NOT_TOLD} if table.has_targets else {"": ALL} | called


def as_it_is(_: str, code: str) -> str:
    """A code of a dimension as we know it."""
    return code


def _told_of(by: str, code: str, label: str, coded: Coded) -> tuple[str, str, str]:
    """A dimension, its code and its label; without a name of its own, the code as it is told."""
    told = coded(by, code)
    return by, told, told if label == code else label


def written(db: Session, name: str, found: Row, delimiter: str, coded: Coded = as_it_is) -> bytes:
    """All tables of an indicator as CSV (RFC 4180): a line for each measure of each row.

    Codes are told as `coded` tells them: ids of ours may have to stay here.
    """
    file = StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(HEADER)
    for table, rows in told(db, name, found):
        level_of = _levels(db, table, rows)
        for row in rows:
            of = zip(table.by, row.codes, row.labels, strict=True)
            each = (_told_of(by, code, label, coded) for by, code, label in of)
            where = [harmless(cell) for cells in each for cell in cells]
            where += [""] * (3 * MOST - len(where))
            for measure in table.measures:
                value = row.values[measure]
                hidden = value == SUPPRESSED
                cells = ["" if hidden or value is None else value, "true" if hidden else "false"]
                cells.append(level_of(row))
                writer.writerow([table.name, *where, measure, MEASURES[measure], *cells])
    return (BOM + file.getvalue()).encode()


def _levels(db: Session, table: Table, rows: Sequence[Told]) -> Callable[[Told], str]:
    """Tells the level of the territory that a row is of; of none, nothing."""
    if TERRITORY not in table.by:
        return lambda _: ""
    place = table.by.index(TERRITORY)
    known = levels(db, {row.codes[place] for row in rows} - {"", UNKNOWN})
    return lambda row: known.get(row.codes[place], "")


def title_of(table: Table, found: Row) -> str:
    """« Témoignages par rôle et mois », where a table has no title of its own."""
    if table.title:
        return table.title
    return f"{CODES['of'][found['of']]} par {' et '.join(DIMENSIONS[name] for name in table.by)}"
