"""The kinds of things in the chain: which of them an account sees, and what is told of each."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from app.accounts.authentication import Caller
from app.bundles import service as bundles
from app.bundles.models import Bundle
from app.core.models import now
from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt, ExcerptState
from app.moderation.models import Decision
from app.propositions import service as propositions
from app.propositions.models import Proposition, Step
from app.propositions.queries import state_now
from app.reactions import service as reactions
from app.reactions.models import Reaction, State
from app.releases import service as releases
from app.releases.models import Delivery, Release
from app.testimonies import service as testimonies
from app.testimonies.models import Testimony

SHORT = 120  # characters of a label


class Kind(StrEnum):
    """What a thing of the chain is. A decision is of moderation, a step of a proposition."""

    TESTIMONY = "testimony"
    DECISION = "decision"
    EXCERPT = "excerpt"
    BUNDLE = "bundle"
    RELEASE = "release"
    DELIVERY = "delivery"
    REACTION = "reaction"
    PROPOSITION = "proposition"
    STEP = "step"


@dataclass(frozen=True)
class Node:
    """What is told of a thing. `on` is the day when it was said, made, given or decided."""

    kind: Kind
    id: UUID
    label: str | None
    state: str
    on: date


Told = tuple[str | None, str, date]  # label, state, day


@dataclass(frozen=True)
class Sort:
    """How one kind of thing is seen and told. `beside` is read with its row, `unread` is not."""

    model: type[Any]
    visible_to: Callable[[Caller], Select[Any]]
    tell: Callable[..., Told]
    beside: Callable[[], Collection[Any]] = tuple
    unread: Collection[Any] = ()

    def seen(self, me: Caller) -> Select[UUID]:
        """The ids of those that this account sees."""
        return self.visible_to(me).with_only_columns(self.model.id)


def told(db: Session, kind: Kind, ids: Collection[UUID], me: Caller) -> Iterator[Node]:
    """Those of these things that this account sees, the oldest first."""
    sort = SORTS[kind]
    rows = sort.visible_to(me).where(sort.model.id.in_(ids)).add_columns(*sort.beside())
    rows = rows.options(*map(defer, sort.unread))
    for thing, *beside in db.execute(rows.order_by(sort.model.created_at, sort.model.id)):
        label, state, on = sort.tell(thing, *beside)
        short = label if label is None or len(label) <= SHORT else label[: SHORT - 1] + "…"
        yield Node(kind, thing.id, short, state, on)


def _decisions(me: Caller) -> Select[Decision]:
    read = testimonies.visible_to(me).with_only_columns(Testimony.id)
    return select(Decision).where(Decision.testimony_id.in_(read))


def _deliveries(me: Caller) -> Select[Delivery]:
    given = releases.visible_to(me).with_only_columns(Release.id)
    return select(Delivery).where(Delivery.release_id.in_(given))


def _steps(me: Caller) -> Select[Step]:
    taken = propositions.visible_to(me).with_only_columns(Proposition.id)
    return select(Step).where(Step.proposition_id.in_(taken))


def _testimony(testimony: Testimony) -> Told:
    return testimony.title, testimony.state, testimony.recorded_on


def _decision(decision: Decision) -> Told:
    return decision.reason_code, decision.verdict, decision.created_at.date()


def _excerpt(excerpt: Excerpt) -> Told:
    """What is given back of it: words that changed since are for its review alone."""
    stands = excerpt.state is ExcerptState.VALID
    quote = excerpt.quote if stands else excerpt.public_quote
    return quote, excerpt.state, excerpt.created_at.date()


def _bundle(bundle: Bundle) -> Told:
    return bundle.title, bundle.state, bundle.created_at.date()


def _release(release: Release, title: str) -> Told:
    state = "recalled" if release.recalled_at else "published"
    return f"{title} (n° {release.number})", state, release.published_at.date()


def _delivery(delivery: Delivery) -> Told:
    facts = (
        ("revoked", delivery.revoked_at),
        ("recalled", delivery.recalled_at),
        ("acknowledged", delivery.acknowledged_at),
        ("opened", delivery.opened_at),
        ("expired", delivery.expires_at <= now()),
    )
    state = next((name for name, holds in facts if holds), "given")
    return delivery.recipient, state, delivery.created_at.date()


def _reaction(reaction: Reaction) -> Told:
    state = State.PUBLISHED if reaction.published_at else State.WAITING
    return reaction.commitment, state, reaction.created_at.date()


def _proposition(proposition: Proposition, state: str) -> Told:
    return proposition.title, state, proposition.created_at.date()


def _step(step: Step) -> Told:
    return step.reason, step.state, step.on


def _title_of_bundle() -> Collection[Any]:
    title = select(Bundle.title).where(Bundle.id == Release.bundle_id)
    return [title.scalar_subquery()]


SORTS: dict[Kind, Sort] = {
    Kind.TESTIMONY: Sort(Testimony, testimonies.visible_to, _testimony, unread=[Testimony.body]),
    Kind.DECISION: Sort(Decision, _decisions, _decision),
    Kind.EXCERPT: Sort(Excerpt, excerpts.visible_to, _excerpt),
    Kind.BUNDLE: Sort(Bundle, bundles.visible_to, _bundle),
    Kind.RELEASE: Sort(
        Release, releases.visible_to, _release, _title_of_bundle, unread=[Release.content]
    ),
    Kind.DELIVERY: Sort(Delivery, _deliveries, _delivery),
    Kind.REACTION: Sort(Reaction, reactions.visible_to, _reaction),
    Kind.PROPOSITION: Sort(
        Proposition, propositions.visible_to, _proposition, lambda: [state_now()]
    ),
    Kind.STEP: Sort(Step, _steps, _step),
}
