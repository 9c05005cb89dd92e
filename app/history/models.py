"""A version of a row. No foreign keys: the row is of a feature above."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Version(Base):
    """What the row `of_id` of the table `of` said from `at` on, by whom: null is the service.

    `version` is that of the row, `replaces` the one before it. `state` is where the thing stood
    when this was written: null when nobody knows. `facts` say whose words they are, where
    `content`, the whole of what people may change, does not.
    """

    __tablename__ = "versions"
    __table_args__ = (
        Index(None, "of_id", "version", unique=True),
        Index(None, "of_id", "replaces"),
    )

    of: Mapped[str] = mapped_column(String(40))
    of_id: Mapped[UUID]
    version: Mapped[int]
    replaces: Mapped[int | None]
    at: Mapped[datetime]
    by_id: Mapped[UUID | None]
    state: Mapped[str | None] = mapped_column(String(40))
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    content: Mapped[dict[str, Any]]
