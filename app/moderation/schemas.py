"""What callers send and receive about decisions."""

from datetime import datetime
from uuid import UUID

from app.core.schemas import In, Out
from app.core.text import Code, Paragraph
from app.moderation.models import Verdict


class DecisionIn(In):
    """A decision; to return or reject, `reason_code` says why."""

    verdict: Verdict
    reason_code: Code | None = None
    comment: Paragraph | None = None


class DecisionOut(Out):
    """A decision."""

    id: UUID
    testimony_id: UUID
    verdict: Verdict
    reason_code: str | None
    comment: str | None
    by_id: UUID
    created_at: datetime
