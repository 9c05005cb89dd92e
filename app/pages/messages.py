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
LIST_IS_NEAR = "La liste de ce qui est public est à portée de main."
OF_PUBLIC = {
    "not-found": Message("Nous ne trouvons pas cette page", [CUT, LIST_IS_NEAR]),
    "no-longer-public": Message(
        "Cette page n’est plus publique",
        ["Elle l’a été, puis l’équipe du projet l’a retirée.", LIST_IS_NEAR],
    ),
    "invalid-cursor": Message("Nous ne trouvons pas cette page", [LIST_IS_NEAR]),
    "release-recalled": Message(
        "Ce fichier a été retiré",
        ["Des paroles qu’il contenait ont été reprises. La page, elle, peut toujours être lue."],
    ),
    "bad-request": Message("Nous n’avons pas compris cette demande", [LIST_IS_NEAR]),
    "service-unavailable": Message("Le service est très occupé", [NOT_YOU, RELOAD]),
}
ENTER_AGAIN = "Rien n’a été changé. Pour continuer, tapez de nouveau votre code de suivi."
OF_RECEIPT = {
    "not-authenticated": Message(
        "Votre page s’est refermée",
        ["Elle se referme quand on la quitte, ou après cinq minutes sans rien faire.", ENTER_AGAIN],
    ),
    "not-found": Message(
        "Nous ne trouvons pas cela",
        ["Ces paroles ne sont peut-être plus utilisées là : revenez à votre page pour le voir."],
    ),
    "forbidden": Message("Cette demande ne vient pas de votre page", [ENTER_AGAIN]),
    "bad-request": Message("Nous n’avons pas compris cette demande", [ENTER_AGAIN]),
    "service-unavailable": Message("Le service est très occupé", [NOT_YOU, RELOAD]),
}
OUR_FAULT = Message("Quelque chose s’est mal passé de notre côté", [NOT_YOU, f"{RELOAD} {TELL}"])
GOODBYE = Message(
    "C’est fini",
    [
        "Votre page est refermée, et cet appareil n’en garde rien.",
        "Pour y revenir, il vous faudra votre code de suivi.",
    ],
)
IDLE = Message(
    "Votre page s’est refermée",
    ["Elle est restée cinq minutes sans rien faire : nous la refermons pour vous protéger."],
)
TYPE_IT = "Tapez votre code de suivi."
WRONG_CODE = "Ce code n’est pas le bon. Vérifiez-le, puis tapez-le de nouveau."
SYMBOLS = 24  # of a receipt code


def mistake_in_code(symbols: str) -> str:
    """What is wrong with the symbols that a witness typed."""
    if not symbols:
        return TYPE_IT
    if len(symbols) != SYMBOLS:
        return (
            f"Un code a {SYMBOLS} lettres et chiffres, et vous en avez tapé {len(symbols)}. "
            "Vérifiez-le, puis tapez-le de nouveau."
        )
    return WRONG_CODE


def too_many_codes(problem: RateLimited) -> str:
    """After too many wrong codes. The right one would have opened."""
    wait = counted(ceil(int(problem.headers["Retry-After"]) / MINUTE), "minute")
    return (
        "Trop de codes faux ont été essayés : celui-ci n’est pas le bon. "
        f"Retrouvez votre code, ou recommencez dans {wait}. Un code juste marche toujours."
    )


def receipt_message_of(problem: Problem) -> Message:
    """What to tell a witness of this problem."""
    return OF_RECEIPT.get(problem.slug(), Message(OUR_FAULT.title, [NOT_YOU, RELOAD]))


def public_message_of(problem: Problem) -> Message:
    """What to tell anybody of this problem."""
    return OF_PUBLIC.get(problem.slug(), Message(OUR_FAULT.title, [NOT_YOU, RELOAD]))


def message_of(problem: Problem) -> Message:
    """What to tell a reader of this problem."""
    if isinstance(problem, RateLimited):
        wait = counted(ceil(int(problem.headers["Retry-After"]) / MINUTE), "minute")
        why = "Pour protéger le dossier, le code ne peut pas être essayé plus souvent."
        return Message("Trop d’essais pour l’instant", [why, f"Recommencez dans {wait}."])
    return OF_PROBLEM.get(problem.slug(), OUR_FAULT)
