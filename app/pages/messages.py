"""What a page says when it cannot show what was asked for: a title, and what to do."""

from dataclasses import dataclass
from math import ceil

from app.core.problems import Problem
from app.pages.words import counted

ASK_AGAIN = "Demandez un nouveau lien à la personne qui vous l’a envoyé."


@dataclass(frozen=True)
class Message:
    """A title, then a few sentences."""

    title: str
    lines: tuple[str, ...]


OF_PROBLEM = {
    "not-found": Message(
        "Nous ne trouvons pas cette page",
        (
            "Vérifiez que l’adresse est complète : dans un message, un lien long est parfois "
            "coupé en deux.",
            "Si elle est complète, " + ASK_AGAIN[0].lower() + ASK_AGAIN[1:],
        ),
    ),
    "link-closed": Message(
        "Ce lien n’est plus valable", ("Il a été fermé, ou son délai est passé.", ASK_AGAIN)
    ),
    "forbidden": Message(
        "Ouvrez ce dossier par votre lien personnel",
        (
            "Nous ne vous reconnaissons pas, ou plus : une lecture se referme au bout de "
            "quelques heures.",
            "Reprenez le message qui vous a donné le lien, et ouvrez le dossier de nouveau.",
        ),
    ),
    "bad-request": Message(
        "Nous n’avons pas compris cette demande",
        ("Reprenez le message qui vous a donné le lien, et recommencez.",),
    ),
    "service-unavailable": Message(
        "Le service est très occupé", ("Patientez un instant, puis rechargez cette page.",)
    ),
}
OUR_FAULT = Message(
    "Quelque chose s’est mal passé de notre côté",
    (
        "Ce n’est pas de votre fait, et rien n’est perdu.",
        "Rechargez cette page dans un instant. Si cela revient, prévenez la personne qui vous a "
        "envoyé le lien.",
    ),
)


def message_of(problem: Problem) -> Message:
    """What to tell a reader of this problem."""
    if retry := int(problem.headers.get("Retry-After", 0)) // 60:
        wait = counted(ceil(retry), "minute")
        return Message(
            "Trop d’essais pour l’instant",
            (
                "Pour protéger le dossier, le code ne peut pas être essayé plus souvent.",
                f"Recommencez dans {wait} avec le même lien.",
            ),
        )
    return OF_PROBLEM.get(problem.slug(), OUR_FAULT)
