"""Snapshots to print, as `releases` keeps them."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from app.documents.edition import Edition

Item = dict[str, Any]
numbers = count(1)
FILMED = {"name": "clip-0-9.mp4", "poster": "poster.jpg", "sha256": "0" * 64, "duration_ms": 65_000}


def item(quote: str | None = "Je note tout dans un carnet.", **given: Any) -> Item:
    """What a tutor of the Var does, unless said otherwise."""
    return {
        "id": str(UUID(int=next(numbers))),
        "show_as": "text",
        "quote": quote,
        "nature": "practice",
        "nature_label": "Pratique",
        "role_label": "Tuteur ou tutrice",
        "territory_label": "Var",
        "caption": None,
        "media": None,
        "withdrawn": False,
    } | given


def filmed(**given: Any) -> Item:
    """A video of a young person, who agreed to be seen."""
    return item(None, show_as="video", role_label="Jeune", media=FILMED) | given


def gone(**given: Any) -> Item:
    """What was taken back: nothing of it is left."""
    nothing = dict.fromkeys(item(), None)
    return nothing | {"id": item()["id"], "show_as": "text", "withdrawn": True} | given


def snapshot(*items: Item, **given: Any) -> dict[str, Any]:
    """A snapshot of these items in one section."""
    return {
        "title": "Apprendre en faisant",
        "public_title": "Vos emplois d'avenir",
        "audience": "elected_officials",
        "form": "exhibition",
        "introduction": "Dix personnes parlent.",
        "k": 5,
        "balance": {
            "nature": {"practice": 0.6, "feeling": 0.4},
            "role": {"tutor": 1.0},
            "territory": {"Var": 1.0},
            "method": {"video": {"value": None, "suppressed": True}, "written": 0.8},
        },
        "sections": [{"title": "Les débuts", "text": "La première semaine.", "items": list(items)}],
    } | given


EditionOf = Callable[..., Edition]


@pytest.fixture
def edition_of(tmp_path: Path) -> EditionOf:
    """An edition of a snapshot, in an empty folder."""

    def edition_of(content: dict[str, Any], **given: Any) -> Edition:
        folder = tmp_path / f"edition-{next(numbers)}"
        folder.mkdir()
        known: dict[str, Any] = {
            "number": 2,
            "published_at": datetime(2013, 5, 14, 9, tzinfo=UTC),
            "sha256": "ab12cd34" * 8,
            "recordings": {},
            "posters": {},
            "links": {},
        }
        return Edition(content=content, folder=folder, **known | given)

    return edition_of


@pytest.fixture
def poster(tmp_path: Path) -> Path:
    """A picture of a video, as it is kept: its name tells nothing."""
    path = tmp_path / "a-picture"
    Image.new("RGB", (320, 180), (60, 90, 110)).save(path, "JPEG")
    return path
