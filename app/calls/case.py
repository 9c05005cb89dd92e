"""A custodian reads people's words on a case: says why first, in `X-Reason`, and it is kept."""

from fastapi.exceptions import RequestValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.audit.models import CaseReading
from app.audit.service import record
from app.core.text import OneLine, as_utf8

X_REASON = "X-Reason"
SHORTEST, LONGEST = 3, 500  # code points
REASON = OneLine(LONGEST, SHORTEST)


def read_reason(header: str) -> str:
    """Why, in one line. Raises RequestValidationError at `#/X-Reason`."""
    try:
        return REASON.clean(str(as_utf8(header)))
    except PydanticCustomError as error:
        mistake = {"type": error.type, "loc": ("header", X_REASON), "msg": error.message()}
        raise RequestValidationError([mistake | {"ctx": error.context or {}}]) from None


def note_reading(db: Session, route: str, reason: str, by: Caller) -> CaseReading:
    """Keep that `by` reads on a case, and why, before anything is read. `route` is a template."""
    reading = CaseReading(account_id=by.id, route=route, reason=reason)
    db.add(reading)
    record(db, "case.read", on=reading, by=by, route=route)
    return reading
