"""What a proposition says, as its history keeps it: words of the team, and what they rest on."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.models import Base
from app.excerpts.models import Excerpt
from app.history import service as history
from app.history.models import Version
from app.history.service import Content, Reading, Snapshot, said_by, snapshot
from app.lineage.service import made_from
from app.propositions.models import Proposition
from app.propositions.schemas import CoAuthorIn, EvidenceIn, PropositionIn
from app.witnesses.models import Witness


def snapshot_of(proposition: Proposition, shown: Mapping[str, Any]) -> Snapshot:
    """What it says now, of which `shown` is told besides its columns."""
    rests = [_only(EvidenceIn, row) for row in shown["evidence"] if row["excerpt_id"]]
    wrote = [_only(CoAuthorIn, row) for row in shown["co_authors"]]
    content = said_by(PropositionIn, proposition, {"evidence": rests, "co_authors": wrote})
    sources = [
        *((Excerpt, UUID(str(row["excerpt_id"]))) for row in rests),
        *((Witness, UUID(str(row["witness_id"]))) for row in wrote if row["witness_id"]),
    ]
    return snapshot(proposition, content, sources)


def reading(proposition: Proposition, shown: Mapping[str, Any]) -> Reading:
    """How whoever sees a proposition reads its versions."""
    return Reading(proposition, snapshot_of(proposition, shown), proposition.created_by_id)


def forget_evidence(db: Session, excerpt_ids: Collection[UUID]) -> None:
    """No version says any more that it rested on these excerpts."""
    gone = {str(id_) for id_ in excerpt_ids}

    def what_stays(content: Content) -> Content:
        rests = [row for row in content["evidence"] if row["excerpt_id"] not in gone]
        return content | {"evidence": rests}

    _erase(db, Excerpt, excerpt_ids, what_stays)


def forget_witness(db: Session, witness_id: UUID) -> None:
    """No version says any more that this witness wrote it; their role stays."""
    gone = str(witness_id)

    def what_stays(content: Content) -> Content:
        wrote = [
            row | {"witness_id": None} if row["witness_id"] == gone else row
            for row in content["co_authors"]
        ]
        return content | {"co_authors": wrote}

    _erase(db, Witness, [witness_id], what_stays)


def _only(schema: type[Any], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in schema.model_fields}


def _erase(db: Session, of: type[Base], ids: Collection[UUID], what_stays: Any) -> None:
    made = made_from(db, {of.__tablename__: ids}).get(Version.__tablename__, set())
    rows = select(Version).where(Version.id.in_(made), Version.of == Proposition.__tablename__)
    history.erase_parts(db, rows, what_stays)
