"""Territories and places."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Versioned


class Level(StrEnum):
    """How large a territory is, the largest first."""

    REGION = "region"
    DEPARTMENT = "department"
    EMPLOYMENT_ZONE = "employment_zone"
    MUNICIPALITY = "municipality"
    DISTRICT = "district"


class PlaceKind(StrEnum):
    """What a place is."""

    ERIC = "eric"
    ERIC_CYBER_BASE = "eric_cyber_base"
    MISSION_LOCALE = "mission_locale"
    EMPLOYMENT_CENTER = "employment_center"
    REGION = "region"
    OTHER = "other"


class Territory(Versioned):
    """A territory, by its INSEE code, within a larger one."""

    __tablename__ = "territories"
    __table_args__ = (UniqueConstraint("level", "code"), Index(None, "code", "id"))

    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    level: Mapped[Level]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"), index=True)


class Place(Versioned):
    """Somewhere people can come and speak, run by an organization."""

    __tablename__ = "places"
    __table_args__ = (
        UniqueConstraint("id", "organization_id"),  # what copies both points here
        Index(None, "name", "id"),
    )

    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[PlaceKind]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    territory_id: Mapped[UUID] = mapped_column(ForeignKey("territories.id"), index=True)
    seats: Mapped[int | None]
