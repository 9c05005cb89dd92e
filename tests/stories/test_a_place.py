"""A place: young people meet at the ERIC of Berthe, write and film; an official listens."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from io import StringIO
from pathlib import Path
from time import monotonic, sleep

import pytest

from app.worker import Workers
from tests.media.film import H264, PICTURES, SOUND, film
from tests.stories.conftest import Town
from tests.stories.people import (
    OFFICIALS,
    Animator,
    Editor,
    Person,
    Thing,
    composed,
    items_of,
    quoted,
)

CARDS = "Je fais une fiche à chaque question nouvelle"
RESPECT = "Le respect vient quand les gens voient que tu reviens le lendemain"
BADGE = "Au magasin on m'appelle par le nom de mon contrat"
RECITED = "Le dispositif constitue un levier structurant"
STUDIED = (*OFFICIALS, "dataset_evaluation")
PATIENCE = 60.0  # seconds for a small video, on a busy machine


def wait_until(true: Callable[[], object]) -> None:
    deadline = monotonic() + PATIENCE
    while not true():
        assert monotonic() < deadline, "waited in vain"
        sleep(0.1)


def post_video(animator: Animator, path: Path) -> Thing:
    """Post a video in a form; come back when it is ready."""
    with path.open("rb") as file:
        form = {"file": ("le permis.mp4", file, "video/mp4")}
        media: Thing = animator.asks("POST", "/media", 201, files=form).json()
    assert media["status"] in ("received", "processing", "ready")
    here = f"/media/{media['id']}"
    wait_until(lambda: animator.gets(here)["status"] == "ready")
    shown = animator.gets(here)
    assert {"web.mp4", "poster.jpg"} <= {file["name"] for file in shown["renditions"]}
    return shown


def export(evaluator: Person) -> list[dict[str, str]]:
    """The testimonies as a French spreadsheet opens them."""
    answer = evaluator.client.get(
        "/api/v1/exports/testimonies.csv",
        params={"purpose": "Évaluation 2013"},
        headers={"Accept-Language": "fr"},
    )
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def is_film(answer: object) -> bool:
    """Whether this is the beginning of a video: a player asks for ranges."""
    status, content = answer.status_code, answer.content  # type: ignore[attr-defined]
    return status == 206 and len(content) == 12 and content[4:8] == b"ftyp"


FIRST = {"Range": "bytes=0-11"}


@dataclass
class Heard:
    """Who came to the workshop, and what they gave."""

    nordine: Thing
    cards: Thing
    badge: Thing
    recited: Thing
    filmed: Thing
    video: Thing


@pytest.mark.slow
def test_from_the_workshop_to_the_official_and_back(
    town: Town, workers: Workers, tmp_path: Path
) -> None:
    host = town.organization("Association de Berthe (essai)", "eric_host")
    eric = town.place("ERIC-Cyber-base Berthe", "eric_cyber_base", host, "83126")
    animator, editor, evaluator = town.animator(host), town.editor(), town.evaluator()
    official = town.somebody()

    heard = listen(animator, eric, tmp_path)
    moderate(editor, animator, heard)
    release = give_back(editor, heard)

    # The official opens her personal link: the video plays, and she takes note.
    token = editor.gives(release, "Madame l'Élue (essai)")
    read = official.gets(f"/shared/{token}")
    first, film_item, last = items_of(read)
    assert (first["quote"], last["quote"]) == (CARDS, BADGE)
    assert (first["nature"], last["nature"]) == ("practice", "feeling")
    assert film_item["media"]["duration_ms"] == 1200
    assert is_film(official.client.get(film_item["media"]["url"], headers=FIRST))
    assert read["acknowledged_at"] is None
    official.puts(f"/shared/{token}/acknowledgement", expected=200)
    (delivery,) = editor.gets(f"/releases/{release['id']}/deliveries")["items"]
    assert delivery["opened_at"]
    assert delivery["acknowledged_at"]

    # So does a colleague of hers, by the page: an invitation, a button, the bundle.
    page, films = open_page(town.somebody(), editor.gives(release, "Monsieur l'Élu (essai)"))
    assert CARDS in page
    assert BADGE in page
    assert [is_film(official.client.get(address, headers=FIRST)) for address in films] == [True]

    # The evaluator studies the words of those who agreed to it: Inès did not.
    bodies = [row["body"] for row in export(evaluator)]
    assert sorted(bodies) == sorted([heard.cards["body"], heard.filmed["body"]])

    # Nordine does not want to be seen any more. At once, with every worker stopped, he is not.
    workers.stop()
    animator.notes(heard.nordine, "withdraw", "video_officials")
    _, film_item, last = items_of(official.gets(f"/shared/{token}"))
    assert (film_item["withdrawn"], film_item["media"], film_item["quote"]) == (True, None, None)
    assert last["quote"] == BADGE
    assert official.client.get(films[0], headers=FIRST).status_code == 404
    page, films = open_page(town.somebody(), editor.gives(release, "Une autre élue (essai)"))
    assert CARDS in page
    assert films == []


def listen(animator: Animator, eric: Thing, folder: Path) -> Heard:
    """A workshop. Four come; each says what may become of their words, then writes or films."""
    workshop = animator.opens(
        eric, kind="witness_group", method="video", roles_expected=["young_person"]
    )
    assert (workshop["state"], workshop["advice"]) == ("open", [])
    awa = animator.registers(workshop, "young_person", *STUDIED, birth_year=1991)
    ines = animator.registers(workshop, "young_person", *OFFICIALS, birth_year=1992)
    adviser = animator.registers(workshop, "support_worker", *STUDIED)
    nordine = animator.registers(
        workshop, "young_person", *STUDIED, "video_officials", birth_year=1990
    )
    small = (*PICTURES, *SOUND, "-vf", "scale=160:90", *H264, "-c:a", "aac")
    video = post_video(animator, film(folder / "permis.mp4", *small, seconds=2))
    filmed = {"body": f"{RESPECT}.", "method": "self_media", "media_ids": [video["id"]]}
    return Heard(
        nordine=nordine,
        cards=animator.hands_in(workshop, awa, body=f"{CARDS}. J'en ai quarante."),
        badge=animator.hands_in(workshop, ines, body=f"{BADGE}. Ça me pique."),
        recited=animator.hands_in(workshop, adviser, body=f"{RECITED}."),
        filmed=animator.hands_in(workshop, nordine, **filmed),
        video=video,
    )


def moderate(editor: Editor, animator: Animator, heard: Heard) -> None:
    """What says nothing is returned, with a reason that its animator reads; the rest is kept."""
    queue = editor.gets("/testimonies", state="submitted", sort="submitted_at", count=True)
    assert queue["total"] == 4
    assert queue["items"][0]["id"] == heard.cards["id"]
    here = f"/testimonies/{heard.recited['id']}"
    editor.finds(heard.recited, "institutional_wording", "prepared_text")
    assert animator.gets(f"{here}/candor")["level"] == "normed"
    asked = [question["label_fr"] for question in animator.gets(f"{here}/follow-ups")["questions"]]
    assert "Qu'avez-vous fait en premier ? Et ensuite ?" in asked
    editor.decides(heard.recited, "return", "too_vague")
    waits = editor.gets("/moderation-queue")
    assert (waits["submitted"], waits["returned"]) == (3, 1)
    assert animator.gets(here)["state"] == "returned"
    (decision,) = animator.gets(f"{here}/decisions")["items"]
    assert decision["reason_code"] == "too_vague"
    for testimony in (heard.cards, heard.badge, heard.filmed):
        editor.decides(testimony, "accept")


def give_back(editor: Editor, heard: Heard) -> Thing:
    """Practices and a feeling, for elected officials; published once the passage is cut."""
    passage = {"type": "time", "media_id": heard.video["id"], "start_ms": 200, "end_ms": 1400}
    clip = editor.chooses(heard.filmed, passage, "practice")
    bundle = editor.composes(
        quoted(editor.quotes(heard.cards, CARDS, "practice")),
        {"excerpt_id": clip["id"], "show_as": "video"},
        quoted(editor.quotes(heard.badge, BADGE, "feeling")),
        title="Berthe : ce qu'on fait quand ça coince",
        audience="elected_officials",
        form="web_page",
        territory_id=editor.territory("93"),
    )
    here = f"/bundles/{bundle['id']}/checks"
    wait_until(lambda: not editor.gets(here)["blockers"])
    return editor.publishes(bundle)


def open_page(reader: Person, token: str) -> tuple[str, list[str]]:
    """What a personal link shows once its button is pressed, and the recordings on it."""
    reader.client.cookies.clear()
    invitation = reader.client.get(f"/r/{token}")
    assert invitation.status_code == 200
    assert CARDS not in invitation.text
    page = reader.client.post(f"/r/{token}")
    assert page.status_code == 200, page.text
    assert page.history[0].status_code == 303
    text = unescape(page.text)
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"), re.findall(
        r'src="(/api/v1/releases/[^"]+\.mp4\?[^"]+)"', text
    )


def test_what_was_said_hangs_on_the_wall_and_fills_an_evening(
    town: Town, machines: Callable[[], None]
) -> None:
    host = town.organization("Association de Berthe (essai)", "eric_host")
    eric = town.place("ERIC-Cyber-base Berthe", "eric_cyber_base", host, "83126")
    animator, editor = town.animator(host), town.editor()
    workshop = animator.opens(eric, title="Un mardi à Berthe", roles_expected=["young_person"])
    awa = animator.registers(
        workshop, "young_person", *OFFICIALS, "written_public", reach="world", birth_year=1991
    )
    testimony = animator.hands_in(workshop, awa, body=f"{CARDS}. {RESPECT}.")
    editor.decides(testimony, "accept")
    skills = editor.theme("Compétences numériques")
    cards = editor.quotes(testimony, CARDS, "practice", theme_ids=[skills])
    practice, feeling = quoted(cards), quoted(editor.quotes(testimony, RESPECT, "feeling"))

    # Weeks later somebody remembers a question and a card, in other words than those said.
    found = editor.gets("/search", q="fiches questions nouvelles", kind="excerpt")["items"]
    assert [item["id"] for item in found] == [cards["id"]]
    assert [one["id"] for one in editor.gets("/excerpts", theme_id=skills)["items"]] == [
        cards["id"]
    ]
    assert editor.gets("/search/facets", q="fiches")["theme"] == {}, "the testimony has no theme"

    # Panels and cards for the walls of the ERIC, which everybody may read.
    shown = {"audience": "general_public", "form": "exhibition", "title": "Des mardis à Berthe"}
    exhibition = editor.publishes(editor.composes(practice, feeling, **shown))
    hung = editor.gives(exhibition, "ERIC de Berthe (essai)")
    machines()
    files = composed(town.somebody(), hung)
    assert [files[name][:4] for name in ("panels.pdf", "cards.pdf")] == [b"%PDF", b"%PDF"]

    # An evening with officials: who came is counted, what they said is told.
    where = {"territory_id": editor.territory("93")}
    told = {"audience": "elected_officials", "form": "event", "title": "Une soirée à Berthe"}
    evening = editor.publishes(editor.composes(practice, feeling, **told, **where))
    first, second = items_of(evening["content"])
    recorded = {
        "held_on": "2013-06-20",
        "place_id": eric["id"],
        "programme": [{"title": "Accueil"}, {"item_id": first["id"]}, {"item_id": second["id"]}],
        "attendance": [{"role": "elected_officials", "count": 6}, {"role": "tutor", "count": 9}],
        "shown": [first["id"]],
        "minutes": "On a parlé des fiches.",
        "reactions": [
            {"item_id": first["id"], "text": "J'en ferai autant.", "role": "elected_officials"}
        ],
    }
    here = f"/releases/{evening['id']}/event"
    editor.puts(here, recorded, expected=200)
    kept = editor.gets(here)
    assert (kept["minutes"], kept["shown"]) == ("On a parlé des fiches.", [first["id"]])
    assert [(one["role"], one["count"]) for one in kept["attendance"]] == [
        ("elected_officials", 6),
        ("tutor", 9),
    ]
    machines()
    papers = composed(town.somebody(), editor.gives(evening, "Madame l'Élue (essai)"))
    assert {"programme.pdf", "facilitator.pdf", "minutes.pdf"} <= papers.keys()

    # The animator hangs up what became of it, for those who came.
    sheet = animator.client.get(f"/api/v1/workshops/{workshop['id']}/return.pdf")
    assert (sheet.status_code, sheet.content[:4]) == (200, b"%PDF")

    # Awa takes everything back: nothing of it is read any more, and the minutes are not either.
    animator.posts("/withdrawals", {"witness_id": awa["id"], "all": True})
    machines()
    assert town.somebody().asks("GET", f"/shared/{hung}", 410)
    assert editor.asks("GET", here, 410)
