"""What can be done with reactions: answer by a link, moderate, tell the witnesses.

A text may quote what was read: it is shown to who may read all that, and what it quotes goes when
those words are erased (`forgetting`).
"""

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.models import ActorKind
from app.audit.service import Actor, record
from app.bundles.models import Bundle
from app.core.db import locked
from app.core.models import Base, now
from app.core.pages import Details, Item, Order, matches
from app.core.problems import Invalid, NotFound, Problem
from app.documents.edition import shown_in
from app.excerpts.models import Excerpt
from app.gate.service import WayOut
from app.lineage.models import Derivation
from app.lineage.service import made
from app.reactions.models import TOLD, Reaction, State
from app.reactions.schemas import PublicationIn, ReactionFilters, ReactionIn, ReactionParams
from app.releases import deliveries as links
from app.releases import service as releases
from app.releases.models import Delivery, Release, ReleaseItem
from app.testimonies.models import State as TestimonyState
from app.testimonies.models import Testimony
from app.testimonies.queries import rights

R, D = Reaction, Derivation
LATEST_FIRST = Order(R.created_at, R.id, descending=True)
MOST = 200  # reactions by one link
TEXTS = ("text", "public_text")
WAY = [getattr(Release, name) for name in releases.WAY]


class TooManyReactions(Problem):
    """This link has answered enough."""

    status = 409


# By the link


def react(db: Session, delivery: Delivery, payload: ReactionIn) -> Reaction:
    """What the holder of this link answers. `delivery` is locked.

    Raises Invalid, TooManyReactions; ReleaseRecalled when it is not to be read any more; Forbidden,
    for a visitor of an exhibition.
    """
    links.require_recipient(delivery)
    release = db.get_one(Release, delivery.release_id)
    content, _ = releases.read(db, release, now(), delivery.id)
    if payload.item_id and str(payload.item_id) not in _shown(content):
        raise Invalid.at("#/item_id", "unknown_id")
    if payload.commitment in TOLD and not payload.text:
        raise Invalid.at("#/text", "commitment_untold")
    given = select(func.count()).where(R.delivery_id == delivery.id)
    if (db.scalar(given) or 0) >= MOST:
        raise TooManyReactions(most=MOST)
    scheme_id = db.scalars(select(Bundle.scheme_id).where(Bundle.id == release.bundle_id)).one()
    reaction = Reaction(
        scheme_id=scheme_id,
        release_id=release.id,
        delivery_id=delivery.id,
        audience=release.audience,
        form=release.form,
        **payload.model_dump(),
    )
    db.add(reaction)
    record(
        db,
        "reaction.received",
        on=reaction,
        by=Actor(ActorKind.LINK, delivery.id),
        commitment=reaction.commitment,
    )
    made(db, reaction, _quotable(db, reaction))
    return reaction


def is_last(db: Session, delivery: Delivery, payload: ReactionIn) -> bool:
    """Whether this is word for word what the link answered last: a form that was sent twice."""
    rows = select(R).where(R.delivery_id == delivery.id).order_by(R.created_at.desc(), R.id)
    last = db.scalars(rows.limit(1)).first()
    said = payload.model_dump()
    return last is not None and {name: getattr(last, name) for name in said} == said


def _shown(content: dict[str, Any]) -> set[str]:
    return {item["id"] for item in shown_in(content)}


def _quotable(db: Session, reaction: Reaction) -> list[tuple[type[Base], UUID | None]]:
    """The passages that a reaction may quote, and the testimonies that they are from."""
    if reaction.text is None:
        return []
    read = select(ReleaseItem).where(ReleaseItem.release_id == reaction.release_id)
    if reaction.item_id:
        read = read.where(ReleaseItem.item_id == reaction.item_id)
    found: list[tuple[type[Base], UUID | None]] = []
    for item in db.scalars(read):
        found += [(Testimony, item.testimony_id), (Excerpt, item.excerpt_id)]
    return found


# For the team


def visible_to(me: Caller) -> Select[Reaction]:
    """The reactions this account may see: those to the releases it sees."""
    seen = releases.visible_to(me).with_only_columns(Release.id)
    return select(R).where(R.release_id.in_(seen))


def search(me: Caller, filters: ReactionFilters) -> Select[Reaction]:
    """The visible reactions which pass the filters."""
    seen = releases.visible_to(me).with_only_columns(Release.id)
    return filtered(filters).where(R.release_id.in_(seen))


def filtered(filters: ReactionFilters) -> Select[Reaction]:
    """The reactions which pass the filters, whoever may see them."""
    ids = ("scheme_id", "release_id", "delivery_id")
    return select(R).where(*matches(R, filters, *ids), *_asked(filters))


def of_release(release: Release, filters: ReactionParams) -> Select[Reaction]:
    """The reactions to this release which pass the filters."""
    return select(R).where(R.release_id == release.id, *_asked(filters))


