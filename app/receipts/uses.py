"""Where a witness's words are shown now: the items of what may still be read, as they are shown."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core.models import now
from app.gate.service import WayOut, signed
from app.reactions.service import answers_to
from app.receipts.models import Approval
from app.releases import service as releases
from app.releases.deliveries import needs_link
from app.releases.events import days_of, latest
from app.releases.models import Delivery, Release, ReleaseItem
from app.schemes.service import labels
from app.testimonies.models import TestimonyWitness
from app.witnesses.decision import Cell, Medium

Key = tuple[UUID, WayOut, UUID]  # a bundle, who reads it, and the item


@dataclass(frozen=True)
class Use:
    """An item that shows the words of a witness to some readers now: as the newest release does.

    `release_ids` are all that may still be read of it by those readers, and `media` is all that
    they show.
    """

    item: ReleaseItem
    release: Release
    shown: dict[str, Any]
    bundle_title: str
    release_ids: frozenset[UUID]
    media: frozenset[Medium]

    @property
    def cells(self) -> frozenset[Cell]:
        """What it needs a consent to."""
        return frozenset(releases.way_of(self.release).cells(self.media))


def uses_of(db: Session, witness_id: UUID) -> list[Use]:
    """The uses of this witness's words, as `uses_of_words` tells them."""
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness_id)
    return uses_of_words(db, spoken, witness_id)


def uses_of_words(db: Session, testimony_ids: Select[UUID], asked: UUID | None = None) -> list[Use]:
    """The uses of these testimonies, the latest first.

    Of each item of a bundle and each way out, the newest release that shows it and was not
    recalled; what the gate blocks at this moment is no use any more. `media` are those that the
    witness `asked` must agree to; without one, whoever signs it.
    """
    rows = db.execute(
        select(ReleaseItem, Release)
        .join(Release, Release.id == ReleaseItem.release_id)
        .where(ReleaseItem.testimony_id.in_(testimony_ids), Release.recalled_at.is_(None))
        .order_by(Release.published_at.desc(), Release.number.desc(), ReleaseItem.id)
    ).all()
    alike: dict[Key, list[tuple[ReleaseItem, Release]]] = {}
    for item, release in rows:
        key = release.bundle_id, releases.way_of(release), item.item_id
        alike.setdefault(key, []).append((item, release))
    return list(_shown(db, alike.values(), asked))


def described(db: Session, uses: Sequence[Use], witness_id: UUID) -> list[dict[str, Any]]:
    """The uses as `UseOut`, each with its `testimony_id`, how many opened it and its `cells`.

    An event has its day; what is for everybody, or hangs on a wall, does not `needs_link`.
    """
    audiences, forms = labels(db, "audiences"), labels(db, "forms")
    release_ids = {release_id for use in uses for release_id in use.release_ids}
    given, days = links_to(db, release_ids), days_of(db, release_ids)
    approved = _approvals(db, uses, witness_id)
    answers, told = answers_to(db, [use.item.item_id for use in uses]), []
    for use in uses:
        recipients, readers = summed(given, use.release_ids)
        about = use.release.bundle_id, releases.way_of(use.release), use.item.item_id
        told.append(
            {
                "item_id": use.item.id,
                "testimony_id": use.item.testimony_id,
                "show_as": use.shown["show_as"],
                "quote": use.shown["quote"],
                "signature": use.shown.get("signature"),
                "bundle_title": use.bundle_title,
                "audience_label": audiences.get(use.release.audience, use.release.audience),
                "form_label": forms.get(use.release.form, use.release.form),
                "published_at": use.release.published_at,
                "recipients": recipients,
                "readers": readers,
                "needs_link": needs_link(use.release),
                "held_on": latest(days, use.release_ids),
                "reactions": [
                    answer
                    | {"audience_label": audiences.get(answer["audience"], answer["audience"])}
                    for answer in answers.get(about, [])
                ],
                "approved": approved.get(use.item.id),
                "cells": use.cells,
            }
        )
    return told


def _shown(
    db: Session, found: Iterable[list[tuple[ReleaseItem, Release]]], asked: UUID | None
) -> Iterator[Use]:
    titles: dict[UUID, str] = {}
    shown: dict[UUID, dict[str, dict[str, Any]]] = {}
    moment: datetime = now()
    for alike in found:
        release_ids = frozenset(release.id for _, release in alike)
        media = frozenset[Medium]().union(*(_media(item, asked) for item, _ in alike))
        for item, release in alike:
            if release.id not in titles:
                content, _ = releases.read(db, release, moment)
                titles[release.id] = content["title"]
                items = (i for part in content["sections"] for i in part["items"])
                shown[release.id] = {i["id"]: i for i in items}
            here = shown[release.id].get(str(item.item_id))
            if here and not here["withdrawn"]:
                yield Use(item, release, here, titles[release.id], release_ids, media)
                break


def _media(item: ReleaseItem, asked: UUID | None) -> frozenset[Medium]:
    media, signers = frozenset(map(Medium, item.media_shown)), releases.signers_of(item)
    return signed(media) if signers and (asked is None or asked in signers) else media


def links_to(db: Session, release_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """By release: how many hold a link to it, and how many opened theirs. A wall holds none."""
    rows = (
        select(Delivery.release_id, func.count(Delivery.id), func.count(Delivery.opened_at))
        .where(
            Delivery.release_id.in_(release_ids),
            Delivery.revoked_at.is_(None),
            ~Delivery.is_wall,
        )
        .group_by(Delivery.release_id)
    )
    return {release_id: (given, opened) for release_id, given, opened in db.execute(rows)}


def summed(links: Mapping[UUID, tuple[int, int]], release_ids: Iterable[UUID]) -> tuple[int, int]:
    """The same, of all these releases."""
    counts = [links.get(release_id, (0, 0)) for release_id in release_ids]
    return sum(given for given, _ in counts), sum(opened for _, opened in counts)


def _approvals(db: Session, uses: Sequence[Use], witness_id: UUID) -> dict[UUID, bool]:
    about = Approval.release_item_id.in_([use.item.id for use in uses])
    rows = select(Approval.release_item_id, Approval.approved)
    return dict(db.execute(rows.where(about, Approval.witness_id == witness_id)).all())
