"""The variables of a project: of sources, as the dataset of testimonies has them; and of cases.

Names are those of the columns of CSV exports, so that one dictionary explains both; those of cases
begin with `witness_`. Values are codes. What nobody knows has no value.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.authentication import Caller
from app.exports.columns import Batch, Column
from app.exports.datasets import TESTIMONIES, WITNESSES, Dataset
from app.exports.qda.guids import Guids
from app.exports.qda.xml import Xml
from app.exports.schemas import Type

BETWEEN = " | "  # the values of one variable
PARTS = ("media", "audiences", "forms", "purposes")  # of what limits words
OF_SOURCES = (
    *("roles", "age_bands", "territory", "method", "language", "recorded_on"),
    *("nature", "sector", "tags", "candor"),
)
OF_CASES = ("role", "age_band")
PREFIX = "witness_"
Told = Mapping[str, str | bool]


@dataclass(frozen=True)
class Limit:
    """A variable that no dataset has: what consent allows."""

    name: str
    label_fr: str
    label_en: str
    is_of_case: bool = False


LIMITS = (
    Limit(
        "restriction",
        "À quoi ces propos sont limités ; vide : à rien",
        "What these words are restricted to; empty: nothing",
    ),
    Limit(
        "protocol",
        "Ce que permet le protocole du groupe ; vide : aucun protocole",
        "What the group's protocol allows; empty: no protocol",
    ),
    Limit(
        "consent_until",
        "Dernier mois où ces propos peuvent être étudiés (AAAA-MM)",
        "Last month when these words may be studied (YYYY-MM)",
    ),
    Limit(
        f"{PREFIX}consent_until",
        "Dernier mois du consentement à l'étude (AAAA-MM)",
        "Last month of the consent to be studied (YYYY-MM)",
        is_of_case=True,
    ),
    Limit(
        f"{PREFIX}consents",
        "Ce que la personne permet : public/forme/usage: médias",
        "What the person allows: audience/form/purpose: media",
        is_of_case=True,
    ),
)


@dataclass(frozen=True)
class Variables:
    """What is told of sources and cases to this caller."""

    guids: Guids
    by: Caller

    def of_source(self, read: Mapping[str, Any]) -> dict[str, str | bool]:
        """The values of a testimony's row. Raises when one cannot be read."""
        return _values(_columns(TESTIMONIES, OF_SOURCES, self.by), read)

    def of_case(self, read: Mapping[str, Any]) -> dict[str, str | bool]:
        """The values of a witness's row."""
        found = _values(_columns(WITNESSES, OF_CASES, self.by), read)
        return {f"{PREFIX}{name}": value for name, value in found.items()}

    def write(self, xml: Xml) -> None:
        """The element `Variables`."""
        of_sources = _columns(TESTIMONIES, OF_SOURCES, self.by)
        of_cases = _columns(WITNESSES, OF_CASES, self.by)
        with xml.element("Variables"):
            self._write(xml, "title", "Titre", "Title")
            for column in of_sources:
                self._write(xml, column.name, column.label_fr, column.label_en, column)
            for column in of_cases:
                name = f"{PREFIX}{column.name}"
                self._write(xml, name, column.label_fr, column.label_en, column)
            for limit in LIMITS:
                self._write(xml, limit.name, limit.label_fr, limit.label_en)

    def _write(
        self, xml: Xml, name: str, label_fr: str, label_en: str, column: Column | None = None
    ) -> None:
        kind = "Boolean" if column and column.type is Type.BOOLEAN else "Text"
        about = {"guid": self.guids.of("variable", name), "name": name, "typeOfVariable": kind}
        told = f"{label_fr}\n{label_en}"
        if column and column.values:
            told += f"\n{BETWEEN.join(column.values)}"
        with xml.element("Variable", about):
            xml.leaf("Description", told)

    def write_values(self, xml: Xml, told: Told) -> None:
        """The elements `VariableValue`."""
        for name, value in told.items():
            with xml.element("VariableValue"):
                xml.leaf("VariableRef", about={"targetGUID": self.guids.of("variable", name)})
                if isinstance(value, bool):
                    xml.leaf("BooleanValue", "true" if value else "false")
                else:
                    xml.leaf("TextValue", value)


def limited(restriction: str | None) -> str:
    """A restriction, or what a protocol allows, in one line. Raises ValueError."""
    told = json.loads(restriction) if restriction else {}
    parts = ((name, told.get(name)) for name in PARTS)
    return "; ".join(f"{name}: {', '.join(codes)}" for name, codes in parts if codes is not None)


def _columns(dataset: Dataset, names: Iterable[str], by: Caller) -> Sequence[Column]:
    by_name = {column.name: column for column in dataset.columns}
    found = (by_name[name] for name in names)
    return [column for column in found if column.needs is None or column.needs in by.permissions]


def _values(columns: Sequence[Column], read: Mapping[str, Any]) -> dict[str, str | bool]:
    batch = Batch({name: [value] for name, value in read.items()}, _no_ids)
    return {
        column.name: shown
        for column in columns
        if (shown := _shown(column.of(batch)[0])) is not None
    }


def _shown(value: Any) -> str | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        return BETWEEN.join(part or "" for part in value) or None
    return str(value)


def _no_ids(real: Any) -> str:
    raise ValueError(f"A variable holds no id, of {type(real)} neither.")
