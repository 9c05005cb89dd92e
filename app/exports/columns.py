"""The columns of a dataset: each says what it is called, what it holds, and how it is computed.

Cells are computed a batch and a column at a time, which costs far less than a row at a time.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

from app.accounts.permissions import Permission
from app.exports.queries import read_children
from app.exports.schemas import Type
from app.witnesses.ages import BANDS, OLDEST_OF_BAND, YOUNGEST

Cells: TypeAlias = Sequence[Any]
Children: TypeAlias = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Batch:
    """Rows read at once: what was read of each, by its name; and the ids of this export."""

    read: Mapping[str, Cells]
    exported: Callable[[Any], str]
    _children: dict[str, list[Children]] = field(default_factory=dict)

    def children(self, name: str) -> list[Children]:
        """The values of each child of each row, read once: several columns are of one kind."""
        if (found := self._children.get(name)) is None:
            found = self._children[name] = [read_children(text) for text in self.read[name]]
        return found


@dataclass(frozen=True)
class Column:
    """A column: header, dictionary and cells come from here, so that they cannot differ.

    `of` gives a cell for each row of a batch, None where nothing is known. The values possible are
    `values`, the terms of `vocabularies`, or what `listed` holds, a column of a database; without
    them, any. Who has not the permission that it `needs` gets it empty.

    It comes from `field`, a list of the API and what it tells there (None: the list and the name
    are those of the dataset and the column; empty: none), by the `rule`, in French, when there is
    one.
    """

    name: str
    label_fr: str
    label_en: str
    type: Type
    of: Callable[[Batch], Cells]
    unit: str | None = None
    values: Sequence[str] = ()
    vocabularies: Sequence[str] = ()
    listed: Any = None
    needs: Permission | None = None
    field: str | None = None
    rule: str = ""


# How cells are computed, from what was read under a name


def as_read(name: str) -> Callable[[Batch], Cells]:
    """What was read."""
    return lambda batch: batch.read[name]


def made(name: str, tell: Callable[[Any], Any]) -> Callable[[Batch], Cells]:
    """What `tell` makes of what was read; nothing of nothing."""
    return lambda batch: [None if v is None else tell(v) for v in batch.read[name]]


def exported_id(name: str) -> Callable[[Batch], Cells]:
    """The id that stands for a real one, in this export alone."""
    return lambda batch: [None if v is None else batch.exported(v) for v in batch.read[name]]


def each(name: str, position: int = 0) -> Callable[[Batch], Cells]:
    """One value of each child of the row."""
    value = itemgetter(position)
    return lambda batch: [[*map(value, row)] for row in batch.children(name)]


def exported_ids(name: str) -> Callable[[Batch], Cells]:
    """The ids that stand for those of the children."""
    return lambda batch: [
        [batch.exported(child[0]) for child in row] for row in batch.children(name)
    ]


def nothing(batch: Batch) -> Cells:
    """An empty cell for each row."""
    return [None] * len(batch.read["id"])


def none_each(batch: Batch) -> Cells:
    """A cell of several values for each row, which holds none."""
    return [()] * len(batch.read["id"])


# What is told of one value


@lru_cache(10_000)
def month(day: str) -> str:
    """`2013-05-14…` -> `2013-05`. Raises ValueError unless it is a date."""
    return date.fromisoformat(day[:10]).isoformat()[:7]


@lru_cache(10_000)
def age_band(birth_year: int | None, day: str) -> str | None:
    """How old somebody was on this day, as minority counts: older when the year is over.

    None when nobody knows, and below the age when people are heard.
    """
    age = -1 if birth_year is None else date.fromisoformat(day[:10]).year - birth_year - 1
    if age < YOUNGEST:
        return None
    return next((band for oldest, band in OLDEST_OF_BAND.items() if age <= oldest), BANDS[-1])


def words(text: str) -> list[str]:
    """The words of a JSON list. Raises ValueError when it is none."""
    found = json.loads(text)
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError("This is no list of words.")
    return found


def member(name: str) -> Callable[[str], str]:
    """A function that tells one member of a JSON object. It raises unless that is a text."""

    def tell(text: str) -> str:
        found = json.loads(text)[name]
        if not isinstance(found, str):
            raise TypeError("This is no text.")
        return found

    return tell
