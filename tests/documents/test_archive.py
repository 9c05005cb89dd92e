"""What the archive of a release promises to who receives it."""

import json
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

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


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    assert made(tmp_path) == made(tmp_path)
    with ZipFile(BytesIO(made(tmp_path))) as found:
        assert {info.date_time for info in found.infolist()} == {(2013, 5, 14, 11, 0, 0)}
