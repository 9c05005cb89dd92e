"""The page of each problem: what it means, and what to do, in plain French.

What to do follows from the status; a problem that deserves its own advice has it in `ADVICE`.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core.problems import NotFound, Problem

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

ADVICE_OF_STATUS = {
    400: "Vérifiez l'adresse, les en-têtes et le contenu de votre requête, puis renvoyez-la.",
    401: "Connectez-vous, ou envoyez un jeton d'API valable dans l'en-tête Authorization.",
    403: "Demandez à la personne qui administre le service si votre rôle doit changer.",
    404: "Vérifiez l'adresse. Si elle est juste, ce que vous cherchez n'existe plus, "
    "ou votre compte ne peut pas le voir.",
    405: "Consultez la documentation de l'API : l'en-tête Allow dit ce que cette adresse accepte.",
    408: "Vérifiez votre connexion, demandez jusqu'où le fichier est arrivé (HEAD), puis continuez "
    "de là.",
    409: "Relisez l'état actuel, puis décidez si votre demande a encore un sens.",
    410: "Ce contenu a été retiré et ne reviendra pas à cette adresse.",
    412: "Relisez la version actuelle, reportez-y vos changements, puis renvoyez-les "
    "avec le nouvel ETag.",
    413: "Envoyez moins de données à la fois. Pour un fichier, la documentation donne "
    "la taille permise.",
    415: "Envoyez un contenu d'un des types que la documentation de l'API donne "
    "pour cette adresse.",
    416: "Demandez une plage d'octets qui commence avant la fin du fichier.",
    422: "Lisez la liste « errors » de la réponse : chaque ligne montre un champ et ce qu'il "
    "faut y corriger.",
    429: "Attendez le nombre de secondes de l'en-tête Retry-After, puis recommencez.",
    431: "Envoyez moins d'en-têtes, ou des en-têtes plus courts.",
    460: "Renvoyez ces octets depuis le même décalage, avec leur somme de contrôle.",
    500: "Recommencez. Si l'erreur revient, signalez-la avec le « request_id » de la réponse : "
    "il permet de la retrouver dans nos journaux.",
    503: "Attendez le nombre de secondes de l'en-tête Retry-After, puis renvoyez la même requête.",
    507: "Prévenez la personne qui administre le service : il faut libérer de la place "
    "sur son disque.",
}
ADVICE = {
    "conflict": "Un autre élément porte déjà ce nom ou ce code, ou dépend de ce que vous changez. "
    "Relisez l'état actuel avant de recommencer.",
    "fresh-login-needed": "Connectez-vous de nouveau avec votre mot de passe, puis recommencez "
    "dans les minutes qui suivent.",
    "idempotency-key-reused": "Prenez une nouvelle clé pour chaque nouvelle requête ; ne reprenez "
    "la même que pour renvoyer exactement la même requête.",
    "invalid-credentials": "Vérifiez l'adresse et le mot de passe. Si vous l'avez oublié, demandez "
    "à la personne qui administre le service d'en choisir un nouveau avec vous.",
    "invalid-cursor": "Reprenez la liste à sa première page, puis suivez « next_cursor » tel quel.",
    "invalid-text": "Cherchez dans ce texte un caractère invisible ou abîmé, souvent venu d'un "
    "copier-coller, et tapez-le à nouveau.",
    "members-elsewhere": "Le champ « members » dit combien de membres sont concernés. Notez "
    "d'abord leur départ du groupe, ou convenez avec l'autre structure de qui les entend.",
    "no-speech-engine": "Écrivez la transcription à la main, importez un fichier de sous-titres "
    "(VTT, SRT), ou demandez à la personne qui administre le service d'installer un moteur.",
    "not-ready": "Le service démarre, ou une de ses parties manque : la liste « checks » dit "
    "laquelle. La personne qui l'administre peut y remédier.",
    "offset-conflict": "Demandez jusqu'où le fichier est arrivé (HEAD), puis continuez de là : les "
    "clients tus le font d'eux-mêmes.",
    "own-account": "Demandez à une autre personne qui administre le service.",
    "quota-exceeded": "Reprenez un envoi inachevé jusqu'à sa fin, ou abandonnez-le (DELETE) ; les "
    "autres s'effacent d'eux-mêmes, au plus tard dans le délai de l'en-tête Retry-After.",
    "storage-unavailable": "Attendez le nombre de secondes de l'en-tête Retry-After, puis renvoyez "
    "la même requête. Si cela dure, prévenez la personne qui administre le service : le lieu où "
    "sont les fichiers ne répond pas, et rien n'en est perdu.",
    "too-many-pieces": "Réglez votre client pour qu'il envoie des morceaux d'au moins 1 Mo.",
    "unsupported-protocol": "Donnez la valeur 1.0.0 à l'en-tête Tus-Resumable de chaque requête, "
    "ou prenez un client tus à jour.",
    "workshop-not-open": "Vérifiez la date de début de l'atelier, ou demandez à son organisme "
    "de le rouvrir.",
}
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def known_problems() -> dict[str, type[Problem]]:
    """Every problem that this application can answer, by its slug."""
    found: dict[str, type[Problem]] = {}
    waiting = Problem.__subclasses__()
    while waiting:
        problem = waiting.pop()
        found[problem.slug()] = problem
        waiting += problem.__subclasses__()
    return found


def advice(problem: type[Problem]) -> str:
    """What to do about it, in French."""
    return ADVICE.get(problem.slug()) or ADVICE_OF_STATUS[problem.status]


def explain(slug: str) -> str:
    """The HTML page of this problem. Raises NotFound when it is none of ours."""
    problem = known_problems().get(slug)
    if not problem:
        raise NotFound
    return TEMPLATES.get_template("problem.html").render(
        type=f"/problems/{slug}",
        status=problem.status,
        title=problem.title("fr"),
        english=problem.title("en"),
        advice=advice(problem),
    )
