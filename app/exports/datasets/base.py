"""What datasets are made of: rows, what is read of each, and the columns that several have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, String, Text, cast, select
from sqlalchemy.orm import Session

from app.core.pages import Order
from app.exports.columns import (
    Column,
    as_read,
    each,
    exported_id,
    exported_ids,
    made,
    month,
    none_each,
    nothing,
)
from app.exports.schemas import Type
from app.exports.workbook import TRUNCATED
from app.places.models import Level, Territory
from app.schemes.models import Scheme, Term
from app.testimonies.models import Nature

UNREADABLE = "unreadable"
CUTTABLE = {Type.TEXT, Type.TEXTS, Type.CODES, Type.IDS}  # what may be too long for a cell


@dataclass(frozen=True)
class Dataset:
    """A dataset. `rows` are those that pass filters and may leave at a moment, in `order`.

    `reads` gives names to what is read of a row, `id` first, `reads_at` to what
    is read of it at that moment; `restrictions` are the names of those
    that Python asks, for they are JSON.
    """

    name: str
    rows: Callable[[Any, datetime], Select[Any]]
    order: Order
    reads: Mapping[str, SQLColumnExpression[Any]]
    columns: tuple[Column, ...]
    restrictions: tuple[str, ...] = ()
    reads_at: Mapping[str, Callable[[datetime], SQLColumnExpression[Any]]] = field(
        default_factory=dict
    )

    def source(self, column: Column) -> str:
        """Where the cells of a column come from: a list of the API and its field, then the rule."""
        field = f"{self.name}.{column.name}" if column.field is None else column.field
        return " : ".join(filter(None, (field, column.rule)))

    def values(self, db: Session, column: Column) -> list[str] | None:
        """The only values that a column takes now; None when any is possible."""
        if column.name == TRUNCATED:
            return [each.name for each in self.columns if each.type in CUTTABLE and each != column]
        if column.listed is not None:
            return list(db.scalars(select(column.listed).distinct().order_by(column.listed)))
        if not column.vocabularies:
            return list(column.values) or None
        terms = select(Term.vocabulary, Term.code).order_by(Term.position, Term.code)
        found = db.execute(terms.where(Term.vocabulary.in_(column.vocabularies))).all()
        named = [code for name in column.vocabularies for where, code in found if where == name]
        return list(dict.fromkeys(named))

    @property
    def names(self) -> list[str]:
        """The names of all that is read of a row, in their order."""
        return [*self.reads, *self.reads_at]


def day_of(column: Any) -> ColumnElement[Any]:
    """The text of a date or moment: a wrong one must not stop the reading of the others."""
    return cast(column, String)


def json_of(column: Any) -> ColumnElement[Any]:
    """The text of a JSON column, likewise."""
    return cast(column, Text)


def code(name: str, label_fr: str, label_en: str, vocabulary: str, **source: Any) -> Column:
    """One of the codes of a vocabulary."""
    of = as_read(name)
    return Column(name, label_fr, label_en, Type.CODE, of, vocabularies=(vocabulary,), **source)


def text(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    """What people wrote."""
    return Column(name, label_fr, label_en, Type.TEXT, as_read(name), **source)


def yes(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    """Whether it is so."""
    return Column(name, label_fr, label_en, Type.BOOLEAN, as_read(name), **source)


def one_of(name: str, label_fr: str, label_en: str, codes: type[StrEnum], **source: Any) -> Column:
    """One of these codes."""
    of = as_read(name)
    return Column(name, label_fr, label_en, Type.CODE, of, values=tuple(codes), **source)


def id_of(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    """An id, as the export tells it."""
    source = {"rule": CODED} | source
    return Column(name, label_fr, label_en, Type.ID, exported_id(name), **source)


def month_of(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    """The month of a day."""
    source = {"rule": MONTHLY} | source
    of = made(name, month)
    return Column(name, label_fr, label_en, Type.MONTH, of, unit="YYYY-MM", **source)


def count(name: str, label_fr: str, label_en: str, unit: str, **source: Any) -> Column:
    """How many of this unit."""
    return Column(name, label_fr, label_en, Type.INTEGER, as_read(name), unit=unit, **source)


def ids_that_leave(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    """Ids of what may leave."""
    return Column(name, label_fr, label_en, Type.IDS, exported_ids(name), **source)


CODED = "remplacé par son code dans cet export"
MONTHLY = "au mois"
SCHEME = Column(
    "scheme",
    "Dispositif",
    "Scheme",
    Type.CODE,
    as_read("scheme"),
    listed=Scheme.code,
    field="schemes.code",
)
TERRITORY = Column(
    "territory",
    "Territoire (code INSEE)",
    "Territory (INSEE code)",
    Type.CODE,
    as_read("territory"),
    listed=Territory.code,
    field="territories.code",
)
LEVEL = Column(
    "territory_level",
    "Niveau du territoire : une région peut avoir le code d'un département",
    "Level of the territory: a region may have the code of a department",
    Type.CODE,
    as_read("territory_level"),
    values=tuple(Level),
    field="territories.level",
)
METHOD = code("method", "Méthode de recueil", "Method of collection", "methods")
METHOD_OF_TESTIMONY = replace(METHOD, field="testimonies.method")
SECTOR = code("sector", "Secteur d'activité", "Sector", "sectors")
RECORDED = month_of(
    "recorded_on", "Mois du recueil", "Month of recording", field="testimonies.recorded_on"
)
NATURE = one_of("nature", "Nature des propos", "Nature", Nature)
THEMES = Column(
    "themes",
    "Thèmes",
    "Themes",
    Type.TEXTS,
    each("themes"),
    field="themes.name",
    rule="dans l'ordre où ils sont donnés",
)
CUT = Column(
    TRUNCATED,
    "Colonnes coupées dans cette ligne : trop longues pour une cellule d'Excel",
    "Columns cut in this row: too long for a cell of Excel",
    Type.CODES,
    none_each,
    field="",
    rule="noms des colonnes dont le classeur coupe la cellule ; vide en csv et jsonl, qui ont tout",
)
ANOMALY = Column(
    "anomaly",
    "Anomalie : la ligne n'a pas pu être lue, seul son identifiant est là",
    "Anomaly: the row could not be read, only its id is here",
    Type.CODE,
    nothing,
    values=(UNREADABLE,),
    field="",
    rule="la ligne enregistrée ne se lit pas, le reste de la ligne est vide",
)
