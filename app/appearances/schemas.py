"""What callers send and receive about appearances."""

from uuid import UUID

from app.appearances.models import AppearanceKind
from app.core.schemas import Count, In, Out


class AppearanceIn(In):
    """Somebody is seen, heard or named, from a moment to before another."""

    witness_id: UUID
    start_ms: Count
    end_ms: Count
    kind: AppearanceKind


class AppearanceOut(Out):
    """The same, as who may see the media sees it."""

    witness_id: UUID
    start_ms: int
    end_ms: int
    kind: AppearanceKind
