"""What callers send and receive about groups, members and protocols."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.core.pages import MirrorParams, PageParams
from app.core.schemas import Day, In, Out
from app.core.text import Body, Code, Line, Paragraph
from app.groups.models import About, Identification, Rereading
from app.witnesses.decision import Medium

# Groups


class GroupIn(In):
    """A standing group, as who runs it describes it."""

    scheme_id: UUID
    place_id: UUID | None = Field(
        None, description="Where it meets. The group is then of the organization of this place."
    )
    partner_organization_id: UUID | None = Field(
        None, description="Who films there, when it is not who runs the group."
    )
    name: Line = Field(examples=["Groupe témoin de Berthe"])
    description: Body | None = None


class GroupFilters(MirrorParams):
    """Which groups to list."""

    scheme_id: UUID | None = None
    place_id: UUID | None = None
    owner_organization_id: UUID | None = None


class GroupOut(Out):
    """A group, as everyone who may see it sees it."""

    id: UUID
    version: int
    scheme_id: UUID
    place_id: UUID | None
    owner_organization_id: UUID
    partner_organization_id: UUID | None
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    present_members: int = Field(description="How many people belong to it now.")
    protocol_number: int | None = Field(description="The version that binds now, if any does.")


class OwnerIn(In):
    """Who runs the group from now on, and why."""

    organization_id: UUID
    reason: Paragraph


# Members


class MemberIn(In):
    """Somebody who joins the group."""

    witness_id: UUID
    joined_on: Day | None = Field(None, description="Default: today.")


class DepartureIn(In):
    """When somebody left: from this day on they are no member."""

    left_on: Day | None = Field(None, description="Default: today.")


class MemberFilters(PageParams):
    """Which members to list: by default all that there ever were."""

    on: Day | None = Field(None, description="Only who belonged to the group on this day.")


class MemberOut(Out):
    """That somebody belongs to a group, or did: from `joined_on` to before `left_on`."""

    id: UUID
    group_id: UUID
    witness_id: UUID
    pseudonym: str
    joined_on: date
    left_on: date | None


# Protocols


class Clause(In):
    """What the group agreed on, in its own words."""

    about: About
    text: Paragraph


class ProtocolIn(In):
    """How far a group's words may go, at the most. Null allows all, an empty list nothing."""

    audiences: list[Code] | None = Field(None, max_length=50)
    forms: list[Code] | None = Field(None, max_length=50)
    media: list[Medium] | None = Field(None, max_length=len(Medium))
    identification: Identification
    rereading: Rereading
    clauses: list[Clause] = Field([], max_length=50)


class ProtocolOut(Out):
    """A version of a protocol. Of those that were adopted, the one adopted last binds."""

    id: UUID
    group_id: UUID
    number: int
    audiences: list[str] | None
    forms: list[str] | None
    media: list[Medium] | None
    identification: Identification
    rereading: Rereading
    clauses: list[Clause]
    written_by_id: UUID
    adopted_at: datetime | None
    adopted_by_id: UUID | None
    created_at: datetime
