"""Pages made from plain values: nothing here knows a database or a request.

    release_page(content, "/dossiers/8e03978e-…")

`content` is what `GET /shared/{token}` gives. Whatever people wrote is text, and stays text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.pages import words
from app.pages.assets import address as asset
from app.pages.messages import Message

WORDS_A_MINUTE = 220
MINUTE = 60_000  # milliseconds

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.globals |= {"asset": asset, "natures": words.NATURES}
PAGES.filters |= {
    name: getattr(words, name)
    for name in (
        *("clauses", "date_of", "day", "duration", "label", "lowered", "paragraphs", "share"),
        *("spaced", "state_of", "shape_of", "fate", "why_not", "role", "given_to"),
        *("clock", "language", "road", "sign_of", "stance_of"),
    )
}


def release_page(content: Mapping[str, Any], here: str | None = None) -> str:
    """A release, read at the address `here`, below which its reader acknowledges it.

    Without `here` it is a file: there is nowhere to acknowledge it.
    """
    items = [item for section in content["sections"] for item in section["items"]]
    return PAGES.get_template("release.html").render(
        release=content,
        here=here,
        kind_of=kind_of,
        length=_length(content, items),
        roles=_roles(items),
        files=[file for file in content["files"] if _is_beside_the_page(file)],
        recordings=any(item["media"] for item in items),
    )


def proposition_page(sheet: Mapping[str, Any]) -> str:
    """A proposition, for the team and its meetings: what `propositions.sheet.sheet_of` gives."""
    return PAGES.get_template("proposition.html").render(
        sheet=sheet, competences=words.COMPETENCES, draft=words.DRAFT
    )


def invitation_page(here: str, until: datetime, *, asks: bool, mistake: str | None = None) -> str:
    """Before a release is opened, at the address `here`; `asks` for a passcode when it has one."""
    return PAGES.get_template("invitation.html").render(
        here=here, until=until, asks=asks, mistake=mistake
    )


def recall_page(here: str, facts: Mapping[str, Any]) -> str:
    """In the place of a release that was recalled, whose reader takes note below `here`."""
    return PAGES.get_template("recall.html").render(
        here=here, number=facts["number"], newer=facts["superseded_by"]
    )


@dataclass(frozen=True)
class Visit:
    """What every page of a witness who came in holds: their name here, the token of its forms."""

    pseudonym: str
    token: str
    idle: int  # seconds


def door_page(mistake: str | None = None) -> str:
    """Where a witness types their code; after a `mistake`, again."""
    return PAGES.get_template("receipt_door.html").render(mistake=mistake)


def receipt_page(receipt: Mapping[str, Any], visit: Visit) -> str:
    """What became of a witness's words: what `receipts.service.read` gives."""
    uses = [use for testimony in receipt["testimonies"] for use in testimony["uses"]]
    return PAGES.get_template("receipt.html").render(receipt=receipt, visit=visit, uses=uses)


def confirmation_page(here: str, about: Mapping[str, Any], visit: Visit) -> str:
    """Before words are taken back, by a form at the address `here`: what that will do."""
    return PAGES.get_template("receipt_confirm.html").render(here=here, about=about, visit=visit)


def done_page(withdrawal: Mapping[str, Any] | None, visit: Visit) -> str:
    """After words were taken back: how far that is."""
    return PAGES.get_template("receipt_done.html").render(withdrawal=withdrawal, visit=visit)


def receipt_message_page(message: Message, again: str | None = None) -> str:
    """What happened, to a witness; and where to begin again."""
    return PAGES.get_template("receipt_message.html").render(message=message, again=again)


def message_page(message: Message) -> str:
    """A page that says what happened, and what to do."""
    return PAGES.get_template("message.html").render(message=message)


def kind_of(item: Mapping[str, Any]) -> str:
    """How an item is shown: `withdrawn`, `note` (the editor's own words), or its `show_as`."""
    if item["withdrawn"]:
        return "withdrawn"
    is_told_by_somebody = item["nature"] or item["role_label"] or item["media"]
    return str(item["show_as"]) if is_told_by_somebody else "note"


def _length(content: Mapping[str, Any], items: list[Mapping[str, Any]]) -> str:
    """« 3 parties, 9 paroles et 2 vidéos, environ 4 minutes »."""
    kinds = [kind_of(item) for item in items]
    parts = [
        words.counted(many, what)
        for many, what in (
            (len(content["sections"]), "partie"),
            (kinds.count("text"), "parole"),
            (kinds.count("audio"), "enregistrement"),
            (kinds.count("video"), "vidéo"),
        )
        if many
    ]
    read = sum(len(text.split()) for text in _texts(content)) / WORDS_A_MINUTE
    heard = sum(item["media"]["duration_ms"] or 0 for item in items if item["media"]) / MINUTE
    minutes = words.counted(max(1, ceil(read + heard)), "minute")
    return f"{words.listed(parts)}, environ {minutes}"


def _texts(content: Mapping[str, Any]) -> Iterator[str]:
    yield content["introduction"] or ""
    for section in content["sections"]:
        yield section["text"] or ""
        for item in section["items"]:
            yield item["quote"] or ""


def _roles(items: list[Mapping[str, Any]]) -> str:
    """« jeune éligible, tuteur ou tutrice et employeur »: those who are heard, in their order."""
    roles = dict.fromkeys(item["role_label"] for item in items if item["role_label"])
    return words.listed([words.lowered(role) for role in roles])


def _is_beside_the_page(file: Mapping[str, Any]) -> bool:
    return file["status"] == "ready" and not file["content_type"].startswith("text/html")
