"""What a page says when it cannot show what was asked for: a title, and what to do."""

from math import ceil
from typing import NamedTuple

from app.core.problems import Problem, RateLimited
from app.pages.words import counted

MINUTE = 60  # seconds


class Message(NamedTuple):
    """A title, then a few sentences, each a paragraph."""

    title: str
    lines: list[str]


ASK_AGAIN = "demandez un nouveau lien à la personne qui vous l’a envoyé."
OPEN_AGAIN = "Reprenez le message qui vous a donné le lien, et ouvrez le dossier de nouveau."
CUT = "Vérifiez que l’adresse est complète : dans un message, un lien long est parfois coupé."
CLOSED = "Une lecture se referme au bout de quelques heures, ou avec le navigateur."
NOT_YOU = "Ce n’est pas de votre fait, et rien n’est perdu."
RELOAD = "Rechargez cette page dans un instant."
TELL = "Si cela revient, prévenez la personne qui vous a envoyé le lien."

OF_PROBLEM = {
    "not-found": Message("Nous ne trouvons pas cette page", [CUT, f"Si elle l’est, {ASK_AGAIN}"]),
    "link-closed": Message(
        "Ce lien n’est plus valable",
        ["Il a été fermé, ou son délai est passé.", f"Pour lire ce dossier, {ASK_AGAIN}"],
    ),
    "release-recalled": Message(
        "Ce dossier a été rappelé",
        ["Des paroles en ont été retirées : une version plus récente le remplace.", OPEN_AGAIN],
    ),
    "forbidden": Message("Ouvrez ce dossier par votre lien personnel", [f"{CLOSED} {OPEN_AGAIN}"]),
    "bad-request": Message("Nous n’avons pas compris cette demande", [OPEN_AGAIN]),
    "service-unavailable": Message("Le service est très occupé", [NOT_YOU, RELOAD]),
}
OUR_FAULT = Message("Quelque chose s’est mal passé de notre côté", [NOT_YOU, f"{RELOAD} {TELL}"])


def message_of(problem: Problem) -> Message:
    """What to tell a reader of this problem."""
    if isinstance(problem, RateLimited):
        wait = counted(ceil(int(problem.headers["Retry-After"]) / MINUTE), "minute")
        why = "Pour protéger le dossier, le code ne peut pas être essayé plus souvent."
        return Message("Trop d’essais pour l’instant", [why, f"Recommencez dans {wait}."])
    return OF_PROBLEM.get(problem.slug(), OUR_FAULT)
