"""What came of what (`RELATIONS`), followed from one thing, a level at a time.

Words are in a release because it was published with them, whatever became of its bundle since:
that is why a bundle is passed through only by who starts there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.bundles.models import BundleItem
from app.core.problems import NotFound
from app.excerpts.models import Excerpt
from app.moderation.models import Decision
from app.propositions.models import Evidence, Step
from app.reactions.models import Reaction
from app.releases.models import Delivery, Release, ReleaseItem
from app.traces.kinds import SORTS, Kind, Node, told

MOST = 500  # things on each side
LINKS = 4 * MOST  # of one relation, read at once
Narrowed = Mapping[type[Any], ColumnElement[bool]]  # a condition on the rows that link, by table


@dataclass(frozen=True)
class Relation:
    """That things of the kind `below` come of those of the kind `above`: a row tells both ids."""

    above: Kind
    below: Kind
    above_id: Any
    below_id: Any
    conditions: Sequence[ColumnElement[bool]] = ()


@dataclass
class Graph:
    """What was found on one side: `ids` by kind, in the order of their finding, and the links."""

    ids: dict[UUID, Kind] = field(default_factory=dict)
    links: set[tuple[UUID, UUID]] = field(default_factory=set)
    complete: bool = True


@dataclass(frozen=True)
class Trace:
    """One thing, what it came from, what became of it."""

    subject: Node
    came_from: dict[str, Any]
    became: dict[str, Any]
    complete: bool


K = Kind
WHOLE = ReleaseItem.excerpt_id.is_(None)
OF_BUNDLE = Relation(K.BUNDLE, K.RELEASE, Release.bundle_id, Release.id)
RELATIONS = (
    Relation(K.TESTIMONY, K.DECISION, Decision.testimony_id, Decision.id),
    Relation(K.TESTIMONY, K.EXCERPT, Excerpt.testimony_id, Excerpt.id),
    Relation(K.TESTIMONY, K.BUNDLE, BundleItem.testimony_id, BundleItem.bundle_id),
    Relation(K.TESTIMONY, K.RELEASE, ReleaseItem.testimony_id, ReleaseItem.release_id, [WHOLE]),
    Relation(K.EXCERPT, K.BUNDLE, BundleItem.excerpt_id, BundleItem.bundle_id),
    Relation(K.EXCERPT, K.RELEASE, ReleaseItem.excerpt_id, ReleaseItem.release_id),
    OF_BUNDLE,
    Relation(K.RELEASE, K.DELIVERY, Delivery.release_id, Delivery.id),
    Relation(K.DELIVERY, K.REACTION, Reaction.delivery_id, Reaction.id),
    Relation(K.EXCERPT, K.PROPOSITION, Evidence.excerpt_id, Evidence.proposition_id),
    Relation(K.PROPOSITION, K.STEP, Step.proposition_id, Step.id),
)


def trace(db: Session, kind: Kind, id_: UUID, by: Caller) -> Trace:
    """The chain of a thing that `by` sees, of what they see. Raises NotFound."""
    if not (subject := next(told(db, kind, [id_], by), None)):
        raise NotFound
    above = _follow(db, subject, by, _of_what_was_answered(db, subject), up=True)
    below = _follow(db, subject, by, _of_these_words(subject), up=False)
    return Trace(
        subject, _told(db, above, by), _told(db, below, by), above.complete and below.complete
    )


def _follow(db: Session, subject: Node, me: Caller, narrowed: Narrowed, *, up: bool) -> Graph:
    graph, known = Graph(), {subject.id}
    new: dict[Kind, set[UUID]] = {subject.kind: {subject.id}}
    while new:
        found: dict[Kind, set[UUID]] = {}
        for relation in RELATIONS:
            near, far = (relation.below, relation.above) if up else (relation.above, relation.below)
            if near not in new or (near is Kind.BUNDLE and near is not subject.kind):
                continue
            links = _links(db, relation, new[near], me, narrowed, up=up)
            graph.complete &= len(links) <= LINKS
            for link in links[:LINKS]:
                id_ = link[0] if up else link[1]
                if id_ not in known:
                    if len(graph.ids) == MOST:
                        graph.complete = False
                        continue
                    known.add(id_)
                    graph.ids[id_] = far
                    found.setdefault(far, set()).add(id_)
                graph.links.add(link)
        new = found
    graph.links |= _between(db, graph)
    return graph


def _links(
    db: Session, relation: Relation, ids: set[UUID], me: Caller, narrowed: Narrowed, *, up: bool
) -> list[tuple[UUID, UUID]]:
    """From these ids to what the account sees, both ids of each; one more than are told."""
    above, below = relation.above_id, relation.below_id
    near, far, kind = (below, above, relation.above) if up else (above, below, relation.below)
    rows = select(above, below).distinct().where(near.in_(ids), far.in_(SORTS[kind].seen(me)))
    rows = rows.where(*relation.conditions)
    if (only := narrowed.get(above.class_)) is not None:
        rows = rows.where(only)
    found = db.execute(rows.order_by(far, near).limit(LINKS + 1))
    return [(above_id, below_id) for above_id, below_id in found]


def _between(db: Session, graph: Graph) -> set[tuple[UUID, UUID]]:
    """Which of the releases that were found are of which of these bundles."""
    bundles, releases = (
        [id_ for id_, kind in graph.ids.items() if kind is wanted]
        for wanted in (OF_BUNDLE.above, OF_BUNDLE.below)
    )
    if not bundles or not releases:
        return set()
    rows = select(Release.bundle_id, Release.id)
    rows = rows.where(Release.bundle_id.in_(bundles), Release.id.in_(releases))
    return {(bundle_id, release_id) for bundle_id, release_id in db.execute(rows)}


def _of_these_words(subject: Node) -> Narrowed:
    """Of the answers below words: those to all of a release, and those to these very words."""
    sources = {Kind.TESTIMONY: ReleaseItem.testimony_id, Kind.EXCERPT: ReleaseItem.excerpt_id}
    if not (source := sources.get(subject.kind)):
        return {}
    theirs = select(ReleaseItem.id).where(
        source == subject.id,
        ReleaseItem.release_id == Reaction.release_id,
        ReleaseItem.item_id == Reaction.item_id,
    )
    return {Reaction: or_(Reaction.item_id.is_(None), theirs.correlate(Reaction).exists())}


def _of_what_was_answered(db: Session, subject: Node) -> Narrowed:
    """Of the words above an answer to one item: those of this item."""
    if subject.kind is not Kind.REACTION:
        return {}
    item_id = db.scalar(select(Reaction.item_id).where(Reaction.id == subject.id))
    return {ReleaseItem: ReleaseItem.item_id == item_id} if item_id else {}


def _told(db: Session, graph: Graph, me: Caller) -> dict[str, Any]:
    by_kind: dict[Kind, list[UUID]] = {}
    for id_, kind in graph.ids.items():
        by_kind.setdefault(kind, []).append(id_)
    nodes = [node for kind, ids in by_kind.items() for node in told(db, kind, ids, me)]
    links = [{"from_id": above, "to_id": below} for above, below in sorted(graph.links)]
    return {"nodes": nodes, "links": links}
