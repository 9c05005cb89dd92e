"""What an export says of itself: who made it, when and why; what its columns mean.

The bytes of CSV and JSON lines are data alone: their headers and the name of their file tell it,
and the audit log, which knows their SHA-256. A workbook has sheets for it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.exports.models import Export
from app.exports.workbook import Sheet

WHO = {
    "animator": "animation",
    "editor": "rédaction",
    "evaluator": "évaluation",
    "custodian": "protection des données",
    "administrator": "administration",
    "integration": "logiciel",
}
DICTIONARY, ABOUT = "Dictionnaire", "À propos"
HEADING = ("name", "label_fr", "label_en", "type", "unit", "values", "source")
MADE = "Chaque identifiant est un code (HMAC-SHA-256 coupé à 128 bits) fait avec une clé "
ONE_EXPORT = f"{MADE}que personne ne garde : il est le même dans ce fichier, et là seulement."
FOLLOWED = (
    f"{MADE}propre à ce compte : il est le même dans tous ses exports suivis, et là seulement."
)
LONG = (
    "Excel garde 32 767 caractères par cellule : ce qui dépasse est coupé, et la colonne "
    "« truncated » nomme les colonnes coupées. L'export csv ou jsonl a tout."
)
TOLD = (
    (
        "Contenu",
        "Ce que les consentements laissent sortir au moment de la lecture, et rien d'autre.",
    ),
    ("Dates et âges", "Les dates sont au mois, les âges par tranche."),
    ("Cellules longues", LONG),
    ("Plusieurs valeurs", "Dans une cellule, elles sont séparées par « | »."),
)


def headers(export: Export) -> dict[str, str]:
    """The headers that say which export this is, who made it, when and why (RFC 3986 escapes)."""
    return {
        "X-Export-Id": str(export.id),
        "X-Export-At": f"{export.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "X-Export-By": quote(export.who, safe=" ()"),
        "X-Export-Purpose": quote(export.purpose, safe=" "),
    }


def name_of_file(name: str, export: Export, ending: str) -> str:
    """A name that leads to the export's events in the audit log."""
    return f"{name}-{export.made_at:%Y-%m-%d}-{export.id.hex[:8]}.{ending}"


def properties(dataset: str, export: Export) -> dict[str, str]:
    """The properties of a document."""
    return {
        "title": f"{dataset}, export {export.id}",
        "author": export.who,
        "comments": export.purpose,
    }


def dictionary(told: Mapping[str, Any]) -> Sheet:
    """The sheet that says what the columns mean."""
    rows = [
        [
            "|".join(column[name] or []) if name == "values" else column[name] or ""
            for name in HEADING
        ]
        for column in told["columns"]
    ]
    return Sheet(DICTIONARY, (18, 45, 45, 10, 12, 40, 60), [HEADING, *rows])


def about(
    dataset: str,
    export: Export,
    filters: Mapping[str, Any],
    counts: Mapping[str, int],
    anomalies: Sequence[str],
) -> Sheet:
    """The sheet that says who made this, when, why, of what, and what could not be read."""
    said = [
        f"{name} = {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in filters.items()
    ]
    rows: list[tuple[str, Any]] = [
        ("Jeu de données", dataset),
        ("Export", str(export.id)),
        ("Fait le", f"{export.made_at:%Y-%m-%d %H:%M} UTC"),
        ("Par", export.who),
        ("Pour", export.purpose),
        ("Filtres", "\n".join(said) or "aucun"),
        ("Lignes", counts["rows"]),
        ("Anomalies", counts["anomalies"]),
        ("Identifiants", FOLLOWED if export.is_followed else ONE_EXPORT),
        *TOLD,
        *[("Ligne illisible", exported) for exported in anomalies],
    ]
    return Sheet(ABOUT, (24, 100), [("Quoi", "Dit"), *rows])
