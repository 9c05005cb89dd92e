"""What typesetting promises of any document."""

from datetime import UTC, datetime
from io import BytesIO

import pikepdf

from app.documents import typesetting

THEN = datetime(2013, 5, 14, tzinfo=UTC)
DATA = {"title": "L’atelier", "text": '*gras* #import "x" $x$ {{ x }} <img src=x>'}


def test_a_document_is_accessible_and_made_to_last() -> None:
    with pikepdf.open(BytesIO(typesetting.pdf("note.typ", DATA, THEN))) as document:
        assert str(document.Root.Lang) == "fr-FR"
        assert "/StructTreeRoot" in document.Root
        metadata = document.open_metadata()
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")


def test_the_same_data_give_the_same_bytes() -> None:
    first = typesetting.pdf("note.typ", DATA, THEN)
    assert first == typesetting.pdf("note.typ", DATA, THEN)
    assert first != typesetting.pdf("note.typ", DATA | {"text": "autre"}, THEN)


def test_a_page_is_a_picture_too() -> None:
    (page,) = typesetting.pictures("note.typ", DATA)
    assert page.startswith(b"\x89PNG")
