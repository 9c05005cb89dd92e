"""Bundles: what was chosen, for whom, and what became of it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    case,
    cast,
    exists,
    func,
    not_,
    select,
)

from app.bundles import service as bundles
from app.bundles.models import Bundle, BundleExpectation, BundleItem, BundleState, ShowAs
from app.bundles.schemas import BundleFilters
from app.core.models import as_stored
from app.excerpts.models import Excerpt, ExcerptState
from app.exports.columns import Column
from app.exports.datasets.base import (
    ANOMALY,
    CODED,
    CUT,
    LEVEL,
    SCHEME,
    TERRITORY,
    Dataset,
    code,
    count,
    day_of,
    id_of,
    ids_that_leave,
    month_of,
    one_of,
    yes,
)
from app.exports.datasets.given import GIVEN, REVOKED_UNOPENED, given
from app.exports.queries import children, confined, unopposed
from app.places.models import Territory
from app.releases.models import PublicAddress, Release
from app.schemes.models import Scheme
from app.testimonies.models import Nature, Testimony, TestimonyWitness
from app.witnesses.decision import Purpose

B, E, T = Bundle, Excerpt, Testimony


def _bundles(filters: BundleFilters, _: datetime) -> Select[Any]:
    return (
        bundles.filtered(filters)
        .select_from(B)
        .join(Scheme, Scheme.id == B.scheme_id)
        .outerjoin(Territory, Territory.id == B.territory_id)
    )


def _bundle_state() -> ColumnElement[Any]:
    """What `state_of` says."""
    return case(
        (B.closed_at.is_not(None), BundleState.CLOSED.value),
        (B.published_at.is_not(None), BundleState.PUBLISHED.value),
        (B.ready_at.is_not(None), BundleState.READY.value),
        (B.martyr_at.is_not(None), BundleState.MARTYR.value),
        else_=BundleState.DRAFT.value,
    )


def _of_bundle(rows: Select[Any]) -> ColumnElement[Any]:
    """What these rows come to, of one bundle."""
    return rows.correlate(B).scalar_subquery()


def _items(*which: ColumnElement[bool]) -> ColumnElement[Any]:
    return _of_bundle(select(func.count()).where(BundleItem.bundle_id == B.id, *which))


def _told_so(nature: Nature) -> ColumnElement[Any]:
    """How many passages of this nature: excerpts and whole testimonies, each once."""
    told = func.coalesce(cast(E.nature, String), cast(T.nature, String))
    rows = select(func.count()).select_from(BundleItem)
    rows = rows.outerjoin(E, E.id == BundleItem.excerpt_id)
    rows = rows.outerjoin(T, T.id == BundleItem.testimony_id)
    return _of_bundle(rows.where(BundleItem.bundle_id == B.id, told == nature.value))


def _sources() -> Select[Any]:
    """The testimonies that a bundle quotes, or shows whole."""
    said = func.coalesce(BundleItem.testimony_id, E.testimony_id)
    rows = select(said).select_from(BundleItem).outerjoin(E, E.id == BundleItem.excerpt_id)
    return rows.where(BundleItem.bundle_id == B.id, said.is_not(None)).correlate(B)


def _voices() -> ColumnElement[Any]:
    rows = select(func.count(TestimonyWitness.witness_id.distinct()))
    return _of_bundle(rows.where(TestimonyWitness.testimony_id.in_(_sources())))


def _heard_in() -> ColumnElement[Any]:
    rows = select(func.count(T.workshop_id.distinct()))
    return _of_bundle(rows.where(T.id.in_(_sources())))


def _releases(what: Any, *which: ColumnElement[bool]) -> ColumnElement[Any]:
    return _of_bundle(select(what).where(Release.bundle_id == B.id, *which))


def _is_its(release_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    return release_id.in_(select(Release.id).where(Release.bundle_id == B.id).correlate(B))


def _expectations() -> ColumnElement[Any]:
    rows = select(func.count()).where(BundleExpectation.bundle_id == B.id)
    return _of_bundle(rows)


def _is_public() -> ColumnElement[Any]:
    """Whether everybody reads it at an address of its own."""
    current = PublicAddress.bundle_id == B.id, PublicAddress.withdrawn_at.is_(None)
    return exists(select(PublicAddress.id).where(*current).correlate(B))


def _excerpts_that_leave(at: datetime) -> ColumnElement[Any]:
    rows = (
        select(BundleItem)
        .join(E, E.id == BundleItem.excerpt_id)
        .join(T, T.id == E.testimony_id)
        .where(
            BundleItem.bundle_id == B.id,
            E.state == ExcerptState.VALID,
            E.restriction.is_(None),
            not_(confined()),
            unopposed(at),
        )
    )
    return children(B, rows, BundleItem.position, BundleItem.excerpt_id)


def _testimonies_that_leave(_: datetime) -> ColumnElement[Any]:
    rows = select(BundleItem).join(T, T.id == BundleItem.testimony_id)
    rows = rows.where(BundleItem.bundle_id == B.id, not_(confined()))
    return children(B, rows, BundleItem.position, BundleItem.testimony_id)


ITEMS = "bundles/{bundle_id}.sections"
RELEASES = "bundles/{bundle_id}/releases"

LEAVE = f"ceux qui peuvent sortir sans condition ; {CODED}"


def _passages(name: str, label_fr: str, nature: Nature) -> Column:
    rule = f"nombre d'extraits et de témoignages entiers de nature {nature}"
    return count(name, label_fr, name.capitalize(), "item", field=ITEMS, rule=rule)


BUNDLES = Dataset(
    name="bundles",
    rows=_bundles,
    order=bundles.LATEST_FIRST,
    reads={
        "id": as_stored(B.id),
        "scheme": Scheme.code,
        "audience": B.audience,
        "form": B.form,
        "purpose": as_stored(B.purpose),
        "territory": Territory.code,
        "territory_level": as_stored(Territory.level),
        "state": _bundle_state(),
        "composed_on": day_of(B.created_at),
        "ready_on": day_of(B.ready_at),
        "closed_on": day_of(B.closed_at),
        "expectations": _expectations(),
        "items": _items(),
        "excerpts": _items(BundleItem.excerpt_id.is_not(None)),
        "testimonies": _items(BundleItem.testimony_id.is_not(None)),
        "texts": _items(BundleItem.text.is_not(None)),
        "heard": _items(BundleItem.show_as == ShowAs.AUDIO),
        "seen": _items(BundleItem.show_as == ShowAs.VIDEO),
        "practices": _told_so(Nature.PRACTICE),
        "feelings": _told_so(Nature.FEELING),
        "mixed": _told_so(Nature.MIXED),
        "ideas": _told_so(Nature.IDEA),
        "information": _told_so(Nature.INFORMATION),
        "voices": _voices(),
        "workshops": _heard_in(),
        "releases": _releases(func.count()),
        "recalled": _releases(func.count(), Release.recalled_at.is_not(None)),
        "first_published_on": _releases(func.min(day_of(Release.published_at))),
        "last_published_on": _releases(func.max(day_of(Release.published_at))),
        "public": _is_public(),
        **given(B, _is_its),
    },
    reads_at={
        "excerpt_ids": _excerpts_that_leave,
        "testimony_ids": _testimonies_that_leave,
    },
    columns=(
        id_of("id", "Dossier, dans cet export seulement", "Bundle, in this export only"),
        SCHEME,
        code("audience", "Public", "Audience", "audiences"),
        code("form", "Forme", "Form", "forms"),
        one_of("purpose", "Usage", "Purpose", Purpose),
        replace(
            TERRITORY,
            label_fr="Territoire (code INSEE) ; vide : partout",
            label_en="Territory (INSEE code); empty: everywhere",
        ),
        one_of("state", "État", "State", BundleState),
        month_of(
            "composed_on",
            "Mois où il est composé",
            "Month when it is composed",
            field="bundles.created_at",
        ),
        month_of(
            "ready_on",
            "Mois où il est dit prêt",
            "Month when it is said to be ready",
            field="bundles.ready_at",
        ),
        month_of(
            "closed_on", "Mois où il est clos", "Month when it is closed", field="bundles.closed_at"
        ),
        count(
            "expectations",
            "Attentes auxquelles il répond",
            "Expectations that it answers",
            "expectation",
            field="bundles.expectation_ids",
            rule="leur nombre",
        ),
        count("items", "Éléments", "Items", "item", field=ITEMS, rule="nombre d'éléments"),
        count(
            "excerpts",
            "dont extraits",
            "of which excerpts",
            "item",
            field=ITEMS,
            rule="nombre d'éléments tirés d'un extrait",
        ),
        count(
            "testimonies",
            "dont témoignages entiers",
            "of which whole testimonies",
            "item",
            field=ITEMS,
            rule="nombre d'éléments tirés d'un témoignage entier",
        ),
        count(
            "texts",
            "dont textes de l'équipe",
            "of which texts of the team",
            "item",
            field=ITEMS,
            rule="nombre d'éléments écrits par l'équipe",
        ),
        count(
            "heard",
            "dont donnés à entendre",
            "of which shown as sound",
            "item",
            field=ITEMS,
            rule="nombre d'éléments dont show_as est audio",
        ),
        count(
            "seen",
            "dont donnés à voir",
            "of which shown as video",
            "item",
            field=ITEMS,
            rule="nombre d'éléments dont show_as est video",
        ),
        _passages("practices", "Pratiques", Nature.PRACTICE),
        _passages("feelings", "Ressentis", Nature.FEELING),
        _passages("mixed", "Mêlés", Nature.MIXED),
        _passages("ideas", "Idées", Nature.IDEA),
        _passages("information", "Informations", Nature.INFORMATION),
        count(
            "voices",
            "Personnes entendues",
            "People heard",
            "person",
            field=ITEMS,
            rule="nombre de témoins différents des extraits et des témoignages",
        ),
        count(
            "workshops",
            "Ateliers d'où viennent les paroles",
            "Workshops where it was said",
            "workshop",
            field=ITEMS,
            rule="nombre d'ateliers différents des extraits et des témoignages",
        ),
        ids_that_leave(
            "excerpt_ids",
            "Extraits, de ceux qui peuvent sortir, dans cet export seulement",
            "Excerpts, of those that may leave, in this export only",
            field=ITEMS,
            rule=LEAVE,
        ),
        ids_that_leave(
            "testimony_ids",
            "Témoignages entiers, de ceux qui peuvent sortir, dans cet export seulement",
            "Whole testimonies, of those that may leave, in this export only",
            field=ITEMS,
            rule=LEAVE,
        ),
        count(
            "releases", "Publications", "Releases", "release", field=RELEASES, rule="leur nombre"
        ),
        count(
            "recalled",
            "dont rappelées",
            "of which recalled",
            "release",
            field=RELEASES,
            rule="nombre de celles qu'une autre remplace parce que des paroles en ont été retirées",
        ),
        month_of(
            "first_published_on",
            "Mois de la première publication",
            "Month of the first release",
            field=RELEASES,
            rule="published_at de la première, au mois",
        ),
        month_of(
            "last_published_on",
            "Mois de la dernière publication",
            "Month of the last release",
            field=RELEASES,
            rule="published_at de la dernière, au mois",
        ),
        yes(
            "public",
            "A une adresse publique",
            "Has a public address",
            field="releases/{release_id}/public-address",
            rule="vrai s'il en a une à présent",
        ),
        *GIVEN,
        CUT,
        ANOMALY,
        LEVEL,
        REVOKED_UNOPENED,
    ),
)
