"""Contents of releases, as `GET /shared/{token}` gives them."""

import tomllib
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.documents.wording import NATURES
from app.pages.words import LABELS

DEMO = Path("app/demo/eric-berthe.toml")
FILM: dict[str, Any] = {
    "url": "/film.mp4",
    "poster_url": None,
    "captions_url": None,
    "duration_ms": 125_000,
}

SAID: dict[str, Any] = FILM | {
    "captions_url": "/shown/captions.vtt",
    "captions": {
        "language": "fr",
        "cues": [
            {"start_ms": 0, "end_ms": 4000, "text": "Le premier jour, j'ai suivi Karim."},
            {"start_ms": 65_000, "end_ms": 70_000, "text": "Un mot " + "interminable" * 20},
        ],
    },
}


def item(**given: Any) -> dict[str, Any]:
    """A practice told by a tutor of the Var."""
    made_up = {
        "id": str(uuid4()),
        "show_as": "text",
        "quote": "Chaque vendredi on écrit une ligne à nous deux.",
        "nature": "practice",
        "role_label": "Tuteur ou tutrice",
        "territory_label": "Var",
        "caption": None,
        "media": None,
        "withdrawn": False,
    }
    return made_up | given


def note(text: str) -> dict[str, Any]:
    """The editor's own words."""
    return item(quote=text, nature=None, role_label=None, territory_label=None)


def withdrawn() -> dict[str, Any]:
    """What is left of an item that was taken back."""
    nothing = dict.fromkeys(item(), None)
    return nothing | {"id": str(uuid4()), "show_as": "text", "withdrawn": True}


def content(*items: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A release of one section with these items."""
    made_up = {
        "title": "Ce qu'on fait quand ça coince",
        "public_title": "Paroles d'avenir",
        "audience": "elected_officials",
        "form": "web_page",
        "published_at": "2026-11-22T14:05:00Z",
        "number": 1,
        "introduction": "Treize personnes ont parlé.",
        "k": 5,
        "balance": {
            "nature": {"practice": 0.6, "feeling": 0.4},
            "role": {"tutor": 0.5, "young_person": 0.5},
            "territory": {"Var": 1.0},
            "method": {"video": {"value": None, "suppressed": True}},
        },
        "sections": [{"title": "Apprendre", "text": None, "items": list(items)}],
        "files": [],
        "acknowledged_at": None,
        "superseded_by": None,
    }
    return made_up | given


def demo() -> dict[str, Any]:
    """The published bundle of the story of Berthe, invented like all of it."""
    told = tomllib.loads(DEMO.read_text())
    by_key = {name: {row["key"]: row for row in told[name]} for name in ("excerpts", "testimonies")}
    by_key["witnesses"] = {row["key"]: row for row in told["witnesses"]}
    bundle = next(row for row in told["bundles"] if row["key"] == "dossier-berthe")
    sections = [
        {
            "title": section["title"],
            "text": section["text"],
            "items": [_demo_item(row, by_key) for row in section["items"]],
        }
        for section in bundle["sections"]
    ]
    return content(
        title=bundle["title"],
        public_title=told["scheme"]["public_title"],
        introduction=bundle["introduction"],
        sections=sections,
        balance={
            "nature": {"practice": 0.75, "feeling": 0.15, "idea": 0.1},
            "role": {
                "young_person": 0.35,
                "eligible_young_person": 0.2,
                "tutor": 0.2,
                "low_qualification_employer": 0.15,
                "field_actor": 0.1,
            },
            "territory": {"Var": 0.8, "Bouches-du-Rhône": 0.2},
            "method": {
                "written": 0.55,
                "video": 0.45,
                "paper": {"value": None, "suppressed": True},
            },
        },
    )


def _demo_item(row: dict[str, Any], by_key: dict[str, Any]) -> dict[str, Any]:
    if "text" in row:
        return note(row["text"])
    excerpt = by_key["excerpts"][row["excerpt"]]
    testimony = by_key["testimonies"][excerpt["testimony"]]
    witnesses = [by_key["witnesses"][key] for key in testimony["witnesses"]]
    roles = dict.fromkeys(LABELS["role"][witness["role"]] for witness in witnesses)
    is_film = row["show_as"] == "video"
    place = "Bouches-du-Rhône" if "martigues" in testimony["workshop"] else "Var"
    assert excerpt["nature"] in NATURES
    return item(
        show_as=row["show_as"],
        quote=None if is_film else excerpt["exact"],
        nature=excerpt["nature"],
        role_label=", ".join(roles),
        territory_label=place,
        caption=row.get("caption"),
        media=FILM | {"duration_ms": excerpt["end_ms"] - excerpt["start_ms"]} if is_film else None,
    )
