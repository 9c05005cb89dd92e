"""What the codes of figures are called in French, and in which order they are shown."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.codebook.models import Theme
from app.documents.wording import COMMITMENTS, MONTHS, NATURES
from app.places.models import Place, Territory
from app.schemes.service import labels
from app.witnesses.ages import BANDS

UNKNOWN = "unknown"
NOT_TOLD = "Non précisé"
ALL = "Ensemble"

VOCABULARIES = {
    "role": "witness_roles",
    "method": "methods",
    "sector": "sectors",
    "audience": "audiences",
    "form": "forms",
}
THINGS: Mapping[str, Any] = {"territory": Territory, "place": Place, "theme": Theme}
CODES: Mapping[str, Mapping[str, str]] = {
    "nature": NATURES,
    "age_band": {band: f"{band} ans" for band in BANDS},
    "workshop_kind": {
        "workshop": "Atelier",
        "interview": "Entretien",
        "witness_group": "Groupe témoin",
        "survey": "Enquête",
        "open_call": "Appel ouvert",
    },
    "level": {
        "normed": "Discours normé",
        "mixed": "Discours et parole",
        "free": "Parole libre",
    },
    "of": {
        "testimonies": "Témoignages",
        "excerpts": "Extraits",
        "witnesses": "Témoins",
        "workshops": "Ateliers",
        "bundles": "Dossiers",
        "releases": "Publications",
    },
    "stage": {
        "delivered": "Remis à quelqu'un",
        "opened": "Ouvert",
        "acknowledged": "Accusé de réception",
        "answered": "Réponse publiée",
        "looked": "Le témoin est venu voir",
    },
    "band": {
        "never": "Jamais citées",
        "1": "Citées une fois",
        "2-3": "2 ou 3 fois",
        "4-9": "4 à 9 fois",
        "10+": "10 fois et plus",
    },
}
DIMENSIONS = {
    "of": "ce qui est compté",
    "role": "rôle",
    "method": "méthode",
    "nature": "nature",
    "territory": "territoire",
    "place": "lieu",
    "sector": "secteur",
    "theme": "thème",
    "month": "mois",
    "workshop_kind": "type d'atelier",
    "age_band": "tranche d'âge",
    "level": "liberté de parole",
    "stage": "étape",
    "band": "fréquence",
    "form": "forme",
    "audience": "public",
    "witness": "témoin",
}
MEASURES = {
    "count": "nombre",
    "share": "part",
    "testimonies": "témoignages",
    "witnesses": "témoins",
    "assessed": "appréciés",
    "target": "objectif",
    "gap": "écart à l'objectif",
    "deliveries": "envois",
    "opened": "ouverts",
    "acknowledged": "accusés de réception",
    "answered": "ont répondu",
    "reactions": "réponses",
    "rated": "ont noté la forme",
    "mean_form_rating": "note moyenne de la forme",
    "understood_said": "ont dit s'ils ont compris",
    "understood_share": "part de qui a compris",
    "surprised_said": "ont dit s'ils sont surpris",
    "surprised_share": "part de qui est surpris",
    "heard": "voix entendues",
    "quoted": "voix citées",
    "passages": "passages",
    "top_share": "part des 10 % les plus citées",
    "gini": "indice de Gini",
    "bundles": "dossiers qu'elle domine",
    "largest_share": "sa plus grande part d'un dossier",
    **{f"commitment_{code}": french for code, french in COMMITMENTS.items()},
}


def names(db: Session, dimension: str, codes: Collection[str]) -> dict[str, str]:
    """What these codes are called, in the order in which they are shown: the unknown last."""
    known = set(codes) - {UNKNOWN}
    found = _called(db, dimension, known) if known else {}
    found |= {code: code for code in sorted(known - found.keys())}
    return found | ({UNKNOWN: NOT_TOLD} if UNKNOWN in codes else {})


def levels(db: Session, territories: Collection[str]) -> dict[str, str]:
    """The level of each of these territories: a region may have the code of a department."""
    rows = select(Territory.id, Territory.level).where(Territory.id.in_(map(UUID, territories)))
    return {str(id_): level for id_, level in db.execute(rows)}


def _called(db: Session, dimension: str, codes: Collection[str]) -> dict[str, str]:
    if dimension in CODES:
        return {code: name for code, name in CODES[dimension].items() if code in codes}
    if dimension == "month":
        return {code: month(code) for code in sorted(codes)}
    found: dict[str, str] = {}
    if vocabulary := VOCABULARIES.get(dimension):
        found = labels(db, vocabulary, codes)
    elif thing := THINGS.get(dimension):
        rows = select(thing.id, thing.name).where(thing.id.in_(map(UUID, codes)))
        found = {str(id_): name for id_, name in db.execute(rows)}
    return dict(sorted(found.items(), key=lambda item: item[1].casefold()))


def month(code: str) -> str:
    """`2013-05` -> « mai 2013 »."""
    year, number = code.split("-")
    return f"{MONTHS[int(number) - 1]} {year}"
