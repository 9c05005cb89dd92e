"""How pages say things in French: dates, durations, shares, counts, spaces."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.documents import wording
from app.documents.wording import (
    COMMITMENTS,
    HERE,
    LABELS,
    NATURES,
    NO_BREAK,
    PANELS,
    few,
    label,
    limits,
    share,
    spaced,
)
from app.schemes.reference import TERMS

__all__ = [  # as documents say them
    "LABELS",
    "NATURES",
    "NO_BREAK",
    "PANELS",
    "few",
    "label",
    "limits",
    "share",
    "spaced",
]

UNITS = (("heure", 3600), ("minute", 60), ("seconde", 1))

FORMS = {code: french for code, french, _ in TERMS["forms"]}
FILES = {  # of a release, by name
    "film.mp4": "Le film",
    "film.vtt": "Les sous-titres du film",
    "note.pdf": "La note",
    "panels.pdf": "Les panneaux de l’exposition",
    "cards.pdf": "Les cartes de l’exposition",
    "programme.pdf": "Le programme",
    "minutes.pdf": "Le compte rendu",
    "facilitator.pdf": "La feuille de qui anime",
    "bundle.zip": "Tout le dossier, en un seul fichier",
}
KINDS_OF_FILE = {
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "application/json": "JSON",
    "video/mp4": "vidéo MP4",
    "audio/mp4": "son M4A",
    "image/jpeg": "image JPEG",
    "text/vtt": "texte VTT",
    "text/plain": "texte",
    "text/markdown": "texte",
}
FILE_STATES = {"pending": "en préparation", "failed": "indisponible pour le moment"}
BYTES = ("octet", "ko", "Mo", "Go")  # decimal, as phones tell them
GIGA, WHOLE = 3, 10  # the last unit; from how many on without a decimal

LANGUAGES = {
    "fr": "Français",
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "it": "Italiano",
    "pt": "Português",
    "ro": "Română",
    "ru": "Русский",
    "tr": "Türkçe",
    "uk": "Українська",
}

# What a witness is told

MEDIA = {
    "anonymous_text": "vos mots, sans votre nom",
    "signed_text": "vos mots, avec votre signature",
    "voice": "votre voix",
    "image": "votre image",
    "employer_name": "le nom de votre employeur",
}
PURPOSES = {
    "evaluation": "comprendre",
    "improvement": "améliorer",
    "promotion": "faire connaître",
    "training": "former",
}
STATES = {  # of a testimony: a sentence, and its shape
    "draft": ("Pas encore transmis à l’équipe", "wait"),
    "submitted": ("En attente de lecture par l’équipe", "wait"),
    "accepted": ("Accepté par l’équipe", "yes"),
    "returned": ("Renvoyé à la personne qui vous a entendu·e, pour le compléter", "wait"),
    "rejected": ("Pas retenu par l’équipe", "no"),
    "withdrawn": ("Retiré, à votre demande ou à celle d’une personne qui parlait avec vous", "no"),
}
ROAD = {  # of a proposition: a sentence, and its shape
    "martyr": ("Mise en discussion", "wait"),
    "proposed": ("Proposée", "wait"),
    "sent": ("Transmise aux personnes qui peuvent décider", "wait"),
    "accepted": ("Acceptée", "yes"),
    "refused": ("Refusée", "no"),
    "experiment": ("Mise à l’essai", "wait"),
    "adopted": ("Adoptée", "yes"),
    "abandoned": ("Abandonnée", "no"),
}
DRAFT = "À débattre : une première version, faite pour être critiquée"
STANCES = {
    ("for",): "Vos paroles appuient cette proposition.",
    ("against",): "Vos paroles disent le contraire de cette proposition.",
    ("for", "against"): "Vos paroles disent le pour et le contre de cette proposition.",
}
COMPETENCES = {"region": "Région", "state": "État", "other": "Autre"}
FATES = {  # of a withdrawal
    "effective": (
        "En cours d’effacement. Plus personne ne peut lire, voir ou entendre cela, "
        "et nous effaçons tout ce qui en a été fait."
    ),
    "held": (
        "Conservé pour la justice, montré à personne. "
        "La loi nous oblige à attendre avant de tout effacer."
    ),
    "purged": "Effacé. Il n’en reste rien chez nous.",
}
REASONS = {  # why a choice is not allowed
    "never-given": "Vous n’avez pas dit oui.",
    "refused": "Vous avez dit non.",
    "withdrawn": "Vous l’avez retiré.",
    "expired": "Votre accord est arrivé à sa fin.",
    "notice-revoked": "Ce texte n’est plus utilisé.",
    "guardian-missing": "Il manque l’accord d’un de vos parents.",
    "guardian-veto": "Un de vos parents a dit non.",
}
ROLES = {  # who saw a name
    "animator": "La personne qui vous a entendu·e, ou sa structure",
    "custodian": "La personne qui veille à la protection des données",
}


def date_of(moment: date | str) -> date:
    """The day that it is for the readers: `2026-11-22T23:30:00Z` -> the 23rd; a day is itself."""
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return moment
    found = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    return found.astimezone(HERE).date()


def day(moment: date | str) -> str:
    """`2026-11-22T14:05:00Z` -> « 22 novembre 2026 »."""
    return wording.day(date_of(moment))


def duration(milliseconds: int) -> str:
    """`125000` -> « 2 minutes 5 secondes »; never nothing."""
    told = wording.in_units(milliseconds, UNITS)
    return " ".join(counted(many, unit) for many, unit in told)


def counted(many: int, what: str) -> str:
    """`2, "vidéo"` -> « 2 vidéos »."""
    return f"{many}{NO_BREAK}{what}{'s' if many > 1 else ''}"


def listed(words: list[str]) -> str:
    """« a, b et c »."""
    *others, last = words or [""]
    return f"{', '.join(others)} et {last}" if others else last


def clauses(title: str) -> list[str]:
    """« Ici : ce qu'on fait » -> « Ici : », « ce qu'on fait »: where a long title is best cut."""
    return [spaced(part) for part in re.split(r"(?<= :) ", title)]


def paragraphs(text: str) -> list[list[str]]:
    """The lines of each paragraph; an empty line parts two of them."""
    return [spaced(part).strip().splitlines() for part in re.split(r"\n\s*\n", text.strip())]


def lowered(text: str) -> str:
    """« Tuteur » -> « tuteur », within a sentence; « COTEFE » stays."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def state_of(testimony_state: str) -> str:
    """« En attente de lecture par l'équipe »."""
    return STATES[testimony_state][0]


