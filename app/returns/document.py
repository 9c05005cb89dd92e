"""The sheet on paper: A4, large, in plain French, to be read standing before a wall."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from app.core.settings import settings
from app.documents import typesetting
from app.documents.panels import drawn
from app.documents.wording import COMMITMENTS, HERE, NO_BREAK, day, line, prose, quoted
from app.propositions.models import PropositionState

FOLLOW = "/suivi"
NOBODY = "Personne n’a encore parlé ici. Cette feuille changera quand ce sera fait."
FEW = "Quelques personnes ont parlé ici."
UNNAMED = "Leurs noms ne sont pas ici, ni ce qu’elles ont dit."
KEPT_IN = (
    "Rien n’est encore sorti de l’équipe qui les lit. Quand un dossier sera publié, vous verrez "
    "ici pour qui."
)
SILENCE = "Personne n’a encore répondu. Dès qu’une réponse est publiée, elle est ici."
NO_IDEA_YET = "Rien n’a encore été proposé à partir de ces paroles."
STEPS = (
    "Ouvrez cette adresse, sur un téléphone ou un ordinateur :",
    "Tapez le code de suivi que l’on vous a remis quand vous avez parlé.",
    "Vous lisez ce que sont devenues vos paroles. Votre nom n’y est pas.",
)
TAKE_BACK = (
    "Vous pouvez reprendre tout ou une partie de ce que vous avez dit, quand vous voulez, sans "
    "dire pourquoi : sur cette même page, avec votre code, ou auprès de la personne qui vous a "
    "entendu·e. Ce que vous reprenez n’est plus montré à personne, tout de suite ; puis nous "
    "l’effaçons."
)
S = PropositionState
STATES = {
    S.MARTYR: "Remise en discussion",
    S.PROPOSED: "Proposée",
    S.SENT: "Transmise aux personnes qui peuvent décider",
    S.ACCEPTED: "Acceptée",
    S.REFUSED: "Refusée",
    S.EXPERIMENT: "Mise à l’essai",
    S.ADOPTED: "Adoptée",
    S.ABANDONED: "Abandonnée",
}


def made(sheet: Mapping[str, Any]) -> bytes:
    """What `service.sheet_of` tells as PDF/UA-1 and PDF/A-2a; the same gives the same bytes."""
    return typesetting.pdf("return.typ", _told(sheet), sheet["at"])


def _told(sheet: Mapping[str, Any]) -> dict[str, Any]:
    address = settings().base_url.rstrip("/") + FOLLOW
    return {
        "kind": "Retour aux témoins",
        "title": line(sheet["title"]),
        "public_title": line(sheet["public_title"]),
        "edition": f"feuille du {day(sheet['at'])}",
        "when": line(f"{day(sheet['starts_at'])}, {sheet['place']}"),
        "blank-when": False,
        "people": _people(sheet["people"]),
        "unnamed": line(UNNAMED) if sheet["people"] != 0 else None,
        "bundles": [_bundle(bundle, sheet["at"]) for bundle in sheet["bundles"]],
        "kept-in": line(KEPT_IN),
        "answers": [_answer(answer) for answer in sheet["answers"]],
        "silence": line(SILENCE),
        "propositions": [_proposition(one) for one in sheet["propositions"]],
        "no-idea-yet": line(NO_IDEA_YET),
        "steps": [line(step) for step in STEPS],
        "address": address,
        "code": drawn(address, "Suivre ses paroles"),
        "take-back": line(TAKE_BACK),
    }


def _people(people: int | None) -> str:
    if people is None:
        return FEW
    return line(f"Au moins {people}{NO_BREAK}personnes ont parlé ici.") if people else line(NOBODY)


def _bundle(bundle: Mapping[str, Any], at: datetime) -> dict[str, str | None]:
    where = f"{bundle['form_label']} pour : {bundle['audience_label']}"
    return {
        "title": line(bundle["title"]),
        "where": line(f"{where}. Publié le {day(bundle['published_at'])}."),
        "readers": _readers(bundle, at),
    }


def _readers(bundle: Mapping[str, Any], at: datetime) -> str | None:
    """When an event was or will be, how many hold a link, and how many opened theirs.

    What is for everybody, hangs on a wall or is told aloud, needs no link.
    """
    held = bundle["held_on"] and _held(bundle["held_on"], at.astimezone(HERE).date())
    given = _given(bundle["recipients"], bundle["readers"])
    if bundle["needs_link"] and not (held or given):
        return "Pas encore envoyé."
    return line(" ".join(filter(None, (held, given)))) or None


def _held(on: date, today: date) -> str:
    return f"{'A eu lieu' if on <= today else 'Prévu'} le {day(on)}."


def _given(given: int, opened: int) -> str | None:
    if given == 1:
        return f"Envoyé à une personne, qui {'l’a' if opened else 'ne l’a pas encore'} ouvert."
    seen = {0: "aucune ne l’a encore ouvert", 1: "une l’a ouvert"}
    seen_by = seen.get(opened, f"{opened}{NO_BREAK}l’ont ouvert")
    return f"Envoyé à {given}{NO_BREAK}personnes ; {seen_by}." if given else None


def _answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "who": line(f"{answer['audience_label']}, le {day(answer['at'])}"),
        "what": line(f"Quelqu’un {COMMITMENTS[answer['commitment']]}."),
        "text": quoted(answer["text"]),
    }


def _proposition(proposition: Mapping[str, Any]) -> dict[str, Any]:
    state = STATES[proposition["state"]]
    return {
        "title": line(proposition["title"]),
        "state": line(f"{state}, le {day(proposition['on'])}."),
        "reason": prose(proposition["reason"]),
    }
