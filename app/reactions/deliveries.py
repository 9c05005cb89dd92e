"""Deliveries over all releases, by what came back: who did not answer yet."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.bundles.models import Bundle
from app.core.models import now
from app.core.pages import Item, matches
from app.reactions.models import Reaction
from app.reactions.schemas import GivenFilters
from app.releases import deliveries, service
from app.releases.models import Delivery, Release

OF_RELEASE = ("bundle_id", "number", "audience", "form")


def search(me: Caller, filters: GivenFilters) -> Select[Delivery]:
    """The deliveries of the releases this account sees, which pass the filters."""
    seen = service.visible_to(me).where(*matches(Release, filters, "audience", "form"))
    if filters.scheme_id:
        of_scheme = select(Bundle.id).where(Bundle.scheme_id == filters.scheme_id)
        seen = seen.where(Release.bundle_id.in_(of_scheme))
    rows = select(Delivery).where(
        Delivery.release_id.in_(seen.with_only_columns(Release.id)),
        *matches(Delivery, filters, "release_id"),
    )
    answered = select(Reaction.id).where(Reaction.delivery_id == Delivery.id).exists()
    for wanted, holds in (
        (filters.unanswered, ~answered),
        (filters.opened, Delivery.opened_at.is_not(None)),
        (filters.acknowledged, Delivery.acknowledged_at.is_not(None)),
        (filters.revoked, Delivery.revoked_at.is_not(None)),
        (filters.expired, Delivery.expires_at <= now()),
    ):
        if wanted is not None:
            rows = rows.where(holds if wanted else ~holds)
    return rows


def tell(db: Session, items: list[Item]) -> None:
    """Give each what was given, and what came back."""
    deliveries.tell(db, items)
    ids = [item["id"] for item in items]
    rows = select(Reaction.delivery_id, func.count(), func.max(Reaction.created_at))
    rows = rows.where(Reaction.delivery_id.in_(ids)).group_by(Reaction.delivery_id)
    answers = {str(id_): (count, last) for id_, count, last in db.execute(rows)}
    given = select(Release.id, *(getattr(Release, name) for name in OF_RELEASE))
    given = given.where(Release.id.in_({item["release_id"] for item in items}))
    releases = {str(row.id): row._mapping for row in db.execute(given)}
    for item in items:
        item |= {name: releases[str(item["release_id"])][name] for name in OF_RELEASE}
        item["reactions"], item["last_reaction_at"] = answers.get(str(item["id"]), (0, None))