def shape_of(testimony_state: str) -> str:
    """Which shape goes with it: `yes`, `wait` or `no`."""
    return STATES[testimony_state][1]


def road(proposition_state: str) -> str:
    """« Transmise aux personnes qui peuvent décider »."""
    return ROAD[proposition_state][0]


def sign_of(proposition_state: str) -> str:
    """Which shape goes with it: `yes`, `wait` or `no`."""
    return ROAD[proposition_state][1]


def stance_of(stances: Sequence[str]) -> str:
    """What somebody's words say of a proposition."""
    return STANCES[tuple(stances)]


def fate(withdrawal_state: str) -> str:
    """How far a withdrawal is."""
    return FATES[withdrawal_state]


def why_not(reason: str) -> str:
    """Why a choice is not allowed."""
    return REASONS.get(reason, "Ce n’est pas possible pour le moment.")


def role(code: str) -> str:
    """Who it was, by the role of an account."""
    return ROLES.get(code, "Une personne de l’équipe")


def given_to(recipients: int, readers: int) -> str:
    """« Remis à 3 destinataires ; 2 l'ont ouvert. »."""
    if not recipients:
        return "Pas encore remis."
    given = f"Remis à {counted(recipients, 'destinataire')}"
    opened = {0: "personne ne l’a encore ouvert", 1: "une personne l’a ouvert"}
    return f"{given}{NO_BREAK}; {opened.get(readers, f'{readers} l’ont ouvert')}."


def earlier(many: int) -> str:
    """« Et 3 autres fois, avant. »."""
    return "Et une autre fois, avant." if many == 1 else f"Et {many} autres fois, avant."


def clock(ms: int) -> str:
    """« 2:05 »: a moment of a recording, in minutes and seconds."""
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def size(octets: int) -> str:
    """`1234567` -> « 1,2 Mo »; `320000` -> « 320 ko »."""
    unit = next(unit for unit in range(len(BYTES)) if octets < 1000 ** (unit + 1) or unit == GIGA)
    if not unit:
        return counted(octets, BYTES[0])
    amount = octets / 1000**unit
    told = f"{amount:.1f}" if unit > 1 and amount < WHOLE else f"{amount:.0f}"
    return f"{told.replace('.', ',')}{NO_BREAK}{BYTES[unit]}"


def form_name(code: str) -> str:
    """« film », « page web »: the form of a release, within a sentence."""
    return lowered(FORMS.get(code, code))


def file_name(name: str) -> str:
    """What a file is, in French; a file that has no French name says its own."""
    return FILES.get(name, name)


def file_facts(file: Mapping[str, Any]) -> str:
    """« PDF, 320 ko », or « en préparation »."""
    kind = KINDS_OF_FILE.get(file["content_type"].partition(";")[0])
    if file["status"] != "ready":
        return FILE_STATES.get(file["status"], FILE_STATES["pending"])
    told = [kind, size(file["size"]) if file.get("size") else None]
    return ", ".join(part for part in told if part)


def language(code: str) -> str:
    """What a language calls itself; its code, when it is none that is often heard here."""
    return LANGUAGES.get(code, code)


def commitment(code: str) -> str:
    """How far somebody who answered commits themselves."""
    return COMMITMENTS[code]
