"""Themes of codebooks, retired and merged ones too."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select

from app.codebook import service as codebook
from app.codebook.models import Theme
from app.codebook.schemas import ThemeFilters
from app.core.models import as_stored
from app.exports.columns import Column, made, words
from app.exports.datasets.base import ANOMALY, CUT, SCHEME, Dataset, id_of, json_of, text, yes
from app.exports.schemas import Type
from app.schemes.models import Scheme


def _themes(filters: ThemeFilters, _: datetime) -> Select[Any]:
    return codebook.search(filters).select_from(Theme).join(Scheme, Scheme.id == Theme.scheme_id)


def _texts(name: str, label_fr: str, label_en: str) -> Column:
    return Column(name, label_fr, label_en, Type.TEXTS, made(name, words))


THEMES_OF_CODEBOOKS = Dataset(
    name="themes",
    rows=_themes,
    order=codebook.BY_NAME,
    reads={
        "id": as_stored(Theme.id),
        "scheme": Scheme.code,
        "parent_id": as_stored(Theme.parent_id),
        "name": Theme.name,
        "definition": Theme.definition,
        "examples": json_of(Theme.examples),
        "counter_examples": json_of(Theme.counter_examples),
        "color": Theme.color,
        "retired": Theme.retired_at.is_not(None),
        "merged_into_id": as_stored(Theme.merged_into_id),
    },
    columns=(
        id_of("id", "Thème, dans cet export seulement", "Theme, in this export only"),
        SCHEME,
        id_of("parent_id", "Thème qui le contient", "Theme that it lies in"),
        text("name", "Nom", "Name"),
        text("definition", "Définition", "Definition"),
        _texts("examples", "Exemples", "Examples"),
        _texts("counter_examples", "Contre-exemples", "Counter-examples"),
        text("color", "Couleur", "Color", unit="#rrggbb"),
        yes(
            "retired",
            "Retiré : ne se donne plus, reste sur ce qui fut codé",
            "Retired: given no more, stays on what was coded",
            field="themes.retired_at",
            rule="vrai quand il y en a une",
        ),
        id_of(
            "merged_into_id",
            "Thème dans lequel il a été fusionné",
            "Theme into which it was merged",
        ),
        CUT,
        ANOMALY,
    ),
)
