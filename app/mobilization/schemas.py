"""What callers send and receive about mobilization."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.core.pages import PageParams
from app.core.schemas import Day, In, Out
from app.core.text import Line, Paragraph
from app.mobilization.models import What


class MobilizationIn(In):
    """What happened, with whom, on which day."""

    scheme_id: UUID
    delivery_id: UUID | None = Field(None, description="What was given to them, if anything was.")
    decision_maker_id: UUID | None = Field(None, description="Who of the directory it was.")
    with_whom: Line = Field(examples=["Madame l'Élue (démo)"])
    what: What
    on: Day
    note: Paragraph | None = None


class MobilizationFilters(PageParams):
    """Which lines of the log to list."""

    scheme_id: UUID | None = None
    delivery_id: UUID | None = None
    decision_maker_id: UUID | None = None
    what: list[What] = []
    by_id: UUID | None = None
    on_from: Day | None = None
    on_to: Day | None = None


class MobilizationOut(Out):
    """A line of the log."""

    id: UUID
    scheme_id: UUID
    delivery_id: UUID | None
    decision_maker_id: UUID | None
    with_whom: str
    what: What
    on: date
    note: str | None
    by_id: UUID
    created_at: datetime
