"""Snapshots of releases to be filmed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.documents.edition import Edition

Content = dict[str, Any]
THEN = datetime(2013, 5, 14, 22, 30, tzinfo=UTC)  # the 15th, where the readers are
HOSTILE = '*gras* _it_ #import "x" $x$ {{ x }} <img src=x> \\ `a` = @b // c --> [d](e) &amp;'
TEXTS = [
    HOSTILE,
    "مرحبا بكم في اليوم الأول من العمل",
    "שלום לכולם",
    "👩‍🏭🏳️‍🌈 des émojis 🇫🇷",
    "漢字かな交じり文" * 30,
    "W" * 1000,
    "e\u0301\u0302\u0303" * 100,
    "\n".join("abcdefgh"),
    "https://exemple.test/" + "a/b" * 60,
]


def item(show_as: str = "text", **other: Any) -> Content:
    """An item of a snapshot, said by a tutor of the Var."""
    return {
        "id": "1",
        "show_as": show_as,
        "quote": "On m'a dit : tu commences demain." if show_as == "text" else None,
        "nature": "practice",
        "nature_label": "Pratique",
        "role_label": "Tuteur ou tutrice",
        "territory_label": "Var",
        "caption": None,
        "media": None,
        "withdrawn": False,
        **other,
    }


def recorded(
    duration_ms: int, *cues: tuple[int, int, str], show_as: str = "video", **other: Any
) -> Content:
    """An item that is a recording, with what is said in it."""
    told = [{"start_ms": start, "end_ms": end, "text": text} for start, end, text in cues]
    media: Content = {"name": "web.mp4", "poster": None, "duration_ms": duration_ms}
    if told:
        media["captions"] = {"language": "fr", "cues": told}
    return item(show_as, media=media, **other)


def section(*items: Content, title: str = "Arriver", text: str | None = None) -> Content:
    return {"title": title, "text": text, "items": list(items)}


def content(*sections: Content, **other: Any) -> Content:
    return {
        "title": "Le premier jour",
        "public_title": "Paroles d'avenir",
        "audience": "young_people",
        "form": "film",
        "introduction": None,
        "balance": {},
        "sections": list(sections),
        **other,
    }


def edition(
    told: Content,
    folder: Path,
    recordings: dict[str, Path] | None = None,
    progress: Callable[[float], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> Edition:
    return Edition(told, 3, THEN, "", folder, recordings or {}, {}, {}, progress, check)
