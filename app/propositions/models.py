"""A proposition, the words it rests on, who wrote it, and what became of it, step by step."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, Versioned


class PropositionState(StrEnum):
    """Where a proposition is on its way. Never stored with it: it is that of the last step."""

    MARTYR = "martyr"  # a draft to be taken apart; also before any step
    PROPOSED = "proposed"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPERIMENT = "experiment"
    ADOPTED = "adopted"
    ABANDONED = "abandoned"


class Competence(StrEnum):
    """Who may decide of it."""

    REGION = "region"
    STATE = "state"
    OTHER = "other"


class Stance(StrEnum):
    """What words say of a proposition."""

    FOR = "for"
    AGAINST = "against"


class EvidenceState(StrEnum):
    """Whether a proposition may still rest on these words. Never stored: read from the facts."""

    VALID = "valid"
    NEEDS_REVIEW = "needs_review"  # the source changed under the excerpt
    NOT_ACCEPTED = "not_accepted"  # the testimony was returned or rejected meanwhile
    WITHDRAWN = "withdrawn"  # somebody took the words back, or refuses them to the team
    DISCARDED = "discarded"  # an editor deleted the excerpt


class Proposition(Versioned):
    """What should change. `due_on` is when an answer was planned; the steps tell when it came."""

    __tablename__ = "propositions"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "scheme_id", "created_at", "id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(40))
    competence: Mapped[Competence]
    relayed_to: Mapped[str | None] = mapped_column(String(200))
    workshop_id: Mapped[UUID | None] = mapped_column(ForeignKey("workshops.id"))
    due_on: Mapped[date | None]
    responsible: Mapped[str | None] = mapped_column(String(200))
    experiment: Mapped[str | None] = mapped_column(Text)
    product: Mapped[str | None] = mapped_column(Text)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class Evidence(Base):
    """An excerpt that speaks for or against a proposition; once it is gone, that there was one."""

    __tablename__ = "proposition_evidence"
    __table_args__ = (
        CheckConstraint("withdrawn_at IS NULL OR excerpt_id IS NULL", name="withdrawn_is_unlinked"),
        Index(None, "proposition_id", "position"),
        Index(None, "excerpt_id", "proposition_id", unique=True),
    )

    proposition_id: Mapped[UUID] = mapped_column(ForeignKey("propositions.id", ondelete="CASCADE"))
    position: Mapped[int]
    excerpt_id: Mapped[UUID | None] = mapped_column(ForeignKey("excerpts.id", ondelete="SET NULL"))
    stance: Mapped[Stance]
    withdrawn_at: Mapped[datetime | None]


class CoAuthor(Base):
    """Who wrote it with the team: a role, and the witness or the organization when it is told."""

    __tablename__ = "proposition_co_authors"
    __table_args__ = (
        CheckConstraint("witness_id IS NULL OR organization_id IS NULL", name="one_of_both"),
        Index(None, "proposition_id", "position"),
        Index(None, "witness_id"),
    )

    proposition_id: Mapped[UUID] = mapped_column(ForeignKey("propositions.id", ondelete="CASCADE"))
    position: Mapped[int]
    role: Mapped[str] = mapped_column(String(40))
    witness_id: Mapped[UUID | None] = mapped_column(ForeignKey("witnesses.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))


class Step(Base):
    """Something that happened to a proposition, on a day. `number` is its place, from 1 on."""

    __tablename__ = "proposition_steps"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('refused', 'abandoned') OR reason IS NOT NULL", name="reason_told"
        ),
        Index(None, "proposition_id", "number", unique=True),
    )

    proposition_id: Mapped[UUID] = mapped_column(ForeignKey("propositions.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[PropositionState]
    reason: Mapped[str | None] = mapped_column(Text)
    responsible: Mapped[str | None] = mapped_column(String(200))
    on: Mapped[date]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
