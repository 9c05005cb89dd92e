"""Decision makers with their themes and contacts, and expectations."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, Versioned
from app.witnesses.models import Sealed


class DecisionMaker(Versioned):
    """A function that somebody holds, and what they can act on.

    `territory_id` null is everywhere; no theme at all is every theme. Retired, it stays on what was
    asked and given, and is chosen no more.
    """

    __tablename__ = "decision_makers"
    __table_args__ = (
        CheckConstraint("(retired_at IS NULL) = (retired_by_id IS NULL)", name="retired_by"),
        Index(None, "title", "id"),
        Index(None, "updated_at"),
    )

    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    audience: Mapped[str] = mapped_column(String(40))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    mandate: Mapped[str | None] = mapped_column(Text)
    territory_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"), index=True)
    preferred_forms: Mapped[list[str]] = mapped_column(default=list)
    reception_notes: Mapped[str | None] = mapped_column(Text)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    retired_at: Mapped[datetime | None]
    retired_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class DecisionMakerTheme(Base):
    """What a decision maker can act on: a theme of any scheme."""

    __tablename__ = "decision_maker_themes"
    __table_args__ = (
        Index(None, "decision_maker_id", "theme_id", unique=True),
        Index(None, "theme_id"),
    )

    decision_maker_id: Mapped[UUID] = mapped_column(ForeignKey("decision_makers.id"))
    theme_id: Mapped[UUID] = mapped_column(ForeignKey("themes.id"))
    position: Mapped[int]


class Contact(Sealed):
    """The vault: how to reach a decision maker."""

    __tablename__ = "decision_maker_contacts"
    __table_args__ = (Index(None, "key_id"),)
    sealed_fields = ("contact",)

    decision_maker_id: Mapped[UUID] = mapped_column(ForeignKey("decision_makers.id"), unique=True)
    contact: Mapped[bytes] = mapped_column(LargeBinary)

    @property
    def sealed_for(self) -> UUID:
        return self.decision_maker_id


class ContactDisclosure(Base):
    """A contact was shown, to whom and why."""

    __tablename__ = "contact_disclosures"
    __table_args__ = (Index(None, "decision_maker_id"), Index(None, "created_at"))

    decision_maker_id: Mapped[UUID] = mapped_column(ForeignKey("decision_makers.id"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str] = mapped_column(Text)


class Expectation(Versioned):
    """What somebody wants to know of a scheme, and how, asked before anything is given back.

    `decision_maker_id` null is the audience at large.
    """

    __tablename__ = "expectations"
    __table_args__ = (
        CheckConstraint("due_on IS NULL OR due_on >= asked_on", name="in_order"),
        Index(None, "asked_on", "id"),
        Index(None, "scheme_id", "asked_on", "id"),
        Index(None, "decision_maker_id", "asked_on", "id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    audience: Mapped[str] = mapped_column(String(40))
    decision_maker_id: Mapped[UUID | None] = mapped_column(ForeignKey("decision_makers.id"))
    question: Mapped[str] = mapped_column(Text)
    intended_use: Mapped[str | None] = mapped_column(Text)
    wanted_form: Mapped[str | None] = mapped_column(String(40))
    wanted_length_ms: Mapped[int | None]
    channel: Mapped[str | None] = mapped_column(String(200))
    asked_on: Mapped[date]
    due_on: Mapped[date | None]
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