def _asked(filters: ReactionParams) -> list[ColumnElement[bool]]:
    found = matches(R, filters, "audience", "form", "commitment")
    if filters.state:
        is_waiting = R.published_at.is_(None)
        found.append(is_waiting if filters.state is State.WAITING else ~is_waiting)
    return found


def find(db: Session, reaction_id: UUID, by: Caller) -> Reaction:
    """The reaction, if `by` may see it; locked if it may be changed. Raises NotFound."""
    if not (reaction := db.scalar(locked(db, visible_to(by).where(R.id == reaction_id)))):
        raise NotFound
    return reaction


def publish(db: Session, reaction: Reaction, payload: PublicationIn, by: Caller) -> None:
    """Witnesses may read it: as it is, or in an editor's version. The same again is nothing new.

    Raises Invalid when there is a version of no text.
    """
    by.require(Permission.MODERATE)
    if payload.public_text is not None and reaction.text is None:
        raise Invalid.at("#/public_text", "nothing_to_edit")
    if reaction.published_at and reaction.public_text == payload.public_text:
        return
    reaction.public_text = payload.public_text
    reaction.published_at, reaction.published_by_id = now(), by.id
    edited = payload.public_text is not None
    record(db, "reaction.published", on=reaction, by=by, edited=edited)


def retract(db: Session, reaction: Reaction, by: Caller) -> None:
    """Witnesses may not read it any more. Twice is once."""
    by.require(Permission.MODERATE)
    if reaction.published_at:
        reaction.published_at = reaction.published_by_id = None
        record(db, "reaction.retracted", on=reaction, by=by)


def tell(me: Caller) -> Details:
    """A function that leaves of each reaction's texts what `me` may read."""
    return partial(_tell, me=me)


def shown(db: Session, reaction: Reaction, me: Caller) -> Item:
    """The texts of a reaction, as `me` may read them."""
    item = {name: getattr(reaction, name) for name in ("id", "published_at", *TEXTS)}
    _tell(db, [item], me)
    return {name: item[name] for name in TEXTS}


def _tell(db: Session, items: list[Item], me: Caller) -> None:
    moderates = me.on_case or Permission.MODERATE in me.permissions
    quoting = {str(id_) for id_ in db.scalars(_quoting_unseen(me, [i["id"] for i in items]))}
    for item in items:
        if str(item["id"]) in quoting:
            item["text"] = item["public_text"] = None
        elif not moderates:
            edited = item["public_text"] if item["public_text"] is not None else item["text"]
            item["text"] = edited if item["published_at"] else None
            item["public_text"] = None


def _quoting_unseen(me: Caller, ids: Collection[Any]) -> Select[UUID]:
    """Of these reactions, those that may quote words that `me` may not read now."""
    unseen = may_quote(~or_(False, *rights(me)))
    return select(R.id).where(R.id.in_(ids), unseen)


def may_quote(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a reaction may quote a testimony of which this holds, and whose words are there."""
    return exists(
        select(D.id)
        .join(Testimony, Testimony.id == D.input_id)
        .where(
            D.output == R.__tablename__,
            D.output_id == R.id,
            D.input == Testimony.__tablename__,
            Testimony.erased_at.is_(None),
            *conditions,
        )
    )


# For the witnesses


def answers_to(
    db: Session, item_ids: Collection[UUID]
) -> dict[tuple[UUID, WayOut, UUID], list[dict[str, Any]]]:
    """What was published of the reactions to these items, the oldest first.

    By bundle, way out and item: what some answered is not said to be the answer of others.

    Those to all of a release that held the item are among them: `of` says so. Without the texts
    that may quote what somebody took back.
    """
    taken_back = may_quote(Testimony.state == TestimonyState.WITHDRAWN)
    about = or_(R.item_id.is_(None), R.item_id == ReleaseItem.item_id)
    rows = (
        select(Release.bundle_id, ReleaseItem.item_id, R, taken_back, *WAY)
        .join(Release, Release.id == R.release_id)
        .join(ReleaseItem, ReleaseItem.release_id == R.release_id)
        .where(ReleaseItem.item_id.in_(item_ids), R.published_at.is_not(None), about)
        .order_by(R.created_at, R.id)
    )
    found: dict[tuple[UUID, WayOut, UUID], list[dict[str, Any]]] = {}
    for bundle_id, item_id, reaction, hidden, *way in db.execute(rows):
        found.setdefault((bundle_id, WayOut(*way), item_id), []).append(
            {
                "of": "item" if reaction.item_id else "release",
                "audience": reaction.audience,
                "commitment": reaction.commitment,
                "text": None if hidden else reaction.told,
                "at": reaction.created_at,
            }
        )
    return found
