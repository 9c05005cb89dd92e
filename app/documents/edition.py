"""What a document is made from: a snapshot, its number and date, and its recordings as files."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.gate.service import GENERAL_PUBLIC
from app.schemes.reference import TERMS

HUNG = "exhibition"  # the form of what is printed, and hung on a wall
AUDIENCES = {code: french for code, french, _ in TERMS["audiences"]}


def _go_on() -> None:
    """Nobody wants to stop."""


def _not_told(_: float) -> None:
    """Nobody asked how far it is."""


def items_of(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All the items of a snapshot, in their order."""
    for section in content["sections"]:
        yield from section["items"]


def shown_in(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that it still shows."""
    return (item for item in items_of(content) if not item["withdrawn"])


def is_signed(content: Mapping[str, Any]) -> bool:
    """Whether somebody's signature is read there."""
    return any(item.get("signature") for item in items_of(content))


@dataclass(frozen=True)
class Edition:
    """A release, as documents see it.

    `content` is its snapshot, as it is stored. `recordings` and `posters` are files of ours, by the
    id of their item: what cannot be shown is not there. `links` are addresses behind the shared
    link, by item. `folder` is a scratch folder, empty, for one document alone.
    """

    content: dict[str, Any]
    number: int
    published_at: datetime
    sha256: str
    folder: Path
    recordings: dict[str, Path]
    posters: dict[str, Path]
    links: dict[str, str]
    progress: Callable[[float], None] = _not_told  # from 0 to 1
    check: Callable[[], None] = _go_on  # raises when the work is to be left
    event: dict[str, Any] | None = None  # what is recorded of it, as `releases.events` tells it

    def items(self) -> Iterator[dict[str, Any]]:
        """The items that are still shown, in their order."""
        return shown_in(self.content)

    @property
    def is_signed(self) -> bool:
        """Whether somebody's signature is read there."""
        return is_signed(self.content)


@dataclass(frozen=True)
class Document:
    """A file that a form offers: `make` writes it into the edition's folder and says where.

    What needs no recordings is given none. What keeps a core busy for long is heavy: it waits for
    its turn, with transcodes.
    """

    name: str
    content_type: str
    make: Callable[[Edition], Path]
    uses_recordings: bool = True
    is_heavy: bool = False


class Readers(StrEnum):
    """To whom what is composed speaks."""

    RECIPIENT = "recipient"  # it was given to them, and to nobody else
    EVERYBODY = "everybody"
    VISITORS = "visitors"  # of an exhibition, and who hangs it


def readers_of(content: Mapping[str, Any]) -> Readers:
    """To whom what is composed of a snapshot speaks: told by the snapshot alone."""
    if content["form"] == HUNG:
        return Readers.VISITORS
    is_public = content["audience"] == GENERAL_PUBLIC
    return Readers.EVERYBODY if is_public else Readers.RECIPIENT


def audience_of(content: dict[str, Any]) -> str:
    """Whom a snapshot is for, in French; an audience that was added later says its code."""
    code = str(content["audience"])
    return AUDIENCES.get(code, code.replace("_", " "))
