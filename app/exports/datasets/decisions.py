"""What was decided of testimonies, and why."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select

from app.core.models import as_stored
from app.exports.datasets.base import (
    ANOMALY,
    CUT,
    METHOD_OF_TESTIMONY,
    SCHEME,
    Dataset,
    code,
    day_of,
    id_of,
    json_of,
    month_of,
    one_of,
)
from app.exports.queries import protocol, studied
from app.moderation import service as moderation
from app.moderation.models import Decision, Verdict
from app.moderation.schemas import DecisionFilters
from app.schemes.models import Scheme
from app.testimonies.models import Testimony

T = Testimony


def _decisions(filters: DecisionFilters, at: datetime) -> Select[Any]:
    """Of testimonies that were not accepted too: nothing here is their words, or an editor's."""
    return (
        moderation.filtered(filters)
        .where(*studied(at))
        .select_from(Decision)
        .join(T, T.id == Decision.testimony_id)
        .join(Scheme, Scheme.id == T.scheme_id)
    )


DECISIONS = Dataset(
    name="decisions",
    rows=_decisions,
    order=moderation.LATEST_FIRST,
    reads={
        "id": as_stored(Decision.id),
        "testimony_id": as_stored(Decision.testimony_id),
        "scheme": Scheme.code,
        "method": T.method,
        "verdict": as_stored(Decision.verdict),
        "reason": Decision.reason_code,
        "decided_on": day_of(Decision.created_at),
        "restriction": json_of(T.restriction),
        "protocol": protocol(),
    },
    restrictions=("restriction", "protocol"),
    columns=(
        id_of("id", "Décision, dans cet export seulement", "Decision, in this export only"),
        id_of(
            "testimony_id",
            "Témoignage, dans cet export seulement",
            "Testimony, in this export only",
        ),
        SCHEME,
        METHOD_OF_TESTIMONY,
        one_of("verdict", "Décision", "Verdict", Verdict),
        code("reason", "Motif", "Reason", "rejection_reasons", field="decisions.reason_code"),
        month_of(
            "decided_on",
            "Mois de la décision",
            "Month of the decision",
            field="decisions.created_at",
        ),
        CUT,
        ANOMALY,
    ),
)
