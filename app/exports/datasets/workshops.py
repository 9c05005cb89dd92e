"""Workshops, without what the team writes for itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func

from app.accounts.models import Kind as OrganizationKind
from app.accounts.models import Organization
from app.core.models import as_stored
from app.exports.columns import Column, made, words
from app.exports.datasets.base import (
    ANOMALY,
    CUT,
    LEVEL,
    METHOD,
    SCHEME,
    TERRITORY,
    Dataset,
    day_of,
    id_of,
    json_of,
    month_of,
    one_of,
    text,
    yes,
)
from app.exports.schemas import Type
from app.places.models import Place, PlaceKind, Territory
from app.schemes.models import Scheme
from app.workshops import service as workshops
from app.workshops.models import Kind, Workshop
from app.workshops.schemas import WorkshopFilters

W = Workshop


def _workshops(filters: WorkshopFilters, _: datetime) -> Select[Any]:
    return (
        workshops.filtered(filters)
        .select_from(W)
        .join(Scheme, Scheme.id == W.scheme_id)
        .join(Place, Place.id == W.place_id)
        .join(Territory, Territory.id == Place.territory_id)
        .join(Organization, Organization.id == _heard_by())
    )


def _heard_by() -> ColumnElement[Any]:
    """Who came to hear people in a workshop: the partner who films there, or whose place it is."""
    return func.coalesce(W.partner_organization_id, W.owner_organization_id)


WORKSHOPS = Dataset(
    name="workshops",
    rows=_workshops,
    order=workshops.LATEST_FIRST,
    reads={
        "id": as_stored(W.id),
        "scheme": Scheme.code,
        "place_id": as_stored(W.place_id),
        "place_kind": as_stored(Place.kind),
        "organization_kind": as_stored(Organization.kind),
        "territory": Territory.code,
        "territory_level": as_stored(Territory.level),
        "kind": as_stored(W.kind),
        "method": W.method,
        "title": W.title,
        "starts_on": day_of(W.starts_at),
        "planned_on": day_of(W.planned_starts_at),
        "closed_on": day_of(W.closed_at),
        "roles_expected": json_of(W.roles_expected),
        "hierarchy_present": W.hierarchy_present,
    },
    columns=(
        id_of("id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        SCHEME,
        id_of("place_id", "Lieu, dans cet export seulement", "Place, in this export only"),
        one_of("place_kind", "Type de lieu", "Kind of place", PlaceKind, field="places.kind"),
        one_of(
            "organization_kind",
            "Type de structure qui écoute",
            "Kind of organization that listens",
            OrganizationKind,
            field="organizations.kind",
            rule="de la structure partenaire s'il y en a une, sinon de celle du lieu",
        ),
        TERRITORY,
        one_of("kind", "Type", "Kind", Kind),
        METHOD,
        text("title", "Titre", "Title"),
        month_of(
            "starts_on", "Mois où il commence", "Month when it starts", field="workshops.starts_at"
        ),
        month_of(
            "planned_on",
            "Mois prévu d'abord",
            "Month planned at first",
            field="workshops.planned_starts_at",
        ),
        month_of(
            "closed_on",
            "Mois où il est clos",
            "Month when it is closed",
            field="workshops.closed_at",
        ),
        Column(
            "roles_expected",
            "Rôles attendus",
            "Roles expected",
            Type.CODES,
            made("roles_expected", words),
            vocabularies=("witness_roles",),
        ),
        yes("hierarchy_present", "La hiérarchie est présente", "The hierarchy is present"),
        CUT,
        ANOMALY,
        LEVEL,
    ),
)
