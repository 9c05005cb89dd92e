"""The form by which a recipient answers: what it holds, and what it says when something is wrong.

said = Answer(item_id="", commitment="planned", text="…")
payload = said.payload()  # raises Mistaken, which tells the reader what to do
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from app.core.problems import Invalid, Problem
from app.core.text import INVALID_TEXT
from app.pages import words
from app.reactions.models import Commitment
from app.reactions.schemas import ReactionIn

YES_OR_NO = {"oui": True, "non": False}
BEGINNING = 60  # characters by which an item is told from the others
COMMITMENTS = {
    Commitment.NONE: "Je prends note, sans m’engager",
    Commitment.THINKING: "J’y réfléchis",
    Commitment.PLANNED: "C’est prévu",
    Commitment.MADE: "C’est fait",
}
SAY_MORE = "Dites ce qui est prévu ou fait, et quand."
SAY_SOMETHING = "Votre réponse est vide : choisissez ou écrivez quelque chose."
TOO_LONG = "Votre réponse est trop longue : 4 000 caractères au plus."
NOT_THERE = "Cette parole n’est plus dans le dossier : choisissez-en une autre, ou tout le dossier."
UNREADABLE = "Un caractère de votre réponse ne peut être ni gardé ni affiché."
NOT_UNDERSTOOD = "Nous n’avons pas compris votre réponse : vérifiez ce que vous avez choisi."
ENOUGH = "Ce lien a déjà donné toutes les réponses qu’il peut donner."
OF_CODE = {
    "commitment_untold": SAY_MORE,
    "reaction_told": SAY_SOMETHING,
    "string_too_long": TOO_LONG,
    "unknown_id": NOT_THERE,
    INVALID_TEXT: UNREADABLE,
}


class Mistaken(Exception):
    """Something is wrong with an answer: `args[0]` says what, to its author."""


@dataclass(frozen=True)
class Answer:
    """What was chosen and written in the form."""

    item_id: str = ""
    commitment: str = Commitment.NONE
    text: str = ""
    understood: str = ""
    surprised: str = ""
    form_rating: str = ""

    def payload(self) -> ReactionIn:
        """The same, as the API is told. Raises Mistaken."""
        said: dict[str, Any] = {name: value or None for name, value in asdict(self).items()}
        said["text"] = self.text.strip() or None
        for name in ("understood", "surprised"):
            said[name] = YES_OR_NO.get(said[name], said[name])
        if self.form_rating.isascii() and self.form_rating.isdigit():
            said["form_rating"] = int(self.form_rating[:3])
        said["commitment"] = said["commitment"] or Commitment.NONE
        try:
            return ReactionIn(**said)
        except ValidationError as found:
            raise Mistaken(OF_CODE.get(found.errors()[0]["type"], NOT_UNDERSTOOD)) from None


def mistake_of(problem: Problem) -> str:
    """What to tell an author whose answer was refused."""
    if isinstance(problem, Invalid):
        return OF_CODE.get(problem.facts["errors"][0]["code"], NOT_UNDERSTOOD)
    return ENOUGH


def subjects(items: list[Mapping[str, Any]], numbers: Mapping[str, int]) -> list[dict[str, str]]:
    """What may be answered: the id of each item that is shown, and how it is called.

    By the number that it has on the page; the editor's own words have none.
    """
    shown = (item for item in items if not item["withdrawn"])
    return [{"id": item["id"], "label": _label(numbers.get(item["id"]), item)} for item in shown]


def _label(number: int | None, item: Mapping[str, Any]) -> str:
    """« n° 3 : On s'appelle tous les soirs. »."""
    said = " ".join((item["quote"] or item["caption"] or "").split())
    told = said if len(said) <= BEGINNING else said[:BEGINNING].rsplit(" ", 1)[0] + "…"
    told = words.spaced(told or "Enregistrement")
    return f"n°{words.NO_BREAK}{number}{words.NO_BREAK}: {told}" if number else told
