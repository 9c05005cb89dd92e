"""The cards of a film as pictures: 1280 by 720 pixels, and names as small as they are."""

from collections.abc import Iterable
from typing import Any

from app.documents import typesetting
from app.documents.cutlist import Card, Kind
from app.documents.edition import Edition
from app.documents.flow import breakable
from app.documents.wording import NO_BREAK, day, is_rtl, spaced

LIT, DARK, BLUE, PALE = "#faf8f4", "#171614", "#17456b", "#e7eef4"
GROUNDS = {  # from which a card appears, and into which it goes
    Kind.TITLE: BLUE,
    Kind.CLOSING: BLUE,
    Kind.CHAPTER: PALE,
    Kind.SOUND: DARK,
}


class CardsDiffer(Exception):
    """There are not as many pictures as cards: one of them has no room."""


def ground_of(card: Card) -> str:
    """The colour behind its words."""
    return GROUNDS.get(card.kind, LIT)


def drawn(cards: Iterable[Card], edition: Edition) -> list[bytes]:
    """Each card as a PNG."""
    return _pictures("film_cards.typ", [_told(card, edition) for card in cards])


def names(cards: Iterable[Card], edition: Edition) -> list[bytes]:
    """Each name as a PNG that lets the video through around it."""
    return _pictures("film_names.typ", [_told(card, edition) for card in cards])


def imprint(edition: Edition) -> str:
    """« Film n° 3 du 1er mai 2013 »."""
    return f"Film n°{NO_BREAK}{edition.number} du {day(edition.published_at)}"


def _pictures(template: str, cards: list[dict[str, Any]]) -> list[bytes]:
    if not cards:
        return []
    made = typesetting.pictures(template, {"cards": cards})
    if len(made) != len(cards):
        raise CardsDiffer(f"{len(made)} for {len(cards)}")
    return made


def _told(card: Card, edition: Edition) -> dict[str, Any]:
    """What the template is told of a card."""
    lines = ("heading", "text", "who", "nature_label", "note")
    return {
        **{line: _line(getattr(card, line)) for line in lines},
        "kind": card.kind.value,
        "nature": card.nature,
        "page": card.page,
        "pages": card.pages,
        "imprint": imprint(edition) if card.imprint else "",
    }


def _line(text: str) -> dict[str, Any]:
    return {"text": breakable(spaced(text)), "rtl": is_rtl(text)}
