"""Releases: each version that was published, for whom, and what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.bundles.models import Bundle
from app.core.models import as_stored
from app.core.pages import Order, matches
from app.exports.datasets.base import (
    ANOMALY,
    CUT,
    SCHEME,
    Dataset,
    code,
    count,
    day_of,
    id_of,
    month_of,
    one_of,
    yes,
)
from app.exports.datasets.given import GIVEN, REVOKED_UNOPENED, given
from app.releases.models import Release, ReleaseItem
from app.releases.schemas import ReleaseFilters
from app.schemes.models import Scheme
from app.testimonies.models import TestimonyWitness
from app.witnesses.decision import Purpose

R = Release
COPIED = "tel qu'il était à la publication"


def _releases(filters: ReleaseFilters, _: datetime) -> Select[Any]:
    rows = select(R).join(Bundle, Bundle.id == R.bundle_id)
    rows = rows.join(Scheme, Scheme.id == Bundle.scheme_id)
    where = matches(R, filters, "audience", "form") + matches(Bundle, filters, "scheme_id")
    return rows.where(*where)


def _passages() -> ColumnElement[Any]:
    rows = select(func.count()).where(ReleaseItem.release_id == R.id)
    return rows.correlate(R).scalar_subquery()


def _voices() -> ColumnElement[Any]:
    who = TestimonyWitness.witness_id.distinct()
    rows = select(func.count(who)).select_from(ReleaseItem)
    rows = rows.join(TestimonyWitness, TestimonyWitness.testimony_id == ReleaseItem.testimony_id)
    return rows.where(ReleaseItem.release_id == R.id).correlate(R).scalar_subquery()


CONTENT = "releases/{release_id}.content"

RELEASES = Dataset(
    name="releases",
    rows=_releases,
    order=Order(R.published_at, R.id, descending=True),
    reads={
        "id": as_stored(R.id),
        "scheme": Scheme.code,
        "bundle_id": as_stored(R.bundle_id),
        "number": R.number,
        "audience": R.audience,
        "form": R.form,
        "purpose": as_stored(R.purpose),
        "published_on": day_of(R.published_at),
        "recalled": R.recalled_at.is_not(None),
        "passages": _passages(),
        "voices": _voices(),
        **given(R, lambda release_id: release_id == R.id),
    },
    columns=(
        id_of("id", "Publication, dans cet export seulement", "Release, in this export only"),
        SCHEME,
        id_of("bundle_id", "Dossier, dans cet export seulement", "Bundle, in this export only"),
        count(
            "number",
            "Numéro dans son dossier, à partir de 1",
            "Which of its bundle, the first of them 1",
            "release",
        ),
        code("audience", "Public", "Audience", "audiences"),
        code("form", "Forme", "Form", "forms"),
        one_of("purpose", "Usage", "Purpose", Purpose, field="bundles.purpose", rule=COPIED),
        month_of(
            "published_on",
            "Mois de publication",
            "Month of publication",
            field="releases/{release_id}.published_at",
        ),
        yes(
            "recalled",
            "Rappelée",
            "Recalled",
            field="releases/{release_id}.superseded_by",
            rule="vrai si une autre la remplace parce que des paroles en ont été retirées",
        ),
        count(
            "passages",
            "Extraits et témoignages entiers",
            "Excerpts and whole testimonies",
            "item",
            field=CONTENT,
            rule="nombre d'éléments tirés d'un témoignage, dont certains ne se montrent plus",
        ),
        count(
            "voices",
            "Personnes entendues",
            "People heard",
            "person",
            field=CONTENT,
            rule="nombre de témoins différents de ces passages",
        ),
        *GIVEN,
        REVOKED_UNOPENED,
        CUT,
        ANOMALY,
    ),
)
