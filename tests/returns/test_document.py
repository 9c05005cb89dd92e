"""What the sheet on the wall is, made of what is told, without a database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.propositions.models import PropositionState as S
from app.returns import document
from tests.documents.reading import is_accessible_and_lasting, pages_of, squeezed

THEN = datetime(2013, 5, 14, 9, tzinfo=UTC)
HOSTILE = '*gras* # titre #import "x" $x$ {{ y }} <img src=x> @ref `code` \\ _a_ = // [x]'


def sheet(text: str = "Ici") -> dict[str, Any]:
    """A sheet that says this wherever people can write."""
    return {
        "at": THEN,
        "title": f"Titre {text}",
        "public_title": f"Nom {text}",
        "starts_at": THEN,
        "place": f"Lieu {text}",
        "people": 5,
        "bundles": [
            {
                "title": f"Dossier {text}",
                "form_label": "Note",
                "audience_label": "Élus",
                "published_at": THEN,
                "recipients": 2,
                "readers": 1,
                "needs_link": True,
                "held_on": None,
            }
        ],
        "answers": [
            {
                "audience_label": "Élus",
                "at": THEN,
                "commitment": "planned",
                "text": f"Réponse {text}",
            }
        ],
        "propositions": [
            {"title": f"Idée {text}", "state": S.REFUSED, "on": THEN, "reason": f"Raison {text}"}
        ],
    }


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert document.made(sheet()) == document.made(sheet())


@pytest.mark.parametrize("text", [HOSTILE, "a" * 300])
def test_what_people_wrote_stays_what_they_wrote(tmp_path: Path, text: str) -> None:
    told = words_on(tmp_path, sheet(text))
    names = ("Titre", "Nom", "Lieu", "Dossier", "Réponse", "Idée", "Raison")
    assert [name for name in names if squeezed(f"{name} {text}") not in told] == []


@pytest.mark.parametrize("word", ["שלום", "مرحبا"])
def test_words_from_right_to_left_are_drawn_so(tmp_path: Path, word: str) -> None:
    told = words_on(tmp_path, sheet(word))
    assert "□" not in told
    drawn = word[::-1]  # what is read last is drawn first, at the left
    names = ("Titre", "Nom", "Lieu", "Dossier", "Idée", "Raison")
    assert [name for name in names if f"{name}{drawn}" not in told] == []


def test_an_override_turns_its_own_words_only(tmp_path: Path) -> None:
    """In what is long: a title, a name and a place are refused with one."""
    told = words_on(tmp_path, sheet("\u202eredro\u202c fin"))
    assert [name for name in ("Réponse", "Raison") if f"{name}orderfin" not in told] == []


def words_on(folder: Path, told: dict[str, Any]) -> str:
    """The words on this sheet as they are drawn, without blanks."""
    path = folder / "return.pdf"
    path.write_bytes(document.made(told))
    assert is_accessible_and_lasting(path)
    return "".join(pages_of(path))
