"""How far what became of their words came back to those who spoke."""

from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.audit.models import AuditEvent
from app.core.models import now
from app.core.pages import matches
from app.indicators.corpus import accepted, figures_for
from app.indicators.schemas import CorpusFilters, LoopFilters
from app.reactions.models import Reaction
from app.releases.deliveries import was_given
from app.releases.models import Delivery, Release, ReleaseItem
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.models import Witness

PUBLISHED = "published"
STAGES = ("delivered", "opened", "acknowledged", "answered", "looked")


def loop(db: Session, filters: LoopFilters, me: Caller) -> dict[str, Any]:
    """A `LoopOut`: of the witnesses whose words are in a release now, how many got how far."""
    of_scheme = CorpusFilters(scheme_id=filters.scheme_id)
    testimonies = accepted(of_scheme, me).with_only_columns(Testimony.id)
    used: Any = (
        select(TestimonyWitness.witness_id, func.min(Release.published_at).label("since"))
        .join(ReleaseItem, ReleaseItem.testimony_id == TestimonyWitness.testimony_id)
        .join(Release, Release.id == ReleaseItem.release_id)
        .where(
            Release.recalled_at.is_(None),
            ReleaseItem.testimony_id.in_(testimonies),
            *matches(Release, filters, "audience", "form"),
        )
        .group_by(TestimonyWitness.witness_id)
    )
    figures, published = figures_for(me), _many(db, used)
    figures.counts[PUBLISHED] = published
    for stage, rows in _stages(used).items():
        figures.counts[stage] = reached = _many(db, rows)
        figures.counts["not", stage] = published - reached
        figures.add_up(PUBLISHED, [stage, ("not", stage)])
    return {
        "counted_at": now(),
        "k": figures.k,
        "witnesses": figures.count(PUBLISHED),
        "stages": [
            {
                "stage": stage,
                "count": figures.count(stage),
                "share": figures.share(stage, of=PUBLISHED),
            }
            for stage in STAGES
        ],
    }


def _many(db: Session, witnesses: Select[Any]) -> int:
    """How many witnesses these rows, of which each is one, are about."""
    return db.scalar(select(func.count()).select_from(witnesses.subquery())) or 0


def _stages(used: Select[Any]) -> dict[str, Select[Any]]:
    """The witnesses who got as far as each stage, by what became of the same uses."""
    witnesses = used.with_only_columns(TestimonyWitness.witness_id)
    given = witnesses.join(Delivery, Delivery.release_id == Release.id)
    of_it = or_(Reaction.item_id.is_(None), Reaction.item_id == ReleaseItem.item_id)
    answered = witnesses.join(Reaction, Reaction.release_id == Release.id)
    since = used.subquery()
    looked = (
        select(Witness.id)
        .join(since, since.c.witness_id == Witness.id)
        .join(AuditEvent, AuditEvent.subject_id == Witness.id)
        .where(AuditEvent.action == "receipt.opened", AuditEvent.created_at >= since.c.since)
        .distinct()
    )
    return {
        "delivered": given.where(was_given()),
        "opened": given.where(Delivery.opened_at.is_not(None)),
        "acknowledged": given.where(Delivery.acknowledged_at.is_not(None)),
        "answered": answered.where(Reaction.published_at.is_not(None), of_it),
        "looked": looked,
    }
