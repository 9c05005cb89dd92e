"""What a search finds, for whom, and what it never tells."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.testimonies.models import Nature, State
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from tests.make import Make
from tests.search.conftest import Search

URL = "/api/v1/search"
INSIDE = Cell(Medium.ANONYMOUS_TEXT, TEAM, "note", Purpose.EVALUATION)


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in found]


# What is found


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("L'employeur n'a rien dit.", "employeurs"),
        ("Les employeurs n'ont rien dit.", "l’employeur"),
        ("J’ai été prévenue la veille.", "prevenu"),
        ("On m'a prevenu la veille.", "prévenues"),
        ("Une œuvre collective", "oeuvres"),
        ("NOËL AU CHANTIER", "noel"),
        ("Il y a 14 contrats.", "14"),
        ("C'est un porte-monnaie.", "porte-monnaie"),
        ("Le recrutement a duré.", "recrutem"),
        ("Le recrutement a duré.", "le recrutement"),
        ("Et l'arc-en-ciel 🌈 après", "arc en ciel"),
        ("La me\u0301thode", "méthode"),
    ],
)
def test_accents_elisions_and_endings_do_not_matter(
    as_editor: TestClient, make: Make, search: Search, said: str, asked: str
) -> None:
    wanted = make.testimony(title=None, body=said)
    make.testimony(title=None, body="Tout autre chose.")
    assert ids(search(as_editor, asked)) == [str(wanted.id)]


def test_all_the_words_a_phrase_and_what_is_excluded(
    as_editor: TestClient, make: Make, search: Search
) -> None:
    both = make.testimony(title=None, body="Le tuteur a payé mon permis le premier jour.")
    apart = make.testimony(title=None, body="Mon permis ? Le jour du premier tuteur.")
    make.testimony(title=None, body="Le tuteur seul.")
    assert set(ids(search(as_editor, "permis tuteur"))) == {str(both.id), str(apart.id)}
    assert ids(search(as_editor, '"premier jour"')) == [str(both.id)]
    assert ids(search(as_editor, 'tuteur permis -"premier jour"')) == [str(apart.id)]
    assert ids(search(as_editor, "permis -paye")) == [str(apart.id)]
    assert search(as_editor, "-permis") == []


@pytest.mark.parametrize(
    "asked", ['"', "*", "%", "NEAR(", "'", "a:b", "tit* OR", "{title} : x", "\\", "-", '-"', "💬"]
)
def test_nothing_in_a_question_is_an_operator(
    as_editor: TestClient, make: Make, search: Search, asked: str
) -> None:
    told = make.testimony(title=None, body="Rien de tout cela.")
    assert search(as_editor, asked) == []
    assert as_editor.get("/api/v1/testimonies", params={"q": asked}).json()["items"] == []
    both = f"{asked} cela"
    listed = as_editor.get("/api/v1/testimonies", params={"q": both}).json()["items"]
    assert ids(listed) == ids(search(as_editor, both))
    assert ids(listed) in ([str(told.id)], [])


def test_a_question_may_not_be_huge(as_editor: TestClient) -> None:
    for asked in ("mot " * 10_000, " ".join(f"m{n}" for n in range(100))):
        answer = as_editor.get(URL, params={"q": asked})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/q"
    for nothing in ({}, {"q": ""}):
        assert as_editor.get(URL, params=nothing).json() == {"items": [], "next_cursor": None}
    assert as_editor.get(URL, params={"q": "x", "unknown": 1}).status_code == 422


def test_titles_and_tags_come_first_then_the_newest(
    as_editor: TestClient, make: Make, search: Search
) -> None:
    old = make.testimony(title="Le permis", body="On attend.")
    tagged = make.testimony(title=None, body="On attend.", tags=["permis"])
    older = make.testimony(title=None, body="Le permis, on l'attend.")
    newer = make.testimony(title=None, body="Le permis, on l'attend encore.")
    make.testimony(title="Autre chose", body="On attend.")
    found = search(as_editor, "permis")
    assert ids(found) == [str(one.id) for one in (tagged, old, newer, older)]
    assert [item["score"] for item in found] == [2, 2, 1, 1]


def test_pages_follow_each_other(
    as_editor: TestClient, make: Make, index: Callable[[], None]
) -> None:
    wanted = {str(make.testimony(title=None, body=f"Mobilité {n}").id) for n in range(7)}
    wanted |= {str(make.testimony(title="Mobilité", body="…").id) for _ in range(3)}
    make.testimony(title=None, body="Autre chose")
    index()
    page = as_editor.get(URL, params={"q": "mobilite", "limit": 3, "count": True})
    assert page.json()["total"] == 10
    seen = ids(page.json()["items"])
    while "next" in page.links:
        page = as_editor.get(page.links["next"]["url"])
        seen += ids(page.json()["items"])
    assert len(seen) == len(set(seen)) == 10
    assert set(seen) == wanted
    assert as_editor.get(URL, params={"q": "mobilite", "cursor": "WzksOV0="}).status_code == 422


def test_excerpts_and_transcripts_are_found_too(
    as_editor: TestClient, make: Make, search: Search
) -> None:
    media = make.media()
    testimony = make.testimony(title="Karim", body="Le car passe à six heures.", media=[media])
    excerpt = make.excerpt(testimony, exact="Le car passe", public_quote="Le car passe tôt")
    transcript = make.transcript(media, "Bonjour.", "Le car ne passe pas le dimanche.")
    make.transcript(make.media(), "Un car que personne ne voit : sans témoignage.")
    make.transcript(media, "Un brouillon sur le car", approved_at=None)
    found = {(item["kind"], item["id"]) for item in search(as_editor, "car")}
    assert found == {
        ("testimony", str(testimony.id)),
        ("excerpt", str(excerpt.id)),
        ("transcript", str(transcript.id)),
    }
    (one,) = search(as_editor, "dimanche")
    assert (one["testimony_id"], one["title"]) == (str(testimony.id), "Karim")
    assert ids(search(as_editor, "tot", kind="excerpt")) == [str(excerpt.id)]
    assert search(as_editor, "tot", kind="testimony") == []


def test_a_snippet_shows_where_it_stands(as_editor: TestClient, make: Make, search: Search) -> None:
    body = (
        "Bonjour 👋🏽. " * 50
        + "Mon employeur n'a pas payé. <b>Deux employeurs !</b> "
        + "Fin. " * 90
    )
    make.testimony(title=None, body=body)
    (item,) = search(as_editor, "l'employeur")
    marked = [item["snippet"][start:end] for start, end in item["ranges"]]
    assert marked == ["employeur", "employeurs"]
    assert item["snippet"].strip("…") in body
    assert len(item["snippet"]) < 250
    assert "<b>" in item["snippet"]


def test_filters_are_those_of_testimonies(
    as_editor: TestClient, make: Make, search: Search
) -> None:
    theme, other = make.theme(), make.theme()
    wanted = make.testimony(
        body="La mobilité", nature=Nature.IDEA, themes=[theme], recorded_on=date(2014, 2, 1)
    )
    make.testimony(body="La mobilité", nature=Nature.FEELING, themes=[other])
    excerpt = make.excerpt(wanted, exact="La mobilité", nature=Nature.PRACTICE, practice={})
    assert ids(search(as_editor, "mobilité", nature="idea")) == [str(wanted.id)]
    assert ids(search(as_editor, "mobilité", theme_id=str(theme.id))) == [str(wanted.id)]
    assert ids(search(as_editor, "mobilité", nature="practice")) == [str(excerpt.id)]
    later = search(as_editor, "mobilité", recorded_from="2014-01-01", kind="testimony")
    assert ids(later) == [str(wanted.id)]
    assert search(as_editor, "mobilité", tag="absent") == []


def test_the_list_of_testimonies_takes_a_question_too(
    as_editor: TestClient, make: Make, index: Callable[[], None]
) -> None:
    wanted = make.testimony(body="Le car passe à six heures.")
    make.testimony(body="Le train, jamais.")
    index()
    answer = as_editor.get("/api/v1/testimonies", params={"q": "cars", "count": True})
    assert ids(answer.json()["items"]) == [str(wanted.id)]
    assert answer.json()["total"] == 1
    assert as_editor.get("/api/v1/testimonies", params={"q": "*"}).json()["items"] == []


# By whom


def test_each_finds_what_they_may_read(
    as_animator: TestClient,
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_outsider: TestClient,
    as_administrator: TestClient,
    animator: Account,
    make: Make,
    search: Search,
) -> None:
    home = animator.organization
    draft, submitted, accepted, rejected, withdrawn = (
        str(make.testimony(body="La mobilité", state=state, organization=home).id)
        for state in (
            State.DRAFT,
            State.SUBMITTED,
            State.ACCEPTED,
            State.REJECTED,
            State.WITHDRAWN,
        )
    )
    assert set(ids(search(as_animator, "mobilité"))) == {draft, submitted, accepted, rejected}
    assert set(ids(search(as_editor, "mobilité"))) == {submitted, accepted, rejected}
    assert ids(search(as_evaluator, "mobilité")) == [accepted]
    for stranger in (as_outsider, as_administrator):
        assert search(stranger, "mobilité") == []
    counted = as_evaluator.get(URL, params={"q": "mobilité", "count": True})
    assert counted.json()["total"] == 1
    assert withdrawn not in counted.text


def test_strangers_are_told_nothing(as_anonymous: TestClient) -> None:
    assert as_anonymous.get(URL, params={"q": "mobilité"}).status_code == 401
    assert as_anonymous.get(f"{URL}/facets", params={"q": "mobilité"}).status_code == 401


def test_who_refuses_the_team_is_found_by_nobody(
    as_editor: TestClient, make: Make, search: Search
) -> None:
    witness, other = make.witness(), make.witness()
    media = make.media()
    said = make.testimony(body="La mobilité", witnesses=[witness])
    make.excerpt(said, exact="La mobilité")
    make.testimony(body="Autre chose", media=[media], witnesses=[other])
    transcript = make.transcript(media, "La mobilité, parlons-en.")
    alone = make.media()
    kept = make.testimony(body="Autre chose", media=[alone], witnesses=[other])
    make.transcript(alone, "La mobilité, toujours.")
    make.appearance(media, witness)
    assert str(transcript.id) in ids(search(as_editor, "mobilité"))
    assert len(search(as_editor, "mobilité")) == 4
    make.consent(witness, INSIDE, verb=Verb.REFUSE)
    assert [item["testimony_id"] for item in search(as_editor, "mobilité")] == [str(kept.id)]
