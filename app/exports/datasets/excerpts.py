"""Excerpts of those testimonies, and what they tell."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, case, select

from app.codebook.models import Theme
from app.core.models import as_stored
from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt, ExcerptState, ExcerptTheme, SelectorType
from app.excerpts.schemas import ExcerptFilters
from app.exports.columns import Batch, Cells, Column, as_read, made, member
from app.exports.datasets.base import (
    ANOMALY,
    CUT,
    METHOD_OF_TESTIMONY,
    NATURE,
    RECORDED,
    SCHEME,
    THEMES,
    Dataset,
    day_of,
    id_of,
    json_of,
    one_of,
    yes,
)
from app.exports.queries import children, exportable, protocol, unopposed
from app.exports.schemas import Type
from app.schemes.models import Scheme
from app.testimonies.models import Testimony

E, T = Excerpt, Testimony


class Source(StrEnum):
    """What the places of an excerpt are counted in."""

    BODY = "body"
    TRANSCRIPT = "transcript"
    RECORDING = "recording"


SOURCE = case(
    (E.media_id.is_(None), Source.BODY.value),
    (E.selector == SelectorType.TEXT, Source.TRANSCRIPT.value),
    else_=Source.RECORDING.value,
)


def _excerpts(filters: ExcerptFilters, at: datetime) -> Select[Any]:
    return (
        excerpts.filtered(filters)
        .where(E.state == ExcerptState.VALID, *exportable(at), unopposed(at))
        .select_from(E)
        .join(T, T.id == E.testimony_id)
        .join(Scheme, Scheme.id == E.scheme_id)
    )


def _quotes(batch: Batch) -> Cells:
    """What is given back: the edited quote when there is one, else the words themselves."""
    both = zip(batch.read["public_quote"], batch.read["exact"], strict=True)
    return [edited or exact for edited, exact in both]


def _practice(name: str, label_fr: str, label_en: str) -> Column:
    part = name.removeprefix("practice_")
    of = made("practice", member(part))
    return Column(name, label_fr, label_en, Type.TEXT, of, field="excerpts.practice", rule=part)


EXCERPTS = Dataset(
    name="excerpts",
    rows=_excerpts,
    order=excerpts.LATEST_FIRST,
    reads={
        "id": as_stored(E.id),
        "scheme": Scheme.code,
        "testimony_id": as_stored(E.testimony_id),
        "selector": as_stored(E.selector),
        "source": SOURCE,
        "start": E.start,
        "stop": E.stop,
        "exact": E.exact,
        "public_quote": E.public_quote,
        "edited": E.public_quote.is_not(None),
        "nature": as_stored(E.nature),
        "practice": json_of(E.practice),
        "names_employer": E.names_employer,
        "method": T.method,
        "recorded_on": day_of(T.recorded_on),
        "restriction": json_of(E.restriction),
        "testimony_restriction": json_of(T.restriction),
        "protocol": protocol(),
        "themes": children(
            E,
            select(ExcerptTheme)
            .join(Theme, Theme.id == ExcerptTheme.theme_id)
            .where(ExcerptTheme.excerpt_id == E.id),
            ExcerptTheme.position,
            Theme.name,
        ),
    },
    restrictions=("restriction", "testimony_restriction", "protocol"),
    columns=(
        id_of("id", "Extrait, dans cet export seulement", "Excerpt, in this export only"),
        id_of(
            "testimony_id",
            "Témoignage, dans cet export seulement",
            "Testimony, in this export only",
        ),
        SCHEME,
        METHOD_OF_TESTIMONY,
        RECORDED,
        one_of(
            "selector",
            "De quoi il est tiré : text ou time (enregistrement)",
            "What it is taken from: text, or time (a recording)",
            SelectorType,
            field="excerpts.selector",
            rule="son type",
        ),
        one_of(
            "source",
            "Où ses places se comptent : texte du témoignage, transcription ou enregistrement",
            "Where its places are counted: the testimony's body, a transcript, or a recording",
            Source,
            field="excerpts.selector",
            rule="body sans enregistrement ; sinon transcript (text) ou recording (time)",
        ),
        Column(
            "start",
            "Début",
            "Start",
            Type.INTEGER,
            as_read("start"),
            unit="code point (text) | ms (time)",
            field="excerpts.selector",
            rule="son début, depuis 0",
        ),
        Column(
            "stop",
            "Fin, non comprise",
            "End, excluded",
            Type.INTEGER,
            as_read("stop"),
            unit="code point (text) | ms (time)",
            field="excerpts.selector",
            rule="sa fin, non comprise",
        ),
        Column(
            "quote",
            "Citation",
            "Quote",
            Type.TEXT,
            _quotes,
            rule="la citation publique (public_quote) quand il y en a une, sinon les mots mêmes",
        ),
        yes(
            "edited",
            "La citation remplace les mots mêmes",
            "The quote replaces the very words",
            field="excerpts.public_quote",
            rule="vrai quand il y en a une",
        ),
        NATURE,
        _practice("practice_actor", "Pratique : qui", "Practice: who"),
        _practice("practice_action", "Pratique : a fait quoi", "Practice: did what"),
        _practice(
            "practice_occasion", "Pratique : à quelle occasion", "Practice: on what occasion"
        ),
        THEMES,
        yes("names_employer", "Nomme l'employeur", "Names the employer"),
        CUT,
        ANOMALY,
    ),
)
