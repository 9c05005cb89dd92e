"""What witnesses send and receive with their receipt code."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import In, Out
from app.core.text import Line
from app.propositions.models import PropositionState, Stance
from app.reactions.models import Commitment
from app.testimonies.models import State
from app.witnesses.decision import GivenBy, Reach, Verb
from app.witnesses.schemas import EffectiveOut
from app.workshops.models import Kind


class ReceiptSessionIn(In):
    """A receipt code, however it is typed: in lower case, without its dashes, with an O for a 0."""

    code: Line


class ReceiptSessionOut(Out):
    """A session: it ends when it is idle for five minutes, and at `expires_at` in any case."""

    token: str
    expires_at: datetime


class ReasonOut(Out):
    """Why a testimony was returned or not taken."""

    code: str
    label: str


class AnswerOut(Out):
    """What somebody answered: to one's words, or to all of what they were given (`of`)."""

    of: Literal["item", "release"]
    audience_label: str
    commitment: Commitment
    text: str | None
    at: datetime


class UseOut(Out):
    """Where one's words are shown now. `item_id` is what approvals are about."""

    item_id: UUID
    quote: str | None
    signature: str | None = Field(description="As one's words are signed there, if they are.")
    bundle_title: str
    audience_label: str
    form_label: str
    published_at: datetime
    recipients: int
    reactions: list[AnswerOut]
    approved: bool | None


class OwnTestimonyOut(Out):
    """What became of what one said."""

    id: UUID
    title: str | None
    recorded_on: date
    state: State
    reason: ReasonOut | None
    uses: list[UseOut]


class OwnWorkshopOut(Out):
    """Where one was heard."""

    title: str
    kind: Kind
    starts_at: datetime
    place: str


class OwnDeliveryOut(Out):
    """That one's words were given to somebody: to which readers, when, and what became of it.

    `recipient` is a function of the directory; of nobody else than an audience is told.
    """

    bundle_title: str
    audience_label: str
    form_label: str
    recipient: str | None
    given_at: datetime
    opened_at: datetime | None
    acknowledged_at: datetime | None


class FateStepOut(Out):
    """Something that happened to a proposition."""

    state: PropositionState
    reason: str | None
    on: date


class FateOut(Out):
    """A proposition that rests on one's words, or that one wrote too: its last step, then all.

    `stances` are what one's words say of it; nothing is told from before it was proposed.
    """

    title: str
    state: PropositionState
    reason: str | None
    on: date
    stances: list[Stance]
    co_written: bool
    steps: list[FateStepOut]


class OwnWithdrawalOut(Out):
    """Words taken back: `effective` at once, `purged` when nothing of them is left.

    `held`: nobody sees them, but a legal hold makes the erasing wait.
    """

    at: datetime
    choices: list[str]
    state: Literal["effective", "held", "purged"]


class NewWithdrawalOut(OwnWithdrawalOut):
    """A withdrawal just made: nobody sees the words any more."""

    id: UUID
    everything: bool


class OwnDisclosureOut(Out):
    """That somebody was shown one's identity."""

    at: datetime
    by_role: str
    reason: str


class ReceiptOut(Out):
    """All that became of one's words."""

    pseudonym: str
    workshop: OwnWorkshopOut | None
    testimonies: list[OwnTestimonyOut]
    deliveries: list[OwnDeliveryOut] = Field(description="The latest 50, the latest first.")
    more_deliveries: int = Field(description="How many there were before these.")
    propositions: list[FateOut]
    consents: list[EffectiveOut]
    withdrawals: list[OwnWithdrawalOut]
    disclosures: list[OwnDisclosureOut]


class ApprovalIn(In):
    """Whether one agrees with how one's words are shown there."""

    approved: bool = Field(strict=True)


class ApprovalOut(Out):
    """What was said, last, of an item."""

    item_id: UUID
    approved: bool


# What one carries away


class Kept(StrEnum):
    """Whether a recording is in the archive, and why not."""

    HERE = "here"
    OTHERS = "others"  # somebody else appears or speaks in it
    MISSING = "missing"  # its file was erased, or could not be read


class TextOut(Out):
    """What one said, in full."""

    id: UUID
    title: str | None
    body: str | None
    language: str
    recorded_on: date


class OwnConsentOut(Out):
    """What one said of some cells, once; without who wrote it down."""

    number: int
    verb: Verb
    choices: list[str]
    cells: list[list[str]]
    territory: Reach
    valid_from: datetime
    valid_until: datetime | None
    given_by: GivenBy
    notice_id: UUID | None
    method: str
    at: datetime
    note: str | None


class RecordingOut(Out):
    """A recording of one's words: its name in the archive, or why it is not there.

    `transcript` is the name of the file of what is said in it, when somebody wrote that down.
    """

    testimony_id: UUID
    file: str | None
    transcript: str | None
    kept: Kept


class ArchiveOut(ReceiptOut):
    """`data.json`."""

    made_at: datetime
    texts: list[TextOut]
    consent_events: list[OwnConsentOut]
    recordings: list[RecordingOut]
