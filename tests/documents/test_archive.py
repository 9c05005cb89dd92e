"""What the archive of a release promises to who receives it."""

import json
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pytest

from app.documents import archive
from app.documents.archive import Member
from tests.documents.editions import THEN, edition

FILM = b"0123456789" * 1000


def film() -> Iterator[bytes]:
    for start in range(0, len(FILM), 999):
        yield FILM[start : start + 999]


def made(folder: Path) -> bytes:
    content = edition(folder, title="Titre {x} {{y}} « ici »").content
    members = [
        archive.of_text("page.html", "<p>Bonjour</p>"),
        Member("enregistrements/01.mp4", len(FILM), sha256(FILM).hexdigest(), film),
    ]
    names = [member.name for member in members]
    members.insert(0, archive.readme(content, 2, THEN, names))
    whole = BytesIO()
    archive.write([archive.manifest("a" * 64, 2, THEN, members), *members], THEN, whole.write)
    return whole.getvalue()


def test_it_holds_each_file_and_its_fingerprint(tmp_path: Path) -> None:
    with ZipFile(BytesIO(made(tmp_path))) as found:
        assert found.testzip() is None
        told = json.loads(found.read("manifest.json"))
        assert told["release"] == {
            "number": 2,
            "published_at": "2013-05-14T09:00:00+00:00",
            "sha256": "a" * 64,
        }
        assert [file["name"] for file in told["files"]] == found.namelist()[1:]
        for file in told["files"]:
            content = found.read(file["name"])
            assert (len(content), sha256(content).hexdigest()) == (file["size"], file["sha256"])
        assert found.read("enregistrements/01.mp4") == FILM
        assert {info.compress_type for info in found.infolist()} == {ZIP_STORED}


def test_a_word_says_what_it_is_who_may_read_it_and_whom_to_ask(tmp_path: Path) -> None:
    with ZipFile(BytesIO(made(tmp_path))) as found:
        word = found.read("LISEZMOI.txt").decode()
    for said in (
        *("Titre {x} {{y}} « ici »", "n° 2 du 14 mai 2013", "Élus", "page.html : à ouvrir d'abord"),
        *("reprendre sa parole", "détruisez", "À qui s'adresser", "enregistrements/ : ce qui"),
    ):
        assert said in word
    assert "01.mp4" not in word


HOSTILE = [
    "<img src=x onerror=alert(1)> &amp;",
    "*gras* # titre $x$ _a_ `code`",
    "{{y}} {title} {0} %s \\\\ {",
    "مرحبا שלום \u202eredro\u202c fin",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_stays_what_they_wrote(tmp_path: Path, text: str) -> None:
    content = edition(tmp_path, title=text, public_title=text, audience=text).content
    word = b"".join(archive.readme(content, 2, THEN, ["page.html", text]).read()).decode()
    lines = word.splitlines()
    assert lines[0] == text
    assert lines[3] == f"{text}, dossier n° 2 du 14 mai 2013. Pour : {text.replace('_', ' ')}."
    assert f"- {text}" in lines


def word_of(folder: Path, **given: Any) -> str:
    """What is said to who receives it, on one line."""
    content = edition(folder, **given).content
    member = archive.readme(content, 2, THEN, ["page.html"])
    return " ".join(b"".join(member.read()).decode().split())


PERSONAL = ("Ne le publiez pas", "votre lien", "un autre lien", "Vous, à qui ce dossier")


def test_whoever_was_given_it_is_told_not_to_pass_it_on(tmp_path: Path) -> None:
    word = word_of(tmp_path, audience="elected_officials")
    assert [said for said in PERSONAL if said not in word] == []


@pytest.mark.parametrize("form", ["note", "web_page", "film", "event"])
def test_what_is_for_everybody_is_not_said_to_be_for_one_alone(tmp_path: Path, form: str) -> None:
    word = word_of(tmp_path, audience="general_public", form=form)
    assert [said for said in (*PERSONAL, "envoyé") if said in word] == []
    for said in ("Tout le monde.", "dites où vous l'avez", "détruisez", "À l'équipe du projet"):
        assert said in word


@pytest.mark.parametrize("audience", ["general_public", "elected_officials"])
def test_who_hangs_an_exhibition_is_told_what_to_do_with_its_panels(
    tmp_path: Path, audience: str
) -> None:
    word = word_of(tmp_path, audience=audience, form="exhibition")
    assert [said for said in (*PERSONAL, "Tout le monde.") if said in word] == []
    for said in ("accrochez", "décrochez", "détruisez", "À l'équipe du projet"):
        assert said in word


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    assert made(tmp_path) == made(tmp_path)
    with ZipFile(BytesIO(made(tmp_path))) as found:
        assert {info.date_time for info in found.infolist()} == {(2013, 5, 14, 11, 0, 0)}
