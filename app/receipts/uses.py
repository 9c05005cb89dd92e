"""Where a witness's words are shown now: the items of what may still be read, as they are shown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import Session

from app.core.models import now
from app.gate.service import WayOut
from app.reactions.service import answers_to
from app.receipts.models import Approval
from app.releases import service as releases
from app.releases.models import Delivery, Release, ReleaseItem
from app.schemes.service import labels
from app.testimonies.models import TestimonyWitness
from app.witnesses.decision import Cell, Medium


@dataclass(frozen=True)
class Use:
    """An item of a release that shows the words of a witness now."""

    item: ReleaseItem
    release: Release
    shown: dict[str, Any]
    bundle_title: str

    @property
    def cells(self) -> frozenset[Cell]:
        """What it needs a consent to."""
        release = self.release
        way = WayOut(release.audience, release.form, release.purpose, release.territory_id)
        return frozenset(way.cells(map(Medium, self.item.media_shown)))


def uses_of(db: Session, witness_id: UUID) -> list[Use]:
    """The uses of this witness's words, as `uses_of_words` tells them."""
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness_id)
    return uses_of_words(db, spoken)


def uses_of_words(db: Session, testimony_ids: Select[UUID]) -> list[Use]:
    """The uses of these testimonies, the latest first.

    Of each item of a bundle, the newest release that shows it and was not recalled; what the gate
    blocks at this moment is no use any more.
    """
    rows = db.execute(
        select(ReleaseItem, Release)
        .join(Release, Release.id == ReleaseItem.release_id)
        .where(ReleaseItem.testimony_id.in_(testimony_ids), Release.recalled_at.is_(None))
        .order_by(Release.published_at.desc(), Release.number.desc(), ReleaseItem.id)
    ).all()
    newest: dict[tuple[UUID, UUID], tuple[ReleaseItem, Release]] = {}
    for item, release in rows:
        newest.setdefault((release.bundle_id, item.item_id), (item, release))
    return list(_shown(db, newest.values()))


def described(db: Session, uses: Sequence[Use], witness_id: UUID) -> list[dict[str, Any]]:
    """The uses as `UseOut`, each with its `testimony_id`, how many opened it and its `cells`."""
    audiences, forms = labels(db, "audiences"), labels(db, "forms")
    given, approved = _recipients(db, uses), _approvals(db, uses, witness_id)
    answers, told = answers_to(db, [use.item.item_id for use in uses]), []
    for use in uses:
        recipients, readers = given.get((use.release.bundle_id, use.item.item_id), (0, 0))
        told.append(
            {
                "item_id": use.item.id,
                "testimony_id": use.item.testimony_id,
                "show_as": use.shown["show_as"],
                "quote": use.shown["quote"],
                "bundle_title": use.bundle_title,
                "audience_label": audiences.get(use.release.audience, use.release.audience),
                "form_label": forms.get(use.release.form, use.release.form),
                "published_at": use.release.published_at,
                "recipients": recipients,
                "readers": readers,
                "reactions": [
                    answer
                    | {"audience_label": audiences.get(answer["audience"], answer["audience"])}
                    for answer in answers.get((use.release.bundle_id, use.item.item_id), [])
                ],
                "approved": approved.get(use.item.id),
                "cells": use.cells,
            }
        )
    return told


def recipients_of(db: Session, uses: Sequence[Use]) -> list[dict[str, Any]]:
    """To whom the words were given: what they received, their title, and when they opened it."""
    item_ids = [use.item.item_id for use in uses]
    theirs = ReleaseItem.release_id == Release.id, ReleaseItem.item_id.in_(item_ids)
    rows = (
        select(Delivery, Release.content["title"].as_string())
        .join(Release, Release.id == Delivery.release_id)
        .where(exists(select(ReleaseItem.id).where(*theirs)))
        .order_by(Delivery.created_at, Delivery.id)
    )
    return [
        {
            "bundle_title": title,
            "recipient": delivery.recipient,
            "given_at": delivery.created_at,
            "opened_at": delivery.opened_at,
            "acknowledged_at": delivery.acknowledged_at,
        }
        for delivery, title in db.execute(rows)
    ]


def _shown(db: Session, found: Iterable[tuple[ReleaseItem, Release]]) -> Iterator[Use]:
    titles: dict[UUID, str] = {}
    shown: dict[UUID, dict[str, dict[str, Any]]] = {}
    moment: datetime = now()
    for item, release in found:
        if release.id not in titles:
            content, _ = releases.read(db, release, moment)
            titles[release.id] = content["title"]
            shown[release.id] = {i["id"]: i for part in content["sections"] for i in part["items"]}
        here = shown[release.id].get(str(item.item_id))
        if here and not here["withdrawn"]:
            yield Use(item, release, here, titles[release.id])


def _recipients(db: Session, uses: Sequence[Use]) -> dict[tuple[UUID, UUID], tuple[int, int]]:
    """By bundle and item: how many hold a link to it, and how many opened theirs."""
    item_ids = [use.item.item_id for use in uses]
    rows = (
        select(
            Release.bundle_id,
            ReleaseItem.item_id,
            func.count(Delivery.id),
            func.count(Delivery.opened_at),
        )
        .join(ReleaseItem, ReleaseItem.release_id == Release.id)
        .join(
            Delivery,
            and_(Delivery.release_id == Release.id, Delivery.revoked_at.is_(None)),
        )
        .where(ReleaseItem.item_id.in_(item_ids), Release.recalled_at.is_(None))
        .group_by(Release.bundle_id, ReleaseItem.item_id)
    )
    return {(bundle, item): (given, opened) for bundle, item, given, opened in db.execute(rows)}


def _approvals(db: Session, uses: Sequence[Use], witness_id: UUID) -> dict[UUID, bool]:
    about = Approval.release_item_id.in_([use.item.id for use in uses])
    rows = select(Approval.release_item_id, Approval.approved)
    return dict(db.execute(rows.where(about, Approval.witness_id == witness_id)).all())
