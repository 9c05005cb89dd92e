"""What the command line says when it cannot go on: one line, in French, without secrets."""

from collections.abc import Callable
from typing import Any

from alembic.util import CommandError
from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from app.core.messages import DETAILS_FR, MISTAKES
from app.core.problems import Conflict, Problem
from app.jobs.runner import describe
from app.storage.service import StorageUnavailable
from app.withdrawals.ledger import LedgerDamaged
from app.witnesses.vault import KeyFolderClosed, RotationUnderWay

BAD_URL = (
    "APP_DATABASE_URL n'est pas l'adresse d'une base : attendu sqlite:///fichier ou "
    "postgresql://hôte/base."
)
NO_DATABASE = "La base de données ne répond pas, ou refuse l'accès : vérifiez APP_DATABASE_URL."
NOT_MIGRATED = "La base de données n'est pas à jour : lancez d'abord « python -m app migrate »."
NEWER = "La base de données vient d'une autre version du service : installez la bonne version."
NO_STORAGE = (
    "Le stockage ne répond pas : vérifiez APP_STORAGE_URL, APP_LEDGER_URL et AWS_ENDPOINT_URL "
    "(une adresse en http:// demande APP_STORAGE_ALLOW_HTTP=true)."
)
STORAGE_REFUSES = (
    "Le stockage refuse l'accès : vérifiez le nom du bucket, les clés AWS_* et ce qu'elles "
    "permettent (docs/s3.md)."
)
NO_KEYS = (
    "En production, APP_SECRET_KEY_FILE et APP_VAULT_KEY_FILE doivent nommer des fichiers de clé."
)
LEDGER_DAMAGED = (
    "Le registre des retraits est abîmé ({key}) : rien n'est ouvert tant qu'il n'est pas réparé."
)
ROTATING = "Une autre rotation de la clé du coffre est en cours : attendez qu'elle finisse."
NOT_AN_EMAIL = "Ce n'est pas une adresse électronique."


class Failure(Exception):
    """The command cannot do what it was asked to; the message says why, in one French line."""


def line(error: Exception) -> str:
    """The one line which says what is wrong."""
    return " ".join(_sentence(error).split())


def _sentence(error: Exception) -> str:
    for kind, say in SENTENCES:
        if isinstance(error, kind):
            return say(error)
    return f"Erreur inattendue, à signaler : {describe(error)}"


def _refused(error: ValidationError) -> str:
    """The first mistake of the settings, or of what the options say."""
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        return NO_KEYS if "KEY_FILE" in first["msg"] else first["msg"]
    field = str(first["loc"][0])
    is_setting = error.title == "Settings"
    name = f"APP_{field.upper()}" if is_setting else f"--{field.replace('_', '-')}"
    if field == "email":
        return f"{name} : {NOT_AN_EMAIL}"
    template = DETAILS_FR.get(first["type"])
    return f"{name} : {template.format(**first.get('ctx', {})) if template else first['msg']}"


def _problem(problem: Problem) -> str:
    mistakes = [MISTAKES[e["code"]][1].format(**e) for e in problem.facts.get("errors", [])]
    return " ".join([problem.title("fr"), *mistakes])


def _closed(error: KeyFolderClosed) -> str:
    return f"On ne peut pas écrire de nouvelle clé dans {error} : rien n'a changé."


def exposed(path: object) -> str:
    """What to do of a key file that others may read."""
    return f"d'autres que son propriétaire peuvent lire {path} : faites « chmod 400 {path} »."


def _system(error: OSError) -> str:
    return f"{error.filename or 'Système'} : {error.strerror or type(error).__name__}."


SENTENCES: list[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], str]]] = [
    (Failure, str),
    (LedgerDamaged, lambda error: LEDGER_DAMAGED.format(key=error)),
    (ValidationError, _refused),
    (StorageUnavailable, lambda error: STORAGE_REFUSES if error.refused else NO_STORAGE),
    (Problem, _problem),
    ((ArgumentError, NoSuchModuleError), lambda _: BAD_URL),
    (IntegrityError, lambda _: Conflict.title("fr")),
    (DBAPIError, lambda _: NO_DATABASE),
    (CommandError, lambda _: NEWER),
    (RotationUnderWay, lambda _: ROTATING),
    (KeyFolderClosed, _closed),
    (OSError, _system),
]
