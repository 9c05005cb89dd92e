"""Pages made from plain values: nothing here knows a database or a request.

    release_page(content, "/dossiers/8e03978e-…")

`content` is what `GET /shared/{token}` gives. Whatever people wrote is text, and stays text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.documents.edition import is_signed, items_of, readers_of
from app.pages import words
from app.pages.assets import address as asset
from app.pages.assets import embedded
from app.pages.messages import Message
from app.pages.reactions import COMMITMENTS, Answer, subjects

WORDS_A_MINUTE = 220
MINUTE = 60_000  # milliseconds
FILMED, WALKED = ("film", "filmed_interview"), "exhibition"

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.globals |= {
    "asset": asset,
    "natures": words.NATURES,
    "panels": words.PANELS,
    "offline": False,
}
PAGES.filters |= {
    name: getattr(words, name)
    for name in (
        *("clauses", "date_of", "day", "duration", "few", "label", "limits", "lowered"),
        *("paragraphs", "share"),
        *("spaced", "state_of", "shape_of", "fate", "why_not", "role", "given_to", "earlier"),
        *("clock", "language", "file_name", "file_facts", "form_name", "commitment"),
        *("road", "sign_of", "stance_of"),
    )
}
# What a page needs is in it, for who reads it offline.
OFFLINE = PAGES.overlay()
OFFLINE.globals = PAGES.globals | {"asset": embedded, "offline": True}


def release_page(
    content: Mapping[str, Any],
    here: str | None = None,
    answered: Answer | None = None,
    mistake: str | None = None,
    *,
    is_public: bool = False,
    pages: Environment = PAGES,
) -> str:
    """A release, read at the address `here`, below which its reader acknowledges and answers it.

    Without `here` nobody does: it is a file, or everybody reads it (`is_public`); nor does who
    stands before an exhibition. What was `answered` with a `mistake` is shown again.
    """
    is_visit = not content.get("personal", True)
    items: list[Mapping[str, Any]] = list(items_of(content))
    files = {file["name"]: file for file in content["files"]}
    return pages.get_template("release.html").render(
        release=content,
        here=None if is_visit else here,
        is_public=is_public,
        is_visit=is_visit,
        readers=readers_of(content),
        has_link=bool(here) and not is_visit,
        kind_of=kind_of,
        numbers=_numbers(items),
        length=_length(content, items),
        steps=_steps(items) if content["form"] == WALKED else {},
        film=_film(content["form"], files),
        k=content.get("k"),
        parts=_parts(content["balance"].get("nature") or {}),
        roles=_roles(items),
        signed=is_signed(content),
        files=[] if is_visit else _beside_the_page(content["files"]),
        recordings=any(item["media"] for item in items),
        items=subjects(items, _numbers(items)),
        commitments=COMMITMENTS,
        answered=answered or Answer(),
        mistake=mistake,
    )


def standalone_page(content: Mapping[str, Any]) -> str:
    """A release as one file that asks nothing of us; recordings and files are beside it.

    It says what is true of a copy, for whoever holds it: it never changes, and leads nowhere.
    """
    return release_page(content, pages=OFFLINE)


def public_list_page(found: Sequence[Mapping[str, Any]], cursor: str | None) -> str:
    """What everybody may read: `slug title public_title form published_at` each."""
    return PAGES.get_template("public_list.html").render(found=found, cursor=cursor)


def answered_page(here: str) -> str:
    """After a recipient answered the release that is read at this address."""
    return PAGES.get_template("reaction_done.html").render(here=here)


def proposition_page(sheet: Mapping[str, Any]) -> str:
    """A proposition, for the team and its meetings: what `propositions.sheet.sheet_of` gives."""
    return PAGES.get_template("proposition.html").render(
        sheet=sheet, competences=words.COMPETENCES, draft=words.DRAFT
    )


def invitation_page(
    until: datetime, *, asks: bool, mistake: str | None = None, is_visit: bool = False
) -> str:
    """Before a release is opened: `asks` for a passcode when it has one.

    Its form goes where the page is, and has no `action`: so the fragment of a code on a panel, the
    id of an item, is still there on the page that follows. `is_visit`: before an exhibition.
    """
    return PAGES.get_template("invitation.html").render(
        until=until, asks=asks, mistake=mistake, is_visit=is_visit
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


def message_page(message: Message, onward: str | None = None) -> str:
    """A page that says what happened, and what to do; and the list of what is public, `onward`."""
    return PAGES.get_template("message.html").render(message=message, onward=onward)


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


def _numbers(items: list[Mapping[str, Any]]) -> dict[str, int]:
    """The number of each item that is not the editor's own words, what was taken back included."""
    told = (item["id"] for item in items if kind_of(item) != "note")
    return {item_id: number for number, item_id in enumerate(told, 1)}


def _steps(items: list[Mapping[str, Any]]) -> dict[str, tuple[str | None, str | None]]:
    """The items before and after each that has a number: a walk, one item at a time."""
    ids = list(_numbers(items))
    return dict(zip(ids, zip([None, *ids], [*ids[1:], None], strict=False), strict=True))


@dataclass(frozen=True)
class Film:
    """The film of a release, its captions and poster, of which each may be missing."""

    file: Mapping[str, Any]
    captions: Mapping[str, Any] | None
    poster: Mapping[str, Any] | None


def _film(form: str, files: Mapping[str, Mapping[str, Any]]) -> Film | None:
    if form not in FILMED or "film.mp4" not in files:
        return None
    ready = {name: file for name, file in files.items() if file["status"] == "ready"}
    return Film(files["film.mp4"], ready.get("film.vtt"), ready.get("film.jpg"))


@dataclass(frozen=True)
class Part:
    """A part of the bar of natures: where it begins and how wide it is, in percent."""

    code: str
    start: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.start + self.width / 2, 2)


def _parts(natures: Mapping[str, Any]) -> list[Part]:
    """What is told of the natures, side by side. Rounded shares that exceed a whole fill it."""
    told = {code: value for code, value in natures.items() if isinstance(value, int | float)}
    scale = 100 / max(1, sum(told.values()))
    parts, start = [], 0.0
    for code, value in told.items():
        parts.append(Part(code, round(start, 2), round(value * scale, 2)))
        start += value * scale
    return [part for part in parts if part.width]


def _beside_the_page(files: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What may be taken away, that which has a French name first, everything at once last."""
    shown = [f for f in files if not f["content_type"].startswith(("text/html", "image/"))]
    order = {name: place for place, name in enumerate(words.FILES)}
    return sorted(shown, key=lambda file: order.get(file["name"], len(order)))
