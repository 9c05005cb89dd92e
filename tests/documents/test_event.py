"""What the papers of an event promise: to who leads it, to who came, to who spoke."""

from pathlib import Path
from typing import Any

import pytest

from app.documents.edition import Document
from app.documents.event import EVENT, facilitator, minutes, programme
from tests.documents.conftest import EditionOf, Item, filmed, gone, item, snapshot
from tests.documents.reading import is_accessible_and_lasting, pages_of, sizes_of, squeezed

HOSTILE = '*gras* #import "x" $x$ {{ x }} <img src=x> @ref `code` \\ _a_ = // [x]'
HIDDEN = {"value": None, "suppressed": True}


def recorded(*items: Item, **given: Any) -> dict[str, Any]:
    """What `releases` tells of an event at which these were shown."""
    return {
        "held_on": "2026-05-14",
        "starts_at": "2026-05-14T16:30:00+00:00",
        "place": "Salle du conseil",
        "programme": [],
        "attendance": {"at_least": 20, "roles": [{"label": "Élus", "share": 0.6}]},
        "shown": [one["id"] for one in items],
        "minutes": "On a parlé des tuteurs.",
        "reactions": [],
    } | given


def told(path: Path) -> str:
    return "".join(pages_of(path))


@pytest.mark.parametrize("document", EVENT, ids=lambda document: document.name)
def test_they_are_accessible_made_to_last_and_the_same_each_time(
    edition_of: EditionOf, document: Document
) -> None:
    content = snapshot(item(), filmed())
    for event in (None, recorded(*content["sections"][0]["items"])):
        first, again = (document.make(edition_of(content, event=event)) for _ in range(2))
        assert is_accessible_and_lasting(first)
        assert first.read_bytes() == again.read_bytes()
        assert sizes_of(first) == {(210, 297)}


def test_the_programme_is_in_order_with_durations_place_and_date(edition_of: EditionOf) -> None:
    words, film = item("un mot " * 200), filmed()
    steps = [
        {"item_id": film["id"], "title": "La vidéo", "duration_ms": None},
        {"item_id": None, "title": "Pause", "duration_ms": 600_000},
        {"item_id": words["id"], "title": None, "duration_ms": None},
    ]
    event = recorded(programme=steps)
    found = told(programme(edition_of(snapshot(words, film), event=event)))
    assert squeezed("14 mai 2026 à 18 h 30, Salle du conseil") in found
    assert squeezed("1 La vidéo Jeune, Var 1 min 5 s 2 Pause 10 min 3 Une parole lue") in (
        found.replace("Pratique·", "")
    )
    assert squeezed("environ 4 min") in found
    assert squeezed("En tout, environ 16 min") in found


def test_without_one_it_is_what_the_snapshot_holds(edition_of: EditionOf) -> None:
    found = told(programme(edition_of(snapshot(item(), filmed(), gone()))))
    assert squeezed("1 Une parole lue") in found
    assert squeezed("2 Une vidéo") in found
    assert "3" not in found.partition("Entout")[0].rpartition("2Unevidéo")[2]


def test_who_leads_it_is_told_what_to_say_and_what_to_ask(edition_of: EditionOf) -> None:
    content = snapshot(item(nature="practice"), item("Merci.", nature="feeling"))
    found = told(facilitator(edition_of(content)))
    for expected in (
        "Personne n’est nommé",
        "On n’enregistre pas",
        "peut reprendre sa parole à tout moment",
        "Qui fait de même ici ?",
        "a pu la mener à ressentir cela ?",
        "« Merci. »",
        "Notes",
    ):
        assert squeezed(expected) in found


def test_the_minutes_tell_who_came_what_was_shown_and_what_was_said(edition_of: EditionOf) -> None:
    first, second, third = item("Un."), item("Deux."), item("Trois.")
    reactions = [
        {"item_id": second["id"], "text": "Je ne savais pas.", "role_label": "Élus"},
        {"item_id": second["id"], "text": "Nous non plus.", "role_label": None},
    ]
    roles = [{"label": "Élus", "share": 0.6}, {"label": "Tuteurs", "share": HIDDEN}]
    event = recorded(
        first, second, reactions=reactions, attendance={"at_least": 20, "roles": roles}
    )
    found = told(minutes(edition_of(snapshot(first, second, third), event=event)))
    assert squeezed("Au moins 20 personnes") in found
    assert squeezed("Élus 60 % Tuteurs non communiqué") in found
    assert squeezed("On a parlé des tuteurs.") in found
    after = found.partition("Deux.")[2]
    assert squeezed("Je ne savais pas. Élus Nous non plus.") in after
    assert squeezed("Aucune réaction notée.") in found.partition("Deux.")[0]
    assert "Trois." not in found  # it was not shown


