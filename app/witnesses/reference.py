"""The notice that every installation starts with; `migrate` adds it.

Its choices are those that people met by the project understood; a Region that words its own
publishes another version at `/notices`.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.witnesses.consents import new_notice
from app.witnesses.models import Notice
from app.witnesses.schemas import Choice

CODE = "accueil"
OFFICIAL = ["elected_officials", "services", "steering_committee", "cotefe"]
PUBLIC = [*OFFICIAL, "young_people", "employers", "tutors", "field_actors", "general_public"]
FORMS = ["film", "exhibition", "note", "event", "filmed_interview", "web_page"]
PURPOSES = ["evaluation", "improvement"]

TEXT = """\
Vous allez parler de votre expérience. Voici ce que nous faisons de vos paroles.

Elles servent à comprendre comment le dispositif fonctionne en vrai, et à l'améliorer. Votre nom \
n'apparaît nulle part : vous êtes connu·e sous un pseudonyme. Ce que vous dites n'est montré que \
si vous l'avez choisi, à qui vous l'avez choisi, sous la forme que vous avez choisie.

Vous pouvez dire oui à une chose et non à une autre. Votre accord dure deux ans. Vous pouvez \
changer d'avis quand vous voulez, sans dire pourquoi, avec votre code de suivi ou auprès de la \
personne qui vous a accueilli·e : vos paroles sont alors retirées partout.

Avant vos 18 ans, rien ne sort de l'équipe sans votre accord et celui de vos parents."""

SIMPLE_TEXT = """\
Vous parlez. Nous écoutons.

Votre nom est caché.
Vous choisissez qui lit vos mots.
Vous pouvez dire non.
Vous pouvez changer d'avis quand vous voulez.
Si vous changez d'avis, nous effaçons vos mots."""


def _cells(media: list[str], audiences: list[str], forms: list[str]) -> list[dict[str, Any]]:
    return [{"media": media, "audiences": audiences, "forms": forms, "purposes": PURPOSES}]


FILMED = ["voice", "image", "anonymous_text"]
CHOICES: list[tuple[str, str, list[dict[str, Any]]]] = [
    (
        "written_inside",
        "L'équipe du projet peut lire mes paroles, sans mon nom.",
        _cells(["anonymous_text"], ["team"], FORMS),
    ),
    (
        "written_officials",
        "Les élus, les services et les comités peuvent lire mes paroles, sans mon nom.",
        _cells(["anonymous_text"], OFFICIAL, FORMS),
    ),
    (
        "written_public",
        "Tout le monde peut lire mes paroles, sans mon nom.",
        _cells(["anonymous_text"], PUBLIC, FORMS),
    ),
    (
        "signed_officials",
        "Les élus, les services et les comités peuvent lire mes paroles, avec ma signature.",
        _cells(["signed_text"], OFFICIAL, FORMS),
    ),
    (
        "voice_officials",
        "Les élus, les services et les comités peuvent entendre ma voix.",
        _cells(["voice", "anonymous_text"], OFFICIAL, FORMS),
    ),
    (
        "video_officials",
        "Les élus, les services et les comités peuvent me voir et m'entendre.",
        _cells(FILMED, OFFICIAL, FORMS),
    ),
    ("video_public", "Tout le monde peut me voir et m'entendre.", _cells(FILMED, PUBLIC, FORMS)),
    (
        "employer_named",
        "Mon employeur peut être nommé auprès des élus, des services et des comités.",
        _cells(["employer_name"], OFFICIAL, FORMS),
    ),
    (
        "dataset_evaluation",
        "Mes paroles, sans mon nom, peuvent entrer dans les données que les évaluateurs étudient.",
        _cells(["anonymous_text"], ["team"], ["dataset"]),
    ),
]


def install(db: Session) -> None:
    """Publish the two first notices, unless they are there."""
    choices = [Choice(code=c, label_fr=label, cells=cells) for c, label, cells in CHOICES]
    for language, text in (("fr", TEXT), ("fr-facile", SIMPLE_TEXT)):
        same = Notice.code == CODE, Notice.language == language
        if not db.scalar(select(Notice.id).where(*same)):
            new_notice(db, CODE, language, text, choices)
