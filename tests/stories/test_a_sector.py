"""A sector: employers of culture and of social centres write, and the committee reads a note."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media.film import H264, PICTURES, SOUND, film
from tests.stories.conftest import Town
from tests.stories.people import OFFICIALS, Editor, Person, composed, items_of, quoted

POST = "On a refait la fiche de poste en dessins, et on l'a collée à la laverie du quartier."
PROUD = "J'avais oublié ce que ça fait, de voir quelqu'un réussir pour la première fois."
AFRAID = "J'ai promis à un garçon quelque chose que personne ne m'a promis à moi."


def discuss(evaluator: Person, editor: Editor, here: str) -> None:
    """A question beside a bundle, and what it changes."""
    asked = evaluator.posts(f"{here}/remarks", {"text": "Une seule pratique : le dit-on ?"})
    told = editor.gets(here)
    known = {"audience": "steering_committee", "form": "note", "sections": told["sections"]}
    where = {"territory_id": told["territory_id"], "introduction": told["introduction"]}
    new = {"title": "Employer dans la culture : trois voix"}
    editor.puts(here, {"scheme_id": editor.scheme_id} | known | where | new, expected=200)
    editor.puts(f"{here}/readiness")
    editor.puts(f"/remarks/{asked['id']}/resolution")
    (settled,) = evaluator.gets(f"{here}/remarks")["items"]
    assert settled["resolved_at"]
    newest, first = evaluator.gets(f"{here}/history")["items"]
    (change,) = newest["changes"]
    assert [(part["op"], part["text"]) for part in change["diff"]] == [
        *(("equal", "Employer dans la culture"), ("insert", " : trois voix"))
    ]
    assert evaluator.gets(f"{here}/history/{first['version']}")["content"]["title"] == told["title"]


def test_the_committee_is_warned_of_a_bundle_short_of_practices(town: Town) -> None:
    network = town.organization("Réseau culturel (essai)", "association")
    room = town.place("Salle du réseau", "other", network, "13055")
    animator, editor = town.animator(network), town.editor()

    # Employers would not speak well before a camera: the service says so, and forbids nothing.
    roles = ["employer", "prospective_employer"]
    filmed = animator.opens(room, method="video", roles_expected=roles)
    assert [advice["code"] for advice in filmed["advice"]] == ["method-role-fit"]
    written = animator.opens(room, method="written", roles_expected=roles)
    assert written["advice"] == []

    # The editors begin with the themes of the diary.
    editor.puts(f"/schemes/{editor.scheme_id}/codebook/starter", expected=200)
    themes = {t["name"]: t["id"] for t in editor.gets("/themes")["items"]}
    information, recruitment = themes["Information des employeurs"], themes["Recrutement"]

    # So they write. One of them is only thinking of employing somebody.
    sectors = {"employer": "culture", "low_qualification_employer": "social_work"}
    words = {"low_qualification_employer": POST, "employer": PROUD, "prospective_employer": AFRAID}
    natures = {POST: "practice", PROUD: "feeling", AFRAID: "feeling"}
    excerpts = []
    for role, body in words.items():
        sector = sectors.get(role, "culture")
        witness = animator.registers(written, role, *OFFICIALS, sector=sector)
        testimony = animator.hands_in(written, witness, body=body, sector=sector)
        editor.decides(testimony, "accept")
        coded = [recruitment] if body == POST else [information]
        excerpts.append(editor.quotes(testimony, body, natures[body], theme_ids=coded))

    # Who said something of job descriptions? It is found by its words, whatever their endings.
    (found,) = editor.gets("/search", q="fiches de poste", kind="testimony")["items"]
    assert "fiche de poste en dessins" in found["snippet"]
    assert editor.gets("/search/facets", q="fiches de poste")["role"] == {
        "low_qualification_employer": 1
    }

    # Two themes turn out to be one: what was coded with either is found with the other.
    editor.puts(f"/themes/{information}/merge", {"into": recruitment}, expected=200)
    assert len(editor.gets("/excerpts", theme_id=recruitment)["items"]) == 3
    assert len(editor.gets("/excerpts", theme_id=information)["items"]) == 3

    bundle = editor.composes(
        *(quoted(excerpt) for excerpt in excerpts),
        title="Employer dans la culture",
        audience="steering_committee",
        form="note",
        territory_id=editor.territory("93"),
    )

    # One practice of three passages: it is told, beside what could have been chosen.
    balance = editor.gets(f"/bundles/{bundle['id']}/balance")
    assert balance["bundle"]["count"] == 3
    assert balance["bundle"]["nature"] == {"practice": 0.3333, "feeling": 0.6667}
    assert balance["bundle"]["sector"] == {"culture": 0.6667, "social_work": 0.3333}
    assert balance["bundle"] == balance["corpus"]
    checks = editor.gets(f"/bundles/{bundle['id']}/checks")
    assert checks["blockers"] == []
    (warning,) = (w for w in checks["warnings"] if w["code"] == "few-practices")
    assert warning["facts"] == {"share": 0.3333}
    assert "33 % de pratiques" in warning["message"]

    # An evaluator asks about it, beside the bundle. The editor retitles it, and settles the matter.
    discuss(town.evaluator(), editor, f"/bundles/{bundle['id']}")

    # It is a warning, never a refusal: the committee may read it.
    release = editor.publishes(bundle)
    assert [item["quote"] for item in items_of(release["content"])] == [POST, PROUD, AFRAID]
    token = editor.gives(release, "Comité de pilotage (essai)")
    read = town.somebody().gets(f"/shared/{token}")
    assert (read["audience"], read["form"]) == ("steering_committee", "note")
    assert len(items_of(read)) == 3


@pytest.mark.slow
def test_young_people_watch_a_film_of_what_employers_do(
    town: Town, machines: Callable[[], None], tmp_path: Path
) -> None:
    network = town.organization("Réseau culturel (essai)", "association")
    room = town.place("Salle du réseau", "other", network, "13055")
    animator, editor = town.animator(network), town.editor()
    workshop = animator.opens(room, method="video", roles_expected=["tutor"])
    seen = ("written_inside", "written_public", "video_public")
    tutor = animator.registers(workshop, "tutor", *seen, reach="world")
    small = (*PICTURES, *SOUND, "-vf", "scale=160:90", *H264, "-c:a", "aac")
    with film(tmp_path / "fiche.mp4", *small, seconds=2).open("rb") as file:
        form = {"file": ("fiche.mp4", file, "video/mp4")}
        video = animator.asks("POST", "/media", 201, files=form).json()
    machines()
    told = {"body": POST, "method": "self_media", "media_ids": [video["id"]]}
    testimony = animator.hands_in(workshop, tutor, **told)
    editor.decides(testimony, "accept")

    passage = {"type": "time", "media_id": video["id"], "start_ms": 200, "end_ms": 1400}
    clip = editor.chooses(testimony, passage, "practice")
    machines()
    bundle = editor.composes(
        {"excerpt_id": clip["id"], "show_as": "video"},
        quoted(editor.quotes(testimony, POST, "practice")),
        title="La fiche en dessins",
        audience="young_people",
        form="film",
    )
    token = editor.gives(editor.publishes(bundle), "Classe de seconde (essai)")
    machines()
    files = composed(town.somebody(), token)
    assert files["film.mp4"][4:8] == b"ftyp"
    assert files["film.vtt"].startswith(b"WEBVTT")

    # The tutor does not want to be seen any more: the film is gone at once.
    animator.notes(tutor, "withdraw", "video_public")
    read = town.somebody()
    first, _ = items_of(read.gets(f"/shared/{token}"))
    assert first["withdrawn"]
    read.asks("GET", f"/shared/{token}/files/film.mp4", 410)
