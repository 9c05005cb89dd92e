"""Witnesses who consent to be studied: neither names nor pseudonyms."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, not_, select
from sqlalchemy.orm import aliased

from app.audit.models import AuditEvent
from app.core.models import as_stored
from app.exports.columns import Batch, Cells, Column, age_band
from app.exports.datasets.base import (
    ANOMALY,
    CUT,
    LEVEL,
    SCHEME,
    SECTOR,
    TERRITORY,
    Dataset,
    code,
    day_of,
    id_of,
    month_of,
    yes,
)
from app.exports.queries import confined, willing
from app.exports.schemas import Type
from app.places.models import Territory
from app.releases.models import Release, ReleaseItem
from app.schemes.models import Scheme
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses import service as witnesses
from app.witnesses.ages import BANDS
from app.witnesses.models import Witness
from app.witnesses.schemas import WitnessFilters


def _witnesses(filters: WitnessFilters, at: datetime) -> Select[Any]:
    return (
        witnesses.filtered(filters)
        .where(*willing(at))
        .select_from(Witness)
        .join(Scheme, Scheme.id == Witness.scheme_id)
        .outerjoin(Territory, Territory.id == Witness.territory_id)
    )


def _looked() -> ColumnElement[Any]:
    """Whether they opened their page once words of theirs that may leave were published."""
    spoke = aliased(TestimonyWitness)  # `confined` asks for others of the same testimony
    leaves = select(Testimony.id).where(Testimony.id == spoke.testimony_id, not_(confined()))
    published = (
        select(spoke.id)
        .join(ReleaseItem, ReleaseItem.testimony_id == spoke.testimony_id)
        .join(Release, Release.id == ReleaseItem.release_id)
        .where(
            spoke.witness_id == Witness.id,
            Release.recalled_at.is_(None),
            Release.published_at <= AuditEvent.created_at,
            exists(leaves.correlate(spoke)),
        )
    )
    visits = select(AuditEvent.id).where(
        AuditEvent.subject_id == Witness.id,
        AuditEvent.action == "receipt.opened",
        exists(published.correlate(Witness, AuditEvent)),
    )
    return exists(visits.correlate(Witness))


def _age_band(batch: Batch) -> Cells:
    known = zip(batch.read["birth_year"], batch.read["registered_on"], strict=True)
    return [age_band(birth_year, day) for birth_year, day in known]


WITNESSES = Dataset(
    name="witnesses",
    rows=_witnesses,
    order=witnesses.LATEST_FIRST,
    reads={
        "id": as_stored(Witness.id),
        "scheme": Scheme.code,
        "workshop_id": as_stored(Witness.workshop_id),
        "role": Witness.role,
        "birth_year": Witness.birth_year,
        "territory": Territory.code,
        "territory_level": as_stored(Territory.level),
        "sector": Witness.sector,
        "registered_on": day_of(Witness.created_at),
        "looked": _looked(),
    },
    columns=(
        id_of("id", "Témoin, dans cet export seulement", "Witness, in this export only"),
        SCHEME,
        id_of("workshop_id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        code("role", "Rôle", "Role", "witness_roles"),
        Column(
            "age_band",
            "Tranche d'âge à l'inscription",
            "Age band when registered",
            Type.CODE,
            _age_band,
            unit="year",
            values=BANDS,
            field="witnesses.birth_year",
            rule="année d'inscription, moins l'année de naissance, moins 1 ; vide sous 16 ans",
        ),
        TERRITORY,
        SECTOR,
        month_of(
            "registered_on",
            "Mois d'inscription",
            "Month of registration",
            field="witnesses.created_at",
        ),
        CUT,
        ANOMALY,
        LEVEL,
        yes(
            "looked",
            "Le témoin est revenu voir ce que sont devenus ses mots",
            "Came back to see what became of their words",
            field="audit-events.action",
            rule="a ouvert sa page depuis que ses mots, qui peuvent sortir sans condition, sont "
            "dans une publication qui n'est pas rappelée ; les visites de plus de 12 mois sont "
            "oubliées",
        ),
    ),
)
