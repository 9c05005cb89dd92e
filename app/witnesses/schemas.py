"""What callers send and receive about witnesses and their consents."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import phonenumbers
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.accounts.schemas import Email
from app.core.pages import MirrorParams, PageParams
from app.core.schemas import In, Moment, Out
from app.core.text import Body, Code, Line, OneLine, Paragraph, Word
from app.witnesses.decision import GivenBy, Medium, Purpose, Reach, Reason, Verb


class Method(StrEnum):
    """How a consent was collected."""

    WEB = "web"
    PAPER = "paper"
    FILMED = "filmed"
    ORAL = "oral"


def _normal_phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        raise PydanticCustomError("phone", "Not a phone number") from None
    if not phonenumbers.is_possible_number(number):
        raise PydanticCustomError("phone", "Not a phone number")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class IdentityIn(In):
    """Who somebody is. It goes to the vault, and is never echoed."""

    given_name: Word
    family_name: Word
    email: Email | None = None
    phone: Annotated[str, OneLine(40), AfterValidator(_normal_phone)] | None = None


class Relation(StrEnum):
    """What a guardian is to a minor."""

    PARENT = "parent"
    LEGAL_GUARDIAN = "legal_guardian"
    FOSTER_CARER = "foster_carer"
    SOCIAL_SERVICE = "social_service"


class GuardianIn(In):
    """Somebody who answers for a minor, and must agree too."""

    relation: Relation = Relation.PARENT
    identity: IdentityIn | None = None


class GuardianOut(Out):
    """A guardian, never by name: that is in the vault."""

    id: UUID
    witness_id: UUID
    relation: Relation
    created_at: datetime


class WitnessIn(In):
    """Somebody who is going to speak."""

    scheme_id: UUID
    workshop_id: UUID | None = None
    role: Code = Field(description="A code of the vocabulary `witness_roles`.", examples=["tutor"])
    birth_year: int | None = Field(
        None, ge=1900, le=2100, strict=True, description="Required for young people."
    )
    territory_id: UUID | None = None
    sector: Code | None = None
    organization_id: UUID | None = Field(
        None, description="Required for a field actor, and then in the mapping."
    )
    signature: Word | None = Field(None, description="How they sign their words, if they do.")
    identity: IdentityIn | None = None


class WitnessFilters(MirrorParams):
    """Which witnesses to list."""

    scheme_id: UUID | None = None
    workshop_id: UUID | None = None
    role: list[Code] = []
    sector: list[Code] = []
    territory_id: UUID | None = Field(None, description="In this territory, or within it.")


class WitnessOut(Out):
    """A witness, as everyone who may see them does: never by name."""

    id: UUID
    version: int
    scheme_id: UUID
    workshop_id: UUID | None
    owner_organization_id: UUID
    pseudonym: str
    role: str
    birth_year: int | None
    territory_id: UUID | None
    sector: str | None
    organization_id: UUID | None
    signature: str | None
    withdrawn_at: datetime | None = Field(description="When they took back all they had said.")
    created_at: datetime
    updated_at: datetime


class NewWitnessOut(WitnessOut):
    """A witness just registered: `receipt_code` is theirs to keep, and shown this once."""

    receipt_code: str


class DisclosureIn(In):
    """Why an identity must be known."""

    reason: Paragraph


class PersonOut(Out):
    """Who somebody is."""

    given_name: str | None
    family_name: str | None
    email: str | None
    phone: str | None


class GuardianIdentityOut(PersonOut):
    """Who a guardian is."""

    guardian_id: UUID
    relation: Relation


class IdentityOut(PersonOut):
    """An identity, shown once; the disclosure is recorded."""

    witness_id: UUID
    guardians: list[GuardianIdentityOut]


# Notices


class CellSet(In):
    """All the cells that combine these media, audiences, forms and purposes."""

    media: list[Medium] = Field(min_length=1, max_length=len(Medium))
    audiences: list[Code] = Field(min_length=1, max_length=50)
    forms: list[Code] = Field(min_length=1, max_length=50)
    purposes: list[Purpose] = Field(min_length=1, max_length=len(Purpose))


class Choice(In):
    """One thing that people can say yes or no to."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label_fr: Line
    label_en: Line | None = None
    cells: list[CellSet] = Field(min_length=1, max_length=20)


class NoticeIn(In):
    """A text to read before consenting. A new version takes the place of none: both count."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z]{2,8})?$")] = "fr"
    text: Body
    choices: list[Choice] = Field(min_length=1, max_length=50)


class NoticeFilters(PageParams):
    """Which notices to list."""

    code: list[Code] = []
    language: list[Code] = []


class NoticeOut(Out):
    """A notice, as every account reads it."""

    id: UUID
    code: str
    language: str
    version: int
    text: str
    sha256: str
    choices: list[dict[str, Any]]
    revoked_at: datetime | None
    created_at: datetime


# Consents


class CellIn(In):
    """One precise use."""

    medium: Medium
    audience: Code
    form: Code
    purpose: Purpose


# Far enough for people, and so that some years later is still a date.
Start = Annotated[Moment, Field(le=datetime(2999, 12, 31, tzinfo=UTC))]


class ConsentIn(In):
    """What somebody said, once."""

    verb: Verb
    notice_id: UUID | None = None
    choices: list[Code] | None = Field(None, max_length=50)
    cells: list[CellIn] | None = Field(None, max_length=500)
    territory: Reach = Field(description="How far from home the consent holds.")
    valid_from: Start | None = Field(None, description="Default: `at`.")
    valid_until: Moment | None = Field(None, description="Default: 24 months; at most 60.")
    given_by: GivenBy = GivenBy.SELF
    guardian_id: UUID | None = Field(None, description="Who, when a guardian says it.")
    method: Method
    evidence_media_id: UUID | None = None
    at: Moment | None = Field(None, description="When it was said; paper may be older than today.")
    note: Paragraph | None = None

    @model_validator(mode="after")
    def _choices_of_a_notice(self) -> "ConsentIn":
        if (self.choices is None) == (self.cells is None):
            raise PydanticCustomError("choices_or_cells", "Either choices or cells")
        if self.choices is not None and not self.notice_id:
            raise PydanticCustomError("choices_of_notice", "Choices are those of a notice")
        return self


class ConsentFilters(In):
    """How much to tell of consents."""

    cells: bool = Field(
        False, description="Add to each event, and to what is effective, the cells it expands to."
    )


class ConsentOut(Out):
    """A consent event."""

    id: UUID
    number: int
    verb: Verb
    choices: list[str]
    territory: Reach
    valid_from: datetime
    valid_until: datetime | None
    given_by: GivenBy
    guardian_id: UUID | None
    notice_id: UUID | None
    method: Method
    collected_by_id: UUID | None
    evidence_media_id: UUID | None
    evidence_sha256: str | None
    at: datetime
    note: str | None
    created_at: datetime
    cells: list[list[str]] | None = Field(None, exclude_if=lambda cells: cells is None)


class EffectiveCellOut(Out):
    """Whether one precise use is allowed now, and why not."""

    cell: list[str]
    allowed: bool
    reason: Reason | None


class EffectiveOut(Out):
    """What is allowed now: one choice of the notices that the witness answered."""

    choice: str
    label: str
    notice_id: UUID
    allowed: bool
    reason: Reason | None
    until: datetime | None
    cells: list[EffectiveCellOut] | None = Field(None, exclude_if=lambda cells: cells is None)


class ConsentsOut(Out):
    """What a witness said, and what it comes to now."""

    events: list[ConsentOut]
    effective: list[EffectiveOut]
