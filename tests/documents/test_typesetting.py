"""What typesetting promises of any document."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from app.documents import note, typesetting
from tests.documents.editions import edition, item

THEN = datetime(2013, 5, 14, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> dict[str, Any]:
    return note.told(edition(tmp_path, item(1, quote='*gras* #import "x" $x$ {{ x }} <img src=x>')))


def test_a_document_is_accessible_and_made_to_last(data: dict[str, Any]) -> None:
    with pikepdf.open(BytesIO(typesetting.pdf("note.typ", data, THEN))) as document:
        assert str(document.Root.Lang) == "fr-FR"
        assert "/StructTreeRoot" in document.Root
        metadata = document.open_metadata()
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")


def test_the_same_data_give_the_same_bytes(data: dict[str, Any]) -> None:
    first = typesetting.pdf("note.typ", data, THEN)
    assert first == typesetting.pdf("note.typ", data, THEN)
    assert first != typesetting.pdf("note.typ", data | {"title": "autre"}, THEN)


def test_a_page_is_a_picture_too(data: dict[str, Any]) -> None:
    page, *_ = typesetting.pictures("note.typ", data)
    assert page.startswith(b"\x89PNG")


def test_what_every_font_has_is_left_alone() -> None:
    known = "œuvre « à 5 % » – l’été… Œ ÿ ş Ω Ж → ✓ □ \n\t\u202f"
    assert typesetting.legible({"a": [known, 1, None]}) == {"a": [known, 1, None]}


def test_many_characters_that_no_font_has_are_found_at_once() -> None:
    written = "".join(map(chr, range(0x4E00, 0x4E00 + 9000)))
    assert set(typesetting.legible([written])[0]) == {"□"}
