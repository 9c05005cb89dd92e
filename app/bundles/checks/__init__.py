"""What stands between a bundle and its readers: blockers forbid publishing, warnings do not.

A check is a function that looks at a `Case` and yields findings. To add one is to write it in the
module of its subject, and to name it in one of the two lists below.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy.orm import Session

from app.bundles.checks import balance, consent, expectations, form, items
from app.bundles.checks.case import Case, Finding
from app.bundles.models import Bundle
from app.bundles.sources import settled

Check = Callable[[Case], Iterable[Finding]]

BLOCKERS: list[Check] = [
    consent.missing,
    items.unready,
    items.none_at_all,
    form.no_recording,
    expectations.required,
]
WARNINGS: list[Check] = [
    expectations.unasked,
    expectations.unmet,
    balance.few_practices,
    balance.only_feelings,
    balance.few_voices,
    balance.one_voice,
    balance.one_workshop,
    balance.one_point_of_view,
    balance.roles_missing,
    form.long_quotes,
    form.long_note,
    items.no_introduction,
    items.no_selection_reason,
    items.captions,
    consent.to_read_again,
]


def check(db: Session, bundle: Bundle, at: datetime) -> dict[str, list[Finding]]:
    """A `ChecksOut`: blockers, item by item, and warnings."""
    case = Case(db, bundle, at, *settled(db, bundle, at))
    return {"blockers": _found(BLOCKERS, case), "warnings": _found(WARNINGS, case)}


def blockers(db: Session, bundle: Bundle, at: datetime) -> list[Finding]:
    """The blockers alone: whoever publishes asks for nothing else."""
    return _found(BLOCKERS, Case(db, bundle, at, *settled(db, bundle, at)))


def _found(checks: list[Check], case: Case) -> list[dict[str, Any]]:
    return list(chain.from_iterable(check(case) for check in checks))
