"""What a workshop is told of its words: where they went, what was answered, what was decided.

Anybody who enters the place reads it: it quotes nobody, and names nobody who spoke.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.figures import at_least
from app.core.settings import settings
from app.places.models import Place
from app.propositions.models import Evidence, Proposition
from app.propositions.queries import evidence, standing
from app.reactions.forgetting import words_read
from app.reactions.models import Reaction
from app.reactions.service import may_quote
from app.receipts.fates import steps_told
from app.receipts.uses import Use, links_to, summed, uses_of_words
from app.releases.deliveries import needs_link
from app.releases.events import days_of, latest
from app.releases.models import ReleaseItem
from app.releases.quoting import unquoted
from app.schemes.models import Scheme
from app.schemes.service import labels
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.models import Witness
from app.workshops.models import Workshop

R = Reaction


def record_sheet(db: Session, workshop: Workshop, by: Caller) -> None:
    """That `by` has the sheet of this workshop made: those at home, and the project team."""
    by.require(Permission.TELL_WITNESSES)
    record(db, "return-sheet.made", on=workshop, by=by)


def sheet_of(db: Session, workshop_id: UUID, at: datetime) -> dict[str, Any]:
    """All that the sheet says, at this moment.

    `people` is how many spoke at least, as the public is told; null when they are few, 0 of none.

    Words that were taken back, or that the gate blocks now, went nowhere.
    """
    workshop = db.get_one(Workshop, workshop_id)
    uses = uses_of_words(db, _words_of(workshop_id))
    people = _people(db, workshop_id)
    told = at_least(people, settings().figures_k_public) if people else 0
    return {
        "title": workshop.title,
        "public_title": db.get_one(Scheme, workshop.scheme_id).public_title,
        "place": db.get_one(Place, workshop.place_id).name,
        "starts_at": workshop.starts_at,
        "people": told if isinstance(told, int) else None,
        "bundles": _bundles(db, uses),
        "answers": _answers(db, [use.item.item_id for use in uses]),
        "propositions": _propositions(db, workshop_id),
        "at": at,
    }


def _words_of(workshop_id: UUID) -> Select[UUID]:
    """What was said there, but what was taken back."""
    here = Testimony.workshop_id == workshop_id, Testimony.state != State.WITHDRAWN
    return select(Testimony.id).where(*here)


def _people(db: Session, workshop_id: UUID) -> int:
    """How many people spoke there, and did not take everything back."""
    rows = (
        select(func.count(TestimonyWitness.witness_id.distinct()))
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .where(
            TestimonyWitness.testimony_id.in_(_words_of(workshop_id)),
            Witness.withdrawn_at.is_(None),
        )
    )
    return db.scalar(rows) or 0


def _bundles(db: Session, uses: Sequence[Use]) -> list[dict[str, Any]]:
    """Each bundle that shows some of these words, for each public and form: as it did last."""
    audiences, forms = labels(db, "audiences"), labels(db, "forms")
    alike: dict[tuple[UUID, str, str], list[Use]] = {}
    for use in uses:
        release = use.release
        alike.setdefault((release.bundle_id, release.audience, release.form), []).append(use)
    release_ids = {release_id for use in uses for release_id in use.release_ids}
    days, links = days_of(db, release_ids), links_to(db, release_ids)
    told = []
    for same in alike.values():
        release = same[0].release
        shown_in = {release_id for use in same for release_id in use.release_ids}
        recipients, readers = summed(links, shown_in)
        told.append(
            {
                "title": same[0].bundle_title,
                "audience_label": audiences.get(release.audience, release.audience),
                "form_label": forms.get(release.form, release.form),
                "published_at": release.published_at,
                "recipients": recipients,
                "readers": readers,
                "needs_link": needs_link(release),
                "held_on": latest(days, shown_in),
            }
        )
    return told


def _answers(db: Session, item_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """What was published of the reactions to these items, the oldest first.

    Witnesses read there what others said; here strangers read: what a text repeats of what was
    given is left out, and so is all of a text that may quote what somebody took back.
    """
    audiences = labels(db, "audiences")
    about = or_(R.item_id.is_(None), R.item_id == ReleaseItem.item_id)
    shows = ReleaseItem.release_id == R.release_id, ReleaseItem.item_id.in_(item_ids), about
    rows = (
        select(R, may_quote(Testimony.state == State.WITHDRAWN))
        .where(R.published_at.is_not(None), exists(select(ReleaseItem.id).where(*shows)))
        .order_by(R.created_at, R.id)
    )
    return [
        {
            "audience_label": audiences.get(reaction.audience, reaction.audience),
            "commitment": reaction.commitment,
            "text": None if hidden else _without_quotes(db, reaction),
            "at": reaction.created_at,
        }
        for reaction, hidden in db.execute(rows)
    ]


def _without_quotes(db: Session, reaction: Reaction) -> str | None:
    return unquoted(reaction.told, *words_read(db, reaction)) if reaction.told else None


def _propositions(db: Session, workshop_id: UUID) -> list[dict[str, Any]]:
    """What was proposed from these words, the one that changed last first, and what became of it.

    A draft is not told before it was proposed.
    """
    of_it = Evidence.proposition_id == Proposition.id, Testimony.workshop_id == workshop_id
    rests = evidence(Evidence.id).where(*of_it, standing()).correlate(Proposition)
    propositions = list(db.scalars(select(Proposition).where(exists(rests))))
    steps = steps_told(db, [proposition.id for proposition in propositions])
    told = []
    for proposition in propositions:
        if taken := steps.get(proposition.id):
            last = taken[-1]
            known = {"state": last.state, "reason": last.reason, "on": last.on}
            told.append({"title": proposition.title, **known})
    return sorted(told, key=lambda fate: (fate["on"], fate["title"]), reverse=True)
