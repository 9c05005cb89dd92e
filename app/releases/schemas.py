"""What callers send and receive about releases and deliveries."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.schemas import In, Moment, Out
from app.core.text import Code, Line, OneLine
from app.releases.models import FileStatus


class ReleaseFilters(In):
    """Which releases, of all bundles."""

    scheme_id: UUID | None = None
    audience: list[Code] = []
    form: list[Code] = []


class Exclusion(Out):
    """A passage that is not shown any more, and why. `excerpt_id` is null for a whole testimony."""

    excerpt_id: UUID | None
    item_id: UUID
    reason: str


class FileOut(Out):
    """A file of a release; it has an address once it is `ready`. `progress` is from 0 to 1."""

    name: str
    content_type: str
    status: FileStatus
    progress: float | None = None
    size: int | None = None
    url: str | None


class ReleaseBrief(Out):
    """A release as lists show it."""

    id: UUID
    bundle_id: UUID
    number: int
    published_at: datetime
    published_by_id: UUID
    sha256: str
    audience: str
    form: str


Slug = Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class PublicAddressIn(In):
    """Where everybody shall read a release."""

    slug: Slug = Field(
        min_length=3,
        description="Small letters, digits, and single hyphens between them.",
        examples=["ce-qu-on-fait-quand-ca-coince"],
    )


class PublicAddressOut(Out):
    """Where everybody reads the newest release of a bundle."""

    slug: str
    url: str
    given_at: datetime


class ReleaseOut(ReleaseBrief):
    """A release: its snapshot, minus what the gate blocks now."""

    content: dict[str, Any]
    exclusions: list[Exclusion]
    files: list[FileOut]
    superseded_by: UUID | None
    public_address: PublicAddressOut | None = Field(
        description="Of its bundle: it shows the newest release, which may be another."
    )


class DeliveryIn(In):
    """Whom a release is given to."""

    recipient: Line = Field(examples=["Madame l'Élue (démo)"])
    decision_maker_id: UUID | None = Field(
        None, description="Who it is in the directory: of the release's audience."
    )
    expires_at: Moment | None = Field(None, description="Default: in 90 days.")
    passcode: Annotated[str, OneLine(64, 4)] | None = Field(
        None, description="To be told by another way; five wrong tries close the link a while."
    )


class DeliveryOut(Out):
    """A delivery, and what became of it."""

    made_of = ("passcode_hash",)

    id: UUID
    version: int
    release_id: UUID
    recipient: str
    decision_maker_id: UUID | None
    expires_at: datetime
    has_passcode: bool
    opened_at: datetime | None
    acknowledged_at: datetime | None
    revoked_at: datetime | None
    recalled_at: datetime | None
    recall_acknowledged_at: datetime | None
    created_at: datetime
    updated_at: datetime


class NewDeliveryOut(DeliveryOut):
    """A delivery just made: `url` is the recipient's own, and shown this once."""

    url: str


class SharedOut(Out):
    """What a recipient reads."""

    title: str
    public_title: str
    audience: str
    form: str
    published_at: datetime
    number: int
    introduction: str | None
    k: int | None = Field(
        None,
        description="No share of `balance` is about fewer passages or people; null: none is told.",
    )
    balance: dict[str, Any]
    sections: list[dict[str, Any]]
    files: list[FileOut]
    acknowledged_at: datetime | None
    superseded_by: int | None
    personal: bool = Field(
        description="False behind the codes of an exhibition: nobody takes note there, nor answers."
    )


class AcknowledgementOut(Out):
    """That a recipient took note."""

    acknowledged_at: datetime


class RecallOut(Out):
    """That a recipient took note of a recall: the link opens its successor, if it has one."""

    recalled_at: datetime
    recall_acknowledged_at: datetime
