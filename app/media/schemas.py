"""What callers receive about media."""

from uuid import UUID

from app.core.schemas import Out
from app.media.models import Kind, Reason, Status


class RenditionOut(Out):
    """A file of a media. `url` is signed, and good for 15 minutes."""

    name: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    url: str


class MediaOut(Out):
    """A media. What is not known yet, or makes no sense for its kind, is null."""

    id: UUID
    version: int
    status: Status
    reason: Reason | None
    kind: Kind | None
    filename: str
    content_type: str | None
    size: int
    sha256: str | None
    duration_ms: int | None
    width: int | None
    height: int | None
    fps: float | None
    progress: float | None
    renditions: list[RenditionOut]
