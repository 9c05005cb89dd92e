"""What callers send and receive about versions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.pages import PageParams
from app.core.schemas import MAX_INT, In, Out

VersionNumber = Annotated[int, Field(ge=1, le=MAX_INT)]


class HistoryParams(PageParams):
    """Which page of a history."""

    limit: int = Field(10, ge=1, le=20)


class RestorationIn(In):
    """Which version is to hold again."""

    version: Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]


class Op(StrEnum):
    """What became of some words."""

    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"


class DiffPart(Out):
    """Some words, and what became of them. `length` is theirs in code points.

    A `text` that is shorter than `length` was cut: its middle is « … ».
    """

    op: Op
    text: str
    length: int


class ChangeOut(Out):
    """What became of one field, named by the members that lead to it: `practice/actor`.

    Of texts, `diff` says it word by word; `before` and `after` are null when they are long. To who
    reads only what is accepted, words that do not stand any more are null, and there is no `diff`.
    """

    field: str
    before: Any
    after: Any
    diff: list[DiffPart] | None = None


class VersionOut(Out):
    """A version, and what it changed of the one before among those that you may read.

    `changes` is null when there is none before. One is `withheld` when somebody whose words it
    holds refuses the team a reading.
    """

    made_of = ("content", "facts")

    version: int
    at: datetime
    by_id: UUID | None
    withheld: bool
    changes: list[ChangeOut] | None


class VersionWhole(Out):
    """The whole of a version: what a PUT of the thing takes.

    Without the fields whose words stand no more, for who reads only what is accepted.
    """

    version: int
    at: datetime
    by_id: UUID | None
    content: dict[str, Any]
