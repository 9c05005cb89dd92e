"""Testimonies: the words of those who consent to be studied."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from app.accounts.permissions import Permission
from app.bundles.models import BundleItem
from app.codebook.models import Theme
from app.core.models import as_stored
from app.excerpts.models import Excerpt
from app.exports.columns import Batch, Cells, Column, age_band, as_read, each, exported_ids
from app.exports.datasets.base import (
    ANOMALY,
    CODED,
    CUT,
    LEVEL,
    METHOD,
    NATURE,
    RECORDED,
    SCHEME,
    SECTOR,
    TERRITORY,
    THEMES,
    Dataset,
    count,
    day_of,
    id_of,
    json_of,
    text,
)
from app.exports.queries import children, exportable, protocol
from app.exports.schemas import Type
from app.moderation.models import Candor
from app.moderation.speech import Level, level_in_sql
from app.places.models import Territory
from app.reactions.models import Reaction
from app.releases.deliveries import was_given
from app.releases.models import Delivery, Release, ReleaseItem
from app.schemes.models import Scheme
from app.testimonies import queries as testimonies
from app.testimonies.models import Testimony, TestimonyTag, TestimonyTheme, TestimonyWitness
from app.testimonies.schemas import TestimonyFilters
from app.testimonies.service import LATEST_FIRST as TESTIMONIES_LATEST_FIRST
from app.witnesses.ages import BANDS
from app.witnesses.models import Witness
from app.workshops.models import Kind, Workshop

T, W = Testimony, Workshop
REACHED = ("delivered", "opened", "acknowledged", "answered")  # stages of the loop


def _testimonies(filters: TestimonyFilters, at: datetime) -> Select[Any]:
    return (
        testimonies.filtered(filters)
        .where(*exportable(at))
        .select_from(T)
        .join(Scheme, Scheme.id == T.scheme_id)
        .outerjoin(Territory, Territory.id == T.territory_id)
        .outerjoin(Candor, Candor.testimony_id == T.id)
        .outerjoin(W, W.id == T.workshop_id)
    )


def _in_bundles() -> ColumnElement[Any]:
    """How many items of bundles show a testimony, or an excerpt of it."""
    items = select(func.count(BundleItem.id)).correlate(T)
    quoted = items.join(Excerpt, Excerpt.id == BundleItem.excerpt_id)
    quoted = quoted.where(Excerpt.testimony_id == T.id)
    whole = items.where(BundleItem.testimony_id == T.id)
    return whole.scalar_subquery() + quoted.scalar_subquery()


def _in_releases() -> ColumnElement[Any]:
    """The same of releases that were not recalled: an item of several of them counts once."""
    items = select(func.count(ReleaseItem.item_id.distinct())).join(
        Release, Release.id == ReleaseItem.release_id
    )
    shown = items.where(ReleaseItem.testimony_id == T.id, Release.recalled_at.is_(None))
    return shown.correlate(T).scalar_subquery()


def _given(*which: ColumnElement[bool]) -> ColumnElement[Any]:
    """Whether a release that shows a testimony, and was not recalled, was given to somebody so."""
    links = select(Delivery.id).join(Release, Release.id == Delivery.release_id)
    links = links.join(ReleaseItem, ReleaseItem.release_id == Release.id)
    return _is_shown(links.where(*which))


def _is_answered() -> ColumnElement[Any]:
    """Whether somebody answered it, or all of such a release, and the answer was published."""
    said = select(Reaction.id).join(Release, Release.id == Reaction.release_id)
    said = said.join(ReleaseItem, ReleaseItem.release_id == Release.id)
    of_it = or_(Reaction.item_id.is_(None), Reaction.item_id == ReleaseItem.item_id)
    return _is_shown(said.where(Reaction.published_at.is_not(None), of_it))


def _is_shown(rows: Select[Any]) -> ColumnElement[Any]:
    here = ReleaseItem.testimony_id == T.id, Release.recalled_at.is_(None)
    return exists(rows.where(*here).correlate(T))


def _reached(batch: Batch) -> Cells:
    """How far its releases got: of each stage whether it was reached."""
    rows = zip(*(batch.read[stage] for stage in REACHED), strict=True)
    return [[stage for stage, got in zip(REACHED, row, strict=True) if got] for row in rows]


def _age_bands(batch: Batch) -> Cells:
    """One of each witness, at the time of recording."""
    years = each("witnesses", 2)(batch)
    spoke = zip(years, batch.read["recorded_on"], strict=True)
    return [[age_band(int(year) if year else None, day) for year in row] for row, day in spoke]


TESTIMONIES = Dataset(
    name="testimonies",
    rows=_testimonies,
    order=TESTIMONIES_LATEST_FIRST,
    reads={
        "id": as_stored(T.id),
        "scheme": Scheme.code,
        "workshop_id": as_stored(T.workshop_id),
        "place_id": as_stored(T.place_id),
        "territory": Territory.code,
        "territory_level": as_stored(Territory.level),
        "method": T.method,
        "title": T.title,
        "body": T.body,
        "language": T.language,
        "recorded_on": day_of(T.recorded_on),
        "nature": as_stored(T.nature),
        "sector": T.sector,
        "candor": level_in_sql(Candor),
        "workshop_kind": as_stored(W.kind),
        "in_bundles": _in_bundles(),
        "in_releases": _in_releases(),
        "delivered": _given(was_given()),
        "opened": _given(Delivery.opened_at.is_not(None)),
        "acknowledged": _given(Delivery.acknowledged_at.is_not(None)),
        "answered": _is_answered(),
        "restriction": json_of(T.restriction),
        "protocol": protocol(),
        "witnesses": children(
            T,
            select(TestimonyWitness)
            .join(Witness, Witness.id == TestimonyWitness.witness_id)
            .where(TestimonyWitness.testimony_id == T.id),
            TestimonyWitness.position,
            TestimonyWitness.witness_id,
            Witness.role,
            Witness.birth_year,
        ),
        "themes": children(
            T,
            select(TestimonyTheme)
            .join(Theme, Theme.id == TestimonyTheme.theme_id)
            .where(TestimonyTheme.testimony_id == T.id),
            TestimonyTheme.position,
            Theme.name,
        ),
        "tags": children(
            T,
            select(TestimonyTag).where(TestimonyTag.testimony_id == T.id),
            TestimonyTag.position,
            TestimonyTag.tag,
        ),
    },
    restrictions=("restriction", "protocol"),
    columns=(
        id_of("id", "Témoignage, dans cet export seulement", "Testimony, in this export only"),
        SCHEME,
        id_of("workshop_id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        id_of("place_id", "Lieu, dans cet export seulement", "Place, in this export only"),
        TERRITORY,
        Column(
            "witness_ids",
            "Témoins, dans cet export seulement",
            "Witnesses, in this export only",
            Type.IDS,
            exported_ids("witnesses"),
            rule=CODED,
        ),
        Column(
            "roles",
            "Rôle de chaque témoin",
            "Role of each witness",
            Type.CODES,
            each("witnesses", 1),
            vocabularies=("witness_roles",),
            field="witnesses.role",
        ),
        Column(
            "age_bands",
            "Tranche d'âge de chaque témoin au moment du recueil",
            "Age band of each witness at the time of recording",
            Type.CODES,
            _age_bands,
            unit="year",
            values=BANDS,
            field="witnesses.birth_year",
            rule="année du recueil, moins l'année de naissance, moins 1 ; vide sous 16 ans",
        ),
        METHOD,
        text("title", "Titre", "Title"),
        text("body", "Propos", "Words"),
        text("language", "Langue", "Language", unit="ISO 639"),
        RECORDED,
        NATURE,
        SECTOR,
        THEMES,
        Column("tags", "Mots-clés", "Tags", Type.TEXTS, each("tags")),
        Column(
            "candor",
            "Liberté de la parole, appréciée par l'équipe (pour l'évaluation seule)",
            "How freely it was said, as the team assessed it (for evaluators alone)",
            Type.CODE,
            as_read("candor"),
            values=tuple(Level),
            needs=Permission.STUDY,
            field="testimonies/{testimony_id}/candor.level",
            rule="vide pour qui n'a pas le droit d'étudier",
        ),
        Column(
            "workshop_kind",
            "Type d'atelier",
            "Kind of workshop",
            Type.CODE,
            as_read("workshop_kind"),
            values=tuple(Kind),
            field="workshops.kind",
        ),
        count(
            "in_bundles",
            "Éléments de dossiers qui le montrent, ou un extrait de lui",
            "Items of bundles that show it, or an excerpt of it",
            "item",
            field="bundles.sections",
            rule="combien sont de ce témoignage, ou d'un extrait de lui",
        ),
        count(
            "in_releases",
            "Éléments publiés, et non rappelés, qui le montrent",
            "Items of releases, not recalled, that show it",
            "item",
            field="releases.content",
            rule="combien d'éléments viennent de ce témoignage",
        ),
        CUT,
        ANOMALY,
        LEVEL,
        Column(
            "reached",
            "Jusqu'où sont allées les publications qui le montrent, et qui ne sont pas rappelées",
            "How far the releases that show it, and were not recalled, got",
            Type.CODES,
            _reached,
            values=REACHED,
            field="deliveries",
            rule="delivered : remise par un lien qui n'est pas révoqué sans avoir été ouvert ; "
            "opened : ouverte ; acknowledged : accusé de réception ; answered : réponse publiée, "
            "à ce témoignage ou à tout",
        ),
    ),
)
