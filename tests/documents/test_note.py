"""What a note promises to who decides, and to who reads it aloud."""

from pathlib import Path
from typing import Any

import pikepdf
import pytest

from app.documents import note, typesetting
from tests.documents.editions import edition, item, recording, withdrawn
from tests.documents.pdftext import text_of

HOSTILE = '*gras* #import "x" $x$ {{ x }} <img src=x> _a_ @b ~c \\d'


def words_of(folder: Path, *items: dict[str, Any], **given: Any) -> str:
    """What is read in it, with one kind of blank."""
    return " ".join(text_of(note.make(edition(folder, *items, **given))).split())


def test_it_is_accessible_and_made_to_last(tmp_path: Path) -> None:
    with pikepdf.open(note.make(edition(tmp_path, item(1), recording(2, "Oui.")))) as document:
        assert str(document.Root.Lang) == "fr-FR"
        assert "/StructTreeRoot" in document.Root
        assert document.docinfo["/Title"] == "Ce que font les tuteurs"
        metadata = document.open_metadata()
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        figures = [str(tag.Alt) for tag in _tags(document.Root.StructTreeRoot) if "/Alt" in tag]
    [chart] = figures
    assert "Pratique, 60" in chart
    assert "Ressenti, 40" in chart


def _tags(tag: Any) -> Any:
    children = tag.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield child
            yield from _tags(child)


def test_it_reads_in_order_and_numbers_each_passage(tmp_path: Path) -> None:
    words = words_of(tmp_path, item(1), item(2, nature="feeling"))
    told = [
        *("Ce que font les tuteurs", "14 mai 2013", "Élus", "Dix personnes parlent.", "Les débuts"),
        *("Extrait 1", "Pratique", "Parole numéro 1.", "Tuteur ou tutrice, Var"),
        *("Extrait 2", "Ressenti", "Parole numéro 2."),
        *(
            "Qui parle, et de quoi",
            "Recueilli comment : non montré, pour ne désigner personne.",
            "Méthode et limites",
            "ce n’est pas un sondage",
        ),
    ]
    places = [words.find(one) for one in told]
    assert -1 not in places, told[places.index(-1)]
    assert places == sorted(places)


def test_what_was_taken_back_is_told_and_keeps_its_number(tmp_path: Path) -> None:
    words = words_of(tmp_path, withdrawn(1), item(2), withdrawn(3, on_request=False))
    assert "Extrait 1 Un témoignage a été retiré à la demande de la personne." in words
    assert "Extrait 2" in words
    assert "Extrait 3 Un témoignage ne peut plus être montré ici." in words


def test_a_recording_is_read_by_its_captions(tmp_path: Path) -> None:
    words = words_of(
        tmp_path, recording(1, "Je leur montre le bruit.", "Ils savent."), recording(2)
    )
    assert "Vidéo, 1 min 5 s" in words
    assert words.index("Je leur montre le bruit.") < words.index("Ils savent.")
    assert "Cet enregistrement s’écoute sur la page du dossier." in words


def test_the_editors_own_words_have_no_number(tmp_path: Path) -> None:
    own = item(1, nature=None, role_label=None, territory_label=None, quote="À retenir.")
    words = words_of(tmp_path, own, item(2))
    assert "À retenir." in words
    assert "« À retenir" not in words
    assert "Extrait 1 Pratique" in words


@pytest.mark.parametrize(
    "where", ["quote", "caption", "signature", "role_label", "territory_label"]
)
def test_what_people_write_stays_what_they_wrote(tmp_path: Path, where: str) -> None:
    assert HOSTILE in words_of(tmp_path, item(1, **{where: HOSTILE}))


def test_a_signature_is_read_and_what_is_said_of_names_is_true_then(tmp_path: Path) -> None:
    words = words_of(tmp_path, item(1, signature="Une jeune de Berthe"), item(2))
    assert "— Une jeune de Berthe, Tuteur ou tutrice, Var" in words
    assert "ou avec la signature qu’elle a choisie" in words
    unsigned = words_of(tmp_path, item(1), withdrawn(2))
    assert "signature" not in unsigned
    assert "Le rôle et le département sont tout ce qui est dit d’une" in unsigned


def test_so_do_titles(tmp_path: Path) -> None:
    sections = [{"title": HOSTILE, "text": HOSTILE, "items": [item(1)]}]
    titles = {"title": HOSTILE, "public_title": HOSTILE, "introduction": HOSTILE}
    words = words_of(tmp_path, sections=sections, **titles)
    assert words.count(HOSTILE) >= 5


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Bien 😀👩‍👩‍👧 !", "□"),
        ("日本語", "□□□"),
        ("a\ue000b\u0007c", "a□b□c"),
        ("q\u0301 \u2067x\u2069 \u202e\u200b", "q"),
        ("a" * 500, "aaaa"),
        ("\u0628\u0489 \u05d0\u0489", "\u0628"),
    ],
)
def test_what_no_font_has_is_seen_to_be_missing(tmp_path: Path, written: str, read: str) -> None:
    words = words_of(tmp_path, item(1, quote=written)).replace("\u200b", "")
    assert read in words.replace(" ", "")  # what another font draws is drawn apart


def test_arabic_and_hebrew_are_shown_and_begin_at_the_right(tmp_path: Path) -> None:
    told = note.told(edition(tmp_path, item(1, quote="مرحبا\n\nשלום\n\nBonjour")))
    [words] = told["sections"][0]["items"]
    assert [paragraph["rtl"] for paragraph in words["quote"]] == [True, True, False]
    assert typesetting.legible(words["quote"]) == words["quote"]


def test_it_says_to_who_holds_it_what_is_true_for_them(tmp_path: Path) -> None:
    told = words_of(tmp_path, item(1), audience="services")
    assert "Elle vous est adressée" in told
    assert "un autre lien" in told
    told = words_of(tmp_path, item(1), audience="general_public")
    assert "vous est adressée" not in told
    assert "lien" not in told
    assert "tout le monde peut la lire" in told


def test_a_bundle_of_nothing_is_a_note_still(tmp_path: Path) -> None:
    words = words_of(tmp_path, balance={}, sections=[], introduction=None, audience="les_autres")
    assert "les autres" in words
    assert "0 parole" in words


def test_the_same_edition_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        note.make(edition(folder, item(1), recording(2, "Oui."), withdrawn(3)))
    assert (first / "note.pdf").read_bytes() == (second / "note.pdf").read_bytes()
