"""A workshop, and the rules of its life: planned, then open, then closed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import Owned
from app.core.models import Versioned, now
from app.core.problems import Problem


class WorkshopNotOpen(Problem):
    """People are heard only while a workshop is open."""

    status = 409


class Kind(StrEnum):
    """What sort of occasion it is."""

    WORKSHOP = "workshop"
    INTERVIEW = "interview"
    WITNESS_GROUP = "witness_group"
    SURVEY = "survey"
    OPEN_CALL = "open_call"


class State(StrEnum):
    """Where a workshop is in its life. Never stored: read from the facts and the clock."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"


def state_of(starts_at: datetime, closed_at: datetime | None) -> State:
    """The state, now, of what starts and is closed at these moments."""
    if closed_at:
        return State.CLOSED
    return State.OPEN if starts_at <= now() else State.PLANNED


class Group(Owned, Versioned):
    """The same people over time: a standing group, whose members meet in its workshops.

    The owner runs it; `groups` says who its members are, and hands it over.
    """

    __tablename__ = "groups"
    __table_args__ = (
        Index(None, "owner_organization_id", "created_at", "id"),
        Index(None, "partner_organization_id", "created_at", "id"),
        Index(None, "created_at", "id"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"), index=True)
    place_id: Mapped[UUID | None] = mapped_column(ForeignKey("places.id"))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)


class Workshop(Owned, Versioned):
    """One occasion of hearing people, in one place."""

    __tablename__ = "workshops"
    __table_args__ = (
        # The owner is the place's organization, copied so that a list is read in the order of one
        # index. The foreign key keeps it true.
        ForeignKeyConstraint(
            ["place_id", "owner_organization_id"], ["places.id", "places.organization_id"]
        ),
        UniqueConstraint("id", "owner_organization_id"),
        CheckConstraint("(closed_at IS NULL) = (closed_by_id IS NULL)", name="closed_by_someone"),
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="in_order"),
        Index(None, "owner_organization_id", "starts_at", "id"),
        Index(None, "partner_organization_id", "starts_at", "id"),
        Index(None, "place_id", "starts_at", "id"),
        Index(None, "group_id", "starts_at", "id"),
        Index(None, "starts_at", "id"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"), index=True)
    place_id: Mapped[UUID]
    group_id: Mapped[UUID | None] = mapped_column(ForeignKey("groups.id"))
    kind: Mapped[Kind]
    method: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    planned_starts_at: Mapped[datetime | None]
    roles_expected: Mapped[list[str]]
    hierarchy_present: Mapped[bool | None]
    guide: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

    @property
    def state(self) -> State:
        return state_of(self.starts_at, self.closed_at)

    def require_open(self) -> None:
        """Raise WorkshopNotOpen unless people may be heard."""
        if self.state is not State.OPEN:
            raise WorkshopNotOpen(state=self.state)
