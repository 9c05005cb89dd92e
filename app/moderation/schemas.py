"""What callers send and receive about decisions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.pages import PageParams
from app.core.schemas import In, Out
from app.core.text import Code, Paragraph
from app.moderation.models import Verdict


class DecisionIn(In):
    """A decision; to return or reject, `reason_code` says why."""

    verdict: Verdict
    reason_code: Code | None = None
    comment: Annotated[
        Paragraph | None,
        Field(description="For the team: the witness is told the reason's label, and no more."),
    ] = None


class DecisionFilters(PageParams):
    """Which decisions to list."""

    scheme_id: UUID | None = None
    verdict: list[Verdict] = []
    reason_code: list[Code] = []
    by_id: UUID | None = None


class DecisionOut(Out):
    """A decision."""

    id: UUID
    testimony_id: UUID
    verdict: Verdict
    reason_code: str | None
    comment: str | None
    by_id: UUID
    created_at: datetime


class QueueOfSchemeOut(Out):
    """What waits in one scheme: `submitted` for the editors, `returned` for who heard it.

    `oldest_submitted_at`: since when the first in the editors' queue waits.
    """

    scheme_id: UUID
    submitted: int
    returned: int
    oldest_submitted_at: datetime | None


class QueueOut(Out):
    """What waits for somebody: in all, and in each scheme where something does."""

    submitted: int
    returned: int
    oldest_submitted_at: datetime | None
    schemes: list[QueueOfSchemeOut]
