"""What is forgotten of witnesses, once nothing that they allowed is in force any more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from app.core.db import locked
from app.core.models import now
from app.media.models import Media
from app.witnesses.decision import Verb
from app.witnesses.holds import is_held
from app.witnesses.models import (
    ConsentEvent,
    CurrentConsent,
    Disclosure,
    Identity,
    LegalHold,
    Witness,
)

DESCRIBED = ("birth_year", "territory_id", "sector", "organization_id", "signature")


def is_over(before: datetime) -> ColumnElement[bool]:
    """Whether a `Witness` allowed nothing that lasted beyond this moment, and said nothing since.

    Who never allowed anything is over this long after being registered.
    """
    spoke = exists(
        select(ConsentEvent.id).where(
            ConsentEvent.witness_id == Witness.id, ConsentEvent.created_at > before
        )
    )
    allowed = exists(
        select(CurrentConsent.id).where(
            CurrentConsent.witness_id == Witness.id,
            CurrentConsent.verb == Verb.GIVE,
            CurrentConsent.valid_until > before,
            or_(CurrentConsent.ends_at.is_(None), CurrentConsent.ends_at > before),
        )
    )
    return and_(Witness.created_at <= before, ~spoke, ~allowed)


def people_over(before: datetime) -> Select[UUID]:
    """The witnesses who are over, not held, and not forgotten yet."""
    known = Witness.erased_at.is_(None), ~is_held(Witness.id)
    return select(Witness.id).where(is_over(before), *known)


def forget_people(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Erase who these witnesses and their guardians are, and what describes them.

    Their pseudonyms, and what they said of consents, stay: they are the evidence.
    """
    db.execute(delete(Identity).where(Identity.witness_id.in_(ids)))
    for witness in db.scalars(locked(db, select(Witness).where(Witness.id.in_(ids)))):
        silence(db, witness)
        for name in DESCRIBED:
            setattr(witness, name, None)
        witness.erased_at = now()
    return []


def silence(db: Session, witness: Witness) -> None:
    """What was written beside their consents, and how they signed, is told no more."""
    witness.signature = None
    noted = ConsentEvent.witness_id == witness.id
    db.execute(update(ConsentEvent).where(noted).values(note=None))


def keep_hashes(db: Session, media_ids: Sequence[UUID]) -> None:
    """Keep the SHA-256 of these media in the consents that they prove: the media go."""
    digest = select(Media.sha256).where(Media.id == ConsentEvent.evidence_media_id)
    proved = ConsentEvent.evidence_media_id.in_(media_ids), ConsentEvent.evidence_sha256.is_(None)
    db.execute(
        update(ConsentEvent)
        .where(*proved)
        .values(evidence_sha256=digest.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def old_disclosures(before: datetime) -> Select[UUID]:
    """The disclosures from before this moment, of identities that are no longer there."""
    gone = Witness.erased_at.is_not(None), ~is_held(Witness.id)
    rows = select(Disclosure.id).join(Witness, Witness.id == Disclosure.witness_id)
    return rows.where(Disclosure.created_at <= before, *gone)


def forget_disclosures(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Delete these disclosures."""
    db.execute(delete(Disclosure).where(Disclosure.id.in_(ids)))
    return []


def old_holds(before: datetime) -> Select[UUID]:
    """The legal holds lifted before this moment."""
    return select(LegalHold.id).where(LegalHold.lifted_at <= before)


def forget_holds(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Delete these holds."""
    db.execute(delete(LegalHold).where(LegalHold.id.in_(ids)))
    return []
