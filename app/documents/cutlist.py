"""The cut list of a film: what is shown, in which order, for how many frames. Pure.

The film, its captions and its poster are all made from it, and its length is known before anything
is made. A text stands as long as it takes to read: 15 characters a second, three seconds at least
(the French charter on subtitles for the deaf and hard of hearing, CSA 2011: 60 characters in four
seconds). A withdrawn item is left out, and so is a part of which nothing is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from app.documents.flow import flowed
from app.documents.wording import who

FPS = 30  # as phones film; 25 a second are all shown too
READ = 15  # characters a second
SHORTEST = 3  # seconds of a card
BESIDE = 120  # characters of a caption that stands beside what it is about; longer: a card before
NAMED = 4  # seconds that a name stands over a video, at least
WORDS = 60  # characters, or
MOMENT = 3000  # milliseconds: what is said after so much stands on a card of its own

Item = dict[str, Any]


class Kind(StrEnum):
    """What a card is."""

    TITLE = "title"
    INTRODUCTION = "introduction"
    CHAPTER = "chapter"
    QUOTE = "quote"
    TEXT = "text"  # of the editors' own
    CAPTION = "caption"
    SOUND = "sound"
    CLOSING = "closing"
    NAME = "name"  # over a video


@dataclass(frozen=True)
class Card:
    """What is to be read at once. `imprint` says that number and date stand there too."""

    kind: Kind
    heading: str = ""
    text: str = ""
    who: str = ""
    nature: str | None = None
    nature_label: str = ""
    note: str = ""
    page: int = 1
    pages: int = 1
    imprint: bool = False

    @property
    def words(self) -> list[str]:
        """What is read there, line by line."""
        told = [self.heading, self.text, self.told_by, self.note]
        return [line for line in told if line]

    @property
    def told_by(self) -> str:
        """« Tuteur ou tutrice, Var · Pratique », once for all pages of a text."""
        known = [self.who, self.nature_label] if self.page == 1 else []
        return " · ".join(part for part in known if part)

    @property
    def frames(self) -> int:
        """How long it takes to read."""
        characters = sum(map(len, self.words))
        return -(-max(SHORTEST * READ, characters) * FPS // READ)


@dataclass(frozen=True)
class Cut:
    """A part of the film, of so many frames.

    Cards, one after the other; or a video with its `name` card over its beginning; or a sound, over
    cards. `cues` are what is said, in milliseconds from the beginning of the cut.
    """

    frames: int
    cards: tuple[tuple[Card, int], ...] = ()
    item_id: str | None = None
    is_video: bool = False
    who: str = ""
    name: Card | None = None
    cues: tuple[dict[str, Any], ...] = ()
    chapter: str | None = None  # which begins here

    @property
    def named(self) -> int:
        """For how many frames its name stands over a video."""
        return min(self.frames, max(NAMED * FPS, self.name.frames)) if self.name else 0


@dataclass(frozen=True)
class CutList:
    """The cuts of a film, in their order."""

    cuts: tuple[Cut, ...] = field(default=())

    @property
    def frames(self) -> int:
        return sum(cut.frames for cut in self.cuts)

    def placed(self) -> Iterator[tuple[int, Cut]]:
        """Each cut, and the frame at which it begins."""
        start = 0
        for cut in self.cuts:
            yield start, cut
            start += cut.frames


def milliseconds(frames: int) -> int:
    """How long so many frames last."""
    return round(frames * 1000 / FPS)


def length_ms(content: dict[str, Any]) -> int:
    """How long the film of this snapshot lasts. Nothing, when nothing of it is shown."""
    return milliseconds(cut_list(content).frames)


def cut_list(content: dict[str, Any]) -> CutList:
    """What is shown of a snapshot; no cut at all, when no item of it is."""
    parts = [list(_section(section)) for section in content["sections"]]
    if not any(_shown(section) for section in content["sections"]):
        return CutList()
    cuts = [*_opening(content), *(cut for part in parts for cut in part), *_closing(content)]
    return CutList(tuple(cuts))


def _shown(section: Item) -> list[Item]:
    return [item for item in section["items"] if not item["withdrawn"]]


def _opening(content: Item) -> Iterator[Cut]:
    title = Card(Kind.TITLE, content["title"], note=content["public_title"], imprint=True)
    first, *others = _cards([title, *_flowed(Card(Kind.INTRODUCTION), content["introduction"])])
    yield replace(first, chapter=content["title"])
    yield from others


def _closing(content: Item) -> Iterator[Cut]:
    roles = dict.fromkeys(
        item["role_label"]
        for section in content["sections"]
        for item in _shown(section)
        if item["role_label"]
    )
    promise = (
        "Chaque personne a accepté d’être lue, vue ou entendue ici. "
        "Elle peut reprendre sa parole à tout moment : un autre film remplace alors celui-ci."
    )
    last = Card(Kind.CLOSING, "Ces paroles restent à qui les a dites", promise)
    told = [*_flowed(Card(Kind.CLOSING, "Ont été entendus ici"), ", ".join(roles)), last]
    told[-1] = replace(last, note=content["public_title"], imprint=True)
    first, *others = _cards(told)
    yield replace(first, chapter="Pour finir")
    yield from others


def _section(section: Item) -> Iterator[Cut]:
    """A card that says what comes, with its text when it is short, and its items."""
    items = _shown(section)
    if not items:
        return
    texts = flowed(section["text"] or "")
    head = Card(Kind.CHAPTER, section["title"], texts[0] if len(texts) == 1 else "")
    more = _flowed(Card(Kind.INTRODUCTION), section["text"]) if len(texts) > 1 else []
    first, *others = _cards([head, *more])
    yield replace(first, chapter=section["title"])
    yield from others
    for item in items:
        yield from _item(item)


def _item(item: Item) -> Iterator[Cut]:
    caption = (item["caption"] or "").strip()
    if len(caption) > BESIDE or "\n" in caption:
        yield from _cards(_flowed(_about(item, Kind.CAPTION), caption))
        caption = ""
    if item["show_as"] == "video":
        yield _video(item, caption)
    elif item["show_as"] == "audio":
        yield _sound(item, caption)
    else:
        card = _about(item, Kind.QUOTE if item["role_label"] or item["nature"] else Kind.TEXT)
        cards = _flowed(card, item["quote"]) or [card]
        yield from _cards([*cards[:-1], *(replace(card, note=caption) for card in cards[-1:])])


def _about(item: Item, kind: Kind) -> Card:
    """A card that says who speaks, as the snapshot does, and what it is."""
    return Card(
        kind,
        who=who(item),
        nature=item["nature"],
        nature_label=item["nature_label"] or "",
    )


def _flowed(card: Card, text: str | None) -> list[Card]:
    """As many of this card as the text takes."""
    texts = flowed(text or "")
    return [
        replace(card, text=part, page=number, pages=len(texts))
        for number, part in enumerate(texts, 1)
    ]


def _cards(cards: list[Card]) -> Iterator[Cut]:
    return (Cut(card.frames, ((card, card.frames),), who=card.who) for card in cards if card.words)


def _video(item: Item, caption: str) -> Cut:
    name = replace(_about(item, Kind.NAME), note=caption)
    frames, cues = _frames_of(item), _cues_of(item)
    return Cut(frames, (), item["id"], True, name.who, name if name.words else None, cues)


def _sound(item: Item, caption: str) -> Cut:
    """A sound over its words, as they are said; over its caption when nobody wrote them down."""
    frames, cues = _frames_of(item), _cues_of(item)
    card = _about(item, Kind.SOUND)
    if cues:
        cards = _said(replace(card, note=caption), cues, frames)
    else:
        cards = [(replace(card, text=caption or item["quote"] or ""), frames)]
    return Cut(frames, tuple(cards), item["id"], False, card.who, None, cues)


def _said(card: Card, cues: tuple[Item, ...], frames: int) -> list[tuple[Card, int]]:
    """Cards of what is said, each from when it is said until the next one."""
    moments: list[tuple[int, str]] = []
    for cue in cues:
        texts = flowed(cue["text"])
        lasts = (cue["end_ms"] - cue["start_ms"]) / max(1, len(texts))
        for number, text in enumerate(texts):
            at = cue["start_ms"] + round(number * lasts)
            last_at, last = moments[-1] if moments else (at, "")
            if last and len(last) + len(text) < WORDS and at - last_at < MOMENT:
                moments[-1] = (last_at, f"{last} {text}")
            else:
                moments.append((at, text))
    starts = [0, *(min(frames, at * FPS // 1000) for at, _ in moments[1:]), frames]
    shown = zip(moments, pairwise(starts), strict=True)
    told = [(text, end - start) for (_, text), (start, end) in shown if end > start]
    return [
        (replace(card, text=text, page=number, pages=len(told)), lasts)
        for number, (text, lasts) in enumerate(told, 1)
    ]


def _frames_of(item: Item) -> int:
    """As many frames as show it whole."""
    lasts = (item["media"] or {}).get("duration_ms") or 0
    return max(1, -(-lasts * FPS // 1000))


def _cues_of(item: Item) -> tuple[dict[str, Any], ...]:
    captions = (item["media"] or {}).get("captions") or {}
    return tuple(cue for cue in captions.get("cues", ()) if cue["text"].strip())
