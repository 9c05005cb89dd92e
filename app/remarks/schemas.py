"""What callers send and receive about remarks."""

from datetime import datetime
from uuid import UUID

from app.core.schemas import In, Out
from app.core.text import Paragraph


class RemarkIn(In):
    """What is to be said."""

    text: Paragraph


class RemarkOut(Out):
    """A remark, about one of a testimony, an excerpt, a bundle."""

    id: UUID
    version: int
    testimony_id: UUID | None
    excerpt_id: UUID | None
    bundle_id: UUID | None
    text: str
    by_id: UUID
    resolved_at: datetime | None
    resolved_by_id: UUID | None
    created_at: datetime
    updated_at: datetime
