"""The archive of a release: all of it in one zip, written as it goes, in constant memory.

It begins with a word to who receives it, and with the SHA-256 of each of its files. Nothing in it
is compressed, and every date is that of the release: the same members give the same bytes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from zipfile import ZipFile, ZipInfo

from app.documents.edition import Readers, audience_of, readers_of
from app.documents.wording import HERE, day

README, MANIFEST = "LISEZMOI.txt", "manifest.json"
RECORDINGS = "enregistrements"
WORDS = """\
{title}
{rule}

{public_title}, dossier n° {number} du {day}. Pour : {audience}.

Ce que c'est
------------
Des paroles recueillies auprès de personnes concernées, choisies par l'équipe du projet pour ce
qu'elles apprennent. Ce n'est pas un sondage.

{contents}

Qui peut le lire
----------------
{readers}

Ces paroles peuvent être reprises
---------------------------------
Chaque personne peut reprendre sa parole à tout moment, sans dire pourquoi. Ce dossier est alors
rappelé, et un autre le remplace.
{recall}

À qui s'adresser
----------------
{contact}
"""
FOR: dict[Readers, dict[str, str]] = {  # what depends on who receives it
    Readers.RECIPIENT: {
        "readers": """\
Vous, à qui ce dossier a été remis. Chaque personne a accepté d'être lue, vue ou entendue par ce
public, sous cette forme, et pas au-delà. Ne le publiez pas, ne le transmettez pas : pour le
partager, demandez un autre lien à la personne qui vous l'a envoyé.""",
        "recall": """\
Vous en serez averti en ouvrant votre lien : détruisez alors cette copie, et toutes celles que vous
en auriez faites.""",
        "contact": """\
À la personne qui vous a envoyé ce dossier. Elle sait aussi qui veille, dans sa structure, à la
protection des données.""",
    },
    Readers.EVERYBODY: {
        "readers": """\
Tout le monde. Chaque personne a accepté d'être lue, vue ou entendue par le grand public, sous
cette forme, et pas sous une autre. Pour faire connaître ce dossier, dites où vous l'avez trouvé,
plutôt que de donner cette copie : une copie garde les paroles que l'on reprend.""",
        "recall": """\
Cette copie, elle, ne change pas, et personne ne peut vous avertir. Avant de vous en servir,
retournez où vous l'avez trouvée : si le dossier n'y est plus, ou s'il a changé, détruisez-la, et
toutes celles que vous en auriez faites.""",
        "contact": """\
À l'équipe du projet. Elle sait aussi qui veille, dans sa structure, à la protection des
données.""",
    },
    Readers.VISITORS: {
        "readers": """\
Vous qui accrochez l'exposition, et le public pour qui elle est faite, devant ses panneaux. Chaque
personne a accepté d'être lue, vue ou entendue par ce public, sous cette forme, et pas au-delà.
Imprimez et accrochez ce qui est ici ; ne le mettez pas en ligne, et n'en donnez pas de copie.""",
        "recall": """\
Les codes des panneaux ne mènent alors plus à rien : décrochez ces panneaux, détruisez cette copie,
et toutes celles que vous en auriez faites.""",
        "contact": """\
À l'équipe du projet, qui vous donnera aussi les nouveaux panneaux. Elle sait qui veille, dans sa
structure, à la protection des données.""",
    },
}
CONTENTS = {  # what is in it, by the end of its name
    "page.html": "à ouvrir d'abord, dans un navigateur : tout le dossier, lisible hors connexion.",
    ".pdf": "à lire ou à imprimer.",
    ".mp4": "une vidéo.",
    ".m4a": "un enregistrement sonore.",
    ".vtt": "ce qui est dit dans l'enregistrement du même nom.",
    MANIFEST: "l'empreinte (SHA-256) de chaque fichier, pour vérifier qu'aucun n'a changé.",
}


@dataclass(frozen=True)
class Member:
    """A file of the archive. `read` gives its bytes, `size` of them, when they are wanted."""

    name: str
    size: int
    sha256: str
    read: Callable[[], Iterable[bytes]]


def of_text(name: str, text: str) -> Member:
    """A member that is short, and known already."""
    told = text.encode()
    return Member(name, len(told), sha256(told).hexdigest(), lambda: [told])


def readme(content: dict[str, Any], number: int, at: datetime, names: Iterable[str]) -> Member:
    """The word to who receives it, who may be nobody of the trade."""
    said = {
        "title": content["title"],
        "rule": "=" * min(len(content["title"]), 80),
        "public_title": content["public_title"],
        "number": number,
        "day": day(at),
        "audience": audience_of(content),
        "contents": "\n".join(_told([*names, MANIFEST])),
    }
    return of_text(README, WORDS.format(**said, **FOR[readers_of(content)]))


def manifest(snapshot: str, number: int, at: datetime, members: Sequence[Member]) -> Member:
    """Which release it is, and each of its files: name, size in bytes, SHA-256 in hexadecimal."""
    files = [{"name": m.name, "size": m.size, "sha256": m.sha256} for m in members]
    told = {"release": {"number": number, "published_at": at.isoformat(), "sha256": snapshot}}
    return of_text(MANIFEST, json.dumps(told | {"files": files}, ensure_ascii=False, indent=1))


def write(
    members: Iterable[Member],
    at: datetime,
    put: Callable[[bytes], object],
    heed: Callable[[int], None] = lambda _: None,
) -> None:
    """The zip of these members, put as it is made; `heed` is told how many bytes are read."""
    with ZipFile(_Sink(put), "w") as archive:
        for member in members:
            about = ZipInfo(member.name, at.astimezone(HERE).timetuple()[:6])
            about.create_system, about.external_attr = 3, 0o644 << 16  # as on Unix, everywhere
            about.file_size = member.size
            with archive.open(about, "w") as file:
                for chunk in member.read():
                    file.write(chunk)
                    heed(len(chunk))


class _Sink:
    """Where a zip is written to that cannot be gone back in."""

    def __init__(self, put: Callable[[bytes], object]) -> None:
        self._put = put

    def write(self, chunk: bytes) -> int:
        self._put(bytes(chunk))
        return len(chunk)

    def flush(self) -> None:
        """What is put is put."""

    def close(self) -> None:
        """Whoever opened it closes it."""


def _told(names: Iterable[str]) -> Iterator[str]:
    """« - note.pdf : à lire ou à imprimer. »; recordings are told together."""
    names = list(names)
    for name in names:
        if not name.startswith(f"{RECORDINGS}/"):
            what = next((told for end, told in CONTENTS.items() if name.endswith(end)), None)
            yield f"- {name} : {what}" if what else f"- {name}"
    if any(name.startswith(f"{RECORDINGS}/") for name in names):
        yield f"- {RECORDINGS}/ : ce qui se voit ou s'entend sur la page, et ce qui y est dit."
