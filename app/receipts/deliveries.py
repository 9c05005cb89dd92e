"""To whom a witness's words were given, and what became of each delivery: never a person's name."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from app.audiences.models import DecisionMaker
from app.core.models import now
from app.receipts.uses import Use
from app.releases.deliveries import was_given
from app.releases.models import Delivery, Release, ReleaseItem
from app.schemes.service import labels
from app.testimonies.models import TestimonyWitness
from app.withdrawals.models import Withdrawal

MOST = 50
TITLE = Release.content["title"].as_string()  # of a snapshot, no more is read


def deliveries_of(
    db: Session, witness_id: UUID, uses: Sequence[Use], *, every: bool = False
) -> dict[str, Any]:
    """The deliveries of what holds the words of this witness: the latest 50, or `every` one.

    `more_deliveries` is how many there were before. Also of what they took back since: it was
    given. A link that was closed before anybody opened it gave nothing, nor did one made for a
    dossier in which the words were not shown any more; but of one that was recalled since, nobody
    knows from when on they were not. A link that opens another release by now gave what it was made
    for; and words that are in the other one alone, when its recipient took note of that. Behind the
    codes of a wall nobody is known.
    """
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness_id)
    found = select(ReleaseItem.release_id).where(ReleaseItem.testimony_id.in_(spoken))
    holding = list(db.scalars(found.distinct()))
    at_first = Delivery.given_release_id.in_(holding)
    held_in = case((at_first, Delivery.given_release_id), else_=Delivery.release_id)
    given_at = case((at_first, Delivery.created_at), else_=Delivery.recall_acknowledged_at)
    taken_back = select(func.max(Withdrawal.created_at)).where(Withdrawal.witness_id == witness_id)
    until = db.scalar(taken_back) or now()
    end = db.scalar(taken_back.where(Withdrawal.everything)) or now()
    rows = (
        select(Delivery, given_at, Release.audience, Release.form, TITLE, DecisionMaker.title)
        .join(Release, Release.id == held_in)
        .outerjoin(DecisionMaker, DecisionMaker.id == Delivery.decision_maker_id)
        .where(
            or_(at_first, Delivery.release_id.in_(holding)),
            ~Delivery.is_wall,
            given_at <= end,
            was_given(),
            or_(
                Release.id.in_({id_ for use in uses for id_ in use.release_ids}),
                Release.recalled_at.is_not(None),
                given_at <= until,
            ),
        )
    )
    audiences, forms = labels(db, "audiences"), labels(db, "forms")
    latest = rows.order_by(given_at.desc(), Delivery.id).limit(None if every else MOST)
    told = [
        {
            "bundle_title": title,
            "audience_label": audiences.get(audience, audience),
            "form_label": forms.get(form, form),
            "recipient": function,
            "given_at": at,
            "opened_at": delivery.opened_at and max(delivery.opened_at, at),
            "acknowledged_at": delivery.acknowledged_at or delivery.recall_acknowledged_at,
        }
        for delivery, at, audience, form, title, function in db.execute(latest)
    ]
    whole = select(func.count()).select_from(rows.with_only_columns(Delivery.id).subquery())
    many = db.scalar(whole) or 0 if len(told) == MOST else len(told)
    return {"deliveries": told, "more_deliveries": many - len(told)}
