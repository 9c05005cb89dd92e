"""What comes in and what goes out."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
)
from pydantic_core import PydanticCustomError

MAX_INT = 2**31 - 1


class In(BaseModel):
    """What a caller sends: nothing unknown, no infinity."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Out(BaseModel):
    """What a caller receives: read straight from the row.

    `made_of` names the columns that a list reads besides those it shows.
    """

    model_config = ConfigDict(from_attributes=True)

    made_of: ClassVar[tuple[str, ...]] = ()


_adapter = cache(TypeAdapter[Any])


def to_json(out: Any, shown: object) -> bytes:
    """The JSON of `shown`, a row or a mapping which has the fields of the schema `out`."""
    return _adapter(out).dump_json(_adapter(out).validate_python(shown))


def _no_number(said: object) -> object:
    """Pydantic takes numbers, and digits, for seconds since 1970: RFC 3339 does not."""
    if isinstance(said, date):
        return said
    if not isinstance(said, str) or not said[:5].endswith("-"):
        raise PydanticCustomError("rfc_3339", "A date or a moment is written as in RFC 3339")
    return said


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("no_such_moment", "There is no such moment in UTC") from None


# A date and time with its offset, which becomes UTC.
Moment = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]
# Numbers that both databases can hold.
Integer = Annotated[int, Field(ge=-MAX_INT - 1, le=MAX_INT, strict=True)]
Count = Annotated[int, Field(ge=0, le=MAX_INT, strict=True)]
# A day of our calendar.
Day = Annotated[
    date, Field(ge=date(1900, 1, 1), le=date(2999, 12, 31)), BeforeValidator(_no_number)
]
