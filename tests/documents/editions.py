"""Editions to make documents of, without a database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.documents.edition import Edition

THEN = datetime(2013, 5, 14, 9, tzinfo=UTC)


def item(number: int, **given: Any) -> dict[str, Any]:
    """A passage that somebody wrote, as a snapshot keeps it."""
    shown = {
        "id": str(UUID(int=number)),
        "show_as": "text",
        "quote": f"Parole numéro {number}.",
        "nature": "practice",
        "nature_label": "Pratique",
        "role_label": "Tuteur ou tutrice",
        "territory_label": "Var",
        "caption": None,
        "media": None,
        "withdrawn": False,
    }
    return shown | given


def withdrawn(number: int, *, on_request: bool = True) -> dict[str, Any]:
    """What is left of one that was taken back."""
    nothing = dict.fromkeys(item(number))
    kept = {"id": str(UUID(int=number)), "show_as": "text", "withdrawn": True}
    return nothing | kept | {"withdrawn_on_request": on_request}


def recording(number: int, *cues: str, **given: Any) -> dict[str, Any]:
    """A passage of a film, with these captions."""
    told = [{"start_ms": 1000 * n, "end_ms": 1000 * n + 900, "text": t} for n, t in enumerate(cues)]
    media = {
        "name": "clip-0-65000.mp4",
        "poster": None,
        "sha256": "0" * 64,
        "duration_ms": 65_000,
        "captions": {"language": "fr", "cues": told} if cues else None,
    }
    return item(number, show_as="video", quote=None, media=media, **given)


def edition(folder: Path, *items: dict[str, Any], **given: Any) -> Edition:
    """A note of these items, in one section."""
    content = {
        "title": "Ce que font les tuteurs",
        "public_title": "Paroles d’emplois d’avenir",
        "audience": "elected_officials",
        "form": "note",
        "introduction": "Dix personnes parlent.",
        "k": 5,
        "balance": {
            "nature": {"practice": 0.6, "feeling": 0.4},
            "role": {"tutor": 1.0},
            "territory": {"Var": 1.0},
            "method": {"written": None},
        },
        "sections": [{"title": "Les débuts", "text": None, "items": list(items)}],
    }
    return Edition(
        content=content | given,
        number=2,
        published_at=THEN,
        sha256="a" * 64,
        folder=folder,
        recordings={},
        posters={},
        links={},
    )
