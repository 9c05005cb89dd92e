"""What the panels and cards of an exhibition promise to who hangs them, and to who spoke."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.documents.edition import Document, Edition
from app.documents.panels import EXHIBITION, cards, panels
from tests.documents.codes import text_of
from tests.documents.conftest import EditionOf, filmed, gone, item, snapshot
from tests.documents.reading import (
    codes_of,
    descriptions_of,
    is_accessible_and_lasting,
    pages_of,
    sizes_of,
    squeezed,
)

HOSTILE = '*gras* #import "x" $x$ {{ x }} <img src=x> @ref `code` \\ _a_ = // /* [x] 100 %'
SMALLEST_MM = 0.6  # of a module, to be read at arm's length
LINK = "https://retours.example.fr/r/" + "A" * 43 + "#"


@pytest.mark.parametrize("document", EXHIBITION, ids=lambda document: document.name)
def test_they_are_accessible_made_to_last_and_the_same_each_time(
    edition_of: EditionOf, poster: Path, document: Document
) -> None:
    film = filmed()
    given = {"posters": {film["id"]: poster}, "links": {film["id"]: LINK + film["id"]}}
    content = snapshot(item(), film)
    first, again = (document.make(edition_of(content, **given)) for _ in range(2))
    assert is_accessible_and_lasting(first)
    assert first.read_bytes() == again.read_bytes()
    other = document.make(edition_of(snapshot(item("Autre chose."), film), **given))
    assert other.read_bytes() != first.read_bytes()


def test_the_first_panel_says_what_it_is_who_was_heard_and_that_words_can_be_taken_back(
    edition_of: EditionOf,
) -> None:
    made = panels(edition_of(snapshot(item(), item(role_label="Jeune, Employeur"))))
    first, section, last = pages_of(made)
    assert sizes_of(made) == {(297, 420)}
    for told in ("Apprendre en faisant", "Dix personnes parlent.", "Tuteur ou tutrice", "Jeune"):
        assert squeezed(told) in first
    assert squeezed("Elle peut reprendre sa parole à tout moment") in first
    assert squeezed("Les débuts La première semaine.") in section
    assert squeezed("Pratique Tuteur ou tutrice Var « Je note tout dans un carnet. »") in section
    assert squeezed("Qui parle, et de quoi") in last


def test_the_balance_hides_what_the_snapshot_hides(edition_of: EditionOf) -> None:
    last = pages_of(panels(edition_of(snapshot(item()))))[-1]
    assert squeezed("Pratique 60 %") in last
    assert squeezed("Vidéo non communiqué") in last


def test_a_long_section_goes_on_and_nothing_of_it_is_cut(edition_of: EditionOf) -> None:
    long = " ".join(f"mot{n}" for n in range(4000))
    for make in (panels, cards):
        told = "".join(pages_of(make(edition_of(snapshot(item(), item(long), item("Fin."))))))
        assert [n for n in range(4000) if f"mot{n}" not in told] == []
    told_pages = pages_of(panels(edition_of(snapshot(item(long)))))
    assert len(told_pages) > 4
    assert squeezed("Les débuts (suite)") in told_pages[2]


@pytest.mark.parametrize("text", [HOSTILE, "السلام عليكم", "w" * 300, "a\nb\n\nc", "« Déjà »"])
def test_a_hostile_text_is_told_as_it_is(edition_of: EditionOf, text: str) -> None:
    given = dict.fromkeys(("caption", "signature", "role_label", "territory_label"), text)
    content = snapshot(item(text, **given), title=text[:200], public_title=text[:200])
    content["introduction"] = content["sections"][0]["text"] = text
    content["sections"][0]["title"] = text[:200]
    for make in (panels, cards):
        path = make(edition_of(content))
        assert is_accessible_and_lasting(path)
        if "س" not in text:  # drawn from right to left, letters joined: read by its structure
            assert squeezed(text) in "".join(pages_of(path))


def test_a_signature_is_read_above_the_role(edition_of: EditionOf) -> None:
    other = item("Merci.", signature="Un tuteur", role_label="Jeune")
    content = snapshot(item(signature="Une jeune de Berthe"), other)
    whole = "".join(pages_of(panels(edition_of(content))))
    for told in (whole, "".join(pages_of(cards(edition_of(content))))):
        assert squeezed("Une jeune de Berthe Tuteur ou tutrice Var") in told
        assert squeezed("Un tuteur Jeune") in told
    assert squeezed("ou avec la signature qu’elle a choisie") in whole
    unsigned = panels(edition_of(snapshot(item(), gone())))
    assert squeezed("signature") not in "".join(pages_of(unsigned))


def test_a_picture_is_shown_of_videos_whose_snapshot_has_one(
    edition_of: EditionOf, poster: Path
) -> None:
    seen = filmed(caption="À l'atelier")
    heard = filmed(media=seen["media"] | {"poster": None})
    voice = filmed(show_as="audio")
    posters = {film["id"]: poster for film in (seen, heard, voice)}
    for make in (panels, cards):
        made = make(edition_of(snapshot(seen, heard, voice), posters=posters))
        assert descriptions_of(made) == ["Image de la vidéo : À l'atelier"]


def test_a_code_opens_the_recording_and_says_so(edition_of: EditionOf) -> None:
    film = filmed()
    made = cards(edition_of(snapshot(film, item()), links={film["id"]: LINK + film["id"]}))
    [described] = descriptions_of(made)
    assert described.endswith(LINK + film["id"])
    assert squeezed("Pour voir la vidéo (1 min 5 s)") in "".join(pages_of(made))
    whole, one = descriptions_of(panels(edition_of(snapshot(film), links={film["id"]: LINK + "x"})))
    assert whole.endswith(LINK.rstrip("#"))
    assert one.endswith(LINK + "x")
    assert descriptions_of(panels(edition_of(snapshot(film)))) == []


@pytest.mark.parametrize("make", [panels, cards])
def test_what_a_telephone_sees_is_the_link_and_it_is_large_enough(
    edition_of: EditionOf, make: Callable[[Edition], Path]
) -> None:
    films = [filmed(), filmed()]
    links = {film["id"]: LINK + film["id"] for film in films}
    seen = codes_of(make(edition_of(snapshot(item(), *films), links=links)))
    whole = [LINK.rstrip("#")] if make is panels else []
    assert [text_of(code.modules) for code in seen] == [*whole, *links.values()]
    assert min(code.module_mm for code in seen) > SMALLEST_MM
    for code in seen:
        border = [*code.modules[:4], *code.modules[-4:]]
        border += [row[:4] + row[-4:] for row in code.modules]
        assert not any(map(any, border)), "a reader wants white around it"


def test_what_is_said_in_a_recording_is_read_beside_it(edition_of: EditionOf) -> None:
    cues = [{"start_ms": 0, "end_ms": 9, "text": "Au début"}, {"text": "je n'osais pas."}]
    film = filmed()
    film["media"] = film["media"] | {"captions": {"language": "fr", "cues": cues}}
    for make in (panels, cards):
        told = "".join(pages_of(make(edition_of(snapshot(film)))))
        assert squeezed("« Au début je n'osais pas. »") in told


def test_each_quote_has_a_card_and_what_an_editor_wrote_has_none(edition_of: EditionOf) -> None:
    nobody = {"nature": None, "role_label": None, "territory_label": None}
    content = snapshot(item(), item("Ce jour-là, il pleuvait.", **nobody), item("Merci."))
    made = cards(edition_of(content))
    assert sizes_of(made) == {(297, 210)}
    first, second = pages_of(made)
    assert squeezed("Je note tout dans un carnet.") in first
    assert squeezed("Merci.") in second
    assert squeezed("Ce jour-là, il pleuvait.") in "".join(pages_of(panels(edition_of(content))))


def test_of_what_was_taken_back_only_that_is_told(edition_of: EditionOf) -> None:
    content = snapshot(item(), gone(), gone(withdrawn_on_request=False))
    told = "".join(pages_of(panels(edition_of(content))))
    assert squeezed("Un témoignage a été retiré à la demande de la personne.") in told
    assert squeezed("Un témoignage ne peut plus être montré ici.") in told
    assert len(pages_of(cards(edition_of(content)))) == 1


def test_when_nothing_can_be_shown_any_more_they_say_so(edition_of: EditionOf) -> None:
    content = snapshot(gone(), gone(), balance={})
    assert squeezed("2 témoignages ont été retirés") in "".join(
        pages_of(panels(edition_of(content)))
    )
    assert (
        squeezed("Aucune parole ne peut être montrée.") in pages_of(cards(edition_of(content)))[0]
    )
