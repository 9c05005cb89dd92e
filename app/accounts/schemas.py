"""What callers send and receive about accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.accounts.models import Kind
from app.accounts.passwords import LONGEST, SHORTEST
from app.accounts.permissions import Permission, Role
from app.core.pages import PageParams
from app.core.schemas import In, Moment, Out
from app.core.text import Line, OneLine


def _normal_email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise PydanticCustomError("email", "Not an e-mail address") from None


Email = Annotated[
    str,
    OneLine(254),
    AfterValidator(_normal_email),
    Field(json_schema_extra={"format": "email"}),
]
Password = Annotated[str, OneLine(LONGEST, SHORTEST)]


class SessionIn(In):
    """Who logs in."""

    email: Annotated[str, OneLine(254)] = Field(examples=["animatrice.berthe@example.org"])
    password: Annotated[str, OneLine(LONGEST)]


class PasswordIn(In):
    """A new password, and the present one to prove who asks."""

    current: Annotated[str, OneLine(LONGEST)]
    new: Password


class OrganizationIn(In):
    """A structure."""

    name: Line
    kind: Kind
    in_mapping: bool = Field(
        False, description="« Dans la cartographie »: its people may testify as field actors."
    )


class OrganizationFilters(PageParams):
    """Which organizations to list."""

    kind: list[Kind] = []
    in_mapping: bool | None = None


class OrganizationOut(Out):
    """A structure, as every account sees it."""

    id: UUID
    version: int
    name: str
    kind: Kind
    in_mapping: bool
    created_at: datetime
    updated_at: datetime


class AccountIn(In):
    """Somebody, as an administrator describes them. Without `password`, it stays as it is."""

    email: Email
    display_name: Line
    role: Role
    organization_id: UUID
    password: Password | None = None


class AccountFilters(PageParams):
    """Which accounts to list."""

    role: list[Role] = []
    organization_id: UUID | None = None
    suspended: bool | None = None


class AccountOut(Out):
    """Somebody, as administrators see them."""

    id: UUID
    version: int
    email: str
    display_name: str
    role: Role
    organization_id: UUID
    suspended_at: datetime | None
    follow_up_at: datetime | None
    created_at: datetime
    updated_at: datetime


class MeOut(AccountOut):
    """The caller, and what this session or token allows."""

    permissions: list[Permission]


class SessionOut(Out):
    """A login: its token is shown this once."""

    token: str
    expires_at: datetime
    account: MeOut


class ApiTokenIn(In):
    """A key to act as oneself, or as a part of what one may do."""

    name: Line
    expires_at: Moment | None = None
    permissions: list[Permission] | None = Field(None, max_length=len(Permission))


class ApiTokenOut(Out):
    """A key, of which nobody can read the token again."""

    id: UUID
    name: str
    permissions: list[Permission] | None
    expires_at: datetime | None
    created_at: datetime


class NewApiTokenOut(ApiTokenOut):
    """A key, with its token: shown this once."""

    token: str