def test_a_signature_is_told_and_nobody_is_named_otherwise(edition_of: EditionOf) -> None:
    signed = item(signature="Une jeune de Berthe")
    for make in (programme, facilitator, minutes):
        found = told(make(edition_of(snapshot(signed), event=recorded(signed))))
        assert squeezed("Une jeune de Berthe, Tuteur ou tutrice, Var") in found
    sheets = [told(facilitator(edition_of(snapshot(one)))) for one in (item(), signed)]
    assert [squeezed("Personne n’est nommé :") in sheet for sheet in sheets] == [True, False]
    assert squeezed("autrement que par la signature") in sheets[1]


def test_that_too_few_came_is_all_that_is_told(edition_of: EditionOf) -> None:
    one = item()
    crowd = {"at_least": HIDDEN, "roles": [{"label": "Tuteurs", "share": HIDDEN}]}
    found = told(minutes(edition_of(snapshot(one), event=recorded(one, attendance=crowd))))
    assert squeezed("Trop peu de personnes") in found


@pytest.mark.parametrize(
    "event",
    [None, recorded(minutes=None, attendance={"at_least": None, "roles": []})],
    ids=["nothing", "only the date"],
)
def test_with_nothing_noted_they_are_a_form(edition_of: EditionOf, event: Any) -> None:
    found = told(minutes(edition_of(snapshot(item(), item("Merci.")), event=event)))
    assert squeezed("cette feuille est à remplir") in found
    assert squeezed("Combien") in found
    assert squeezed("Merci.") in found
    assert (squeezed("Date :") in found) == (event is None)


@pytest.mark.parametrize("text", [HOSTILE, "w" * 300, "a\nb\n\nc"])
def test_a_hostile_text_is_told_as_it_is(edition_of: EditionOf, text: str) -> None:
    given = {"caption": text[:4000], "role_label": text[:200], "territory_label": text[:200]}
    given["signature"] = text[:64]
    one = item(text, **given)
    steps = [{"item_id": None, "title": text[:200], "duration_ms": 86_400_000}]
    event = recorded(
        one,
        minutes=text,
        place=text[:200],
        programme=steps,
        reactions=[{"item_id": one["id"], "text": text[:4000], "role_label": text[:40]}],
    )
    content = snapshot(one, title=text[:200], introduction=text)
    for document in EVENT:
        path = document.make(edition_of(content, event=event))
        assert is_accessible_and_lasting(path)
        assert squeezed(text[:200]) in told(path)
    assert squeezed(text) in told(minutes(edition_of(content, event=event)))


def test_right_to_left_and_nothing_at_all(edition_of: EditionOf) -> None:
    for content in (snapshot(item("السلام عليكم")), snapshot(gone()), snapshot()):
        for document in EVENT:
            assert is_accessible_and_lasting(document.make(edition_of(content)))


@pytest.mark.parametrize("word", ["שלום", "مرحبا"])
def test_words_from_right_to_left_are_drawn_so(edition_of: EditionOf, word: str) -> None:
    one = item(word, signature=word, role_label=word, territory_label=word, caption=word)
    event = recorded(
        one,
        place=word,
        minutes=f"Minutes\n\n{word}",
        programme=[{"item_id": one["id"], "title": f"Étape {word}", "duration_ms": None}],
        reactions=[{"item_id": one["id"], "text": f"Réaction {word}", "role_label": word}],
    )
    drawn = word[::-1]  # what is read last is drawn first, at the left
    content = snapshot(one, title=f"Titre {word}")
    for document, steps in zip(EVENT, ("Étape", "Étape", "Réaction"), strict=True):
        found = told(document.make(edition_of(content, event=event)))
        assert "□" not in found
        assert f"Titre{drawn}" in found
        assert f"{steps}{drawn}" in found
        assert found.count(drawn) >= 4, document.name


def test_long_minutes_go_on_and_nothing_of_them_is_cut(edition_of: EditionOf) -> None:
    long = " ".join(f"mot{n}" for n in range(3000))
    one = item()
    found = told(minutes(edition_of(snapshot(one), event=recorded(one, minutes=long))))
    assert [n for n in range(3000) if f"mot{n}" not in found] == []
