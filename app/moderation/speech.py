"""Speech or discourse: the signs that the team notes, and the level they come to. Pure.

Three signs of speech, three of discourse. The words are `free` with at least two more signs of
speech than of discourse, `normed` with more signs of discourse than of speech, else `mixed`. A sign
that was not looked for counts like one that is not there. So another sign of speech never makes
words less free, and another sign of discourse never makes them freer. docs/candor.md says why.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case


class Sign(StrEnum):
    """What can be heard in words, or seen of the occasion when they were said."""

    FIRST_PERSON = "first_person"
    CONCRETE_EPISODE = "concrete_episode"
    NAMED_DIFFICULTY = "named_difficulty"
    INSTITUTIONAL_WORDING = "institutional_wording"
    HIERARCHY_PRESENT = "hierarchy_present"
    PREPARED_TEXT = "prepared_text"


class Level(StrEnum):
    """How freely it was said, the least freely first."""

    NORMED = "normed"
    MIXED = "mixed"
    FREE = "free"


SPEECH = (Sign.FIRST_PERSON, Sign.CONCRETE_EPISODE, Sign.NAMED_DIFFICULTY)
DISCOURSE = (Sign.INSTITUTIONAL_WORDING, Sign.HIERARCHY_PRESENT, Sign.PREPARED_TEXT)
FREE_FROM = 2  # signs of speech more than of discourse
NORMED_BELOW = 0

Noted = Mapping[Sign, bool | None]


def level_of(noted: Noted) -> Level:
    """The level that these signs come to."""
    more = sum(noted[sign] is True for sign in SPEECH) - sum(
        noted[sign] is True for sign in DISCOURSE
    )
    if more >= FREE_FROM:
        return Level.FREE
    return Level.NORMED if more < NORMED_BELOW else Level.MIXED


def level_in_sql(row: Any) -> ColumnElement[str]:
    """The same of a row that has a column for each sign; null where there is no row."""

    def there(sign: Sign) -> ColumnElement[int]:
        return case((getattr(row, sign).is_(True), 1), else_=0)

    more = sum(map(there, SPEECH[1:]), there(SPEECH[0])) - sum(
        map(there, DISCOURSE[1:]), there(DISCOURSE[0])
    )
    return case(
        (row.testimony_id.is_(None), None),
        (more >= FREE_FROM, Level.FREE.value),
        (more < NORMED_BELOW, Level.NORMED.value),
        else_=Level.MIXED.value,
    )


def unsettled(noted: Noted) -> list[Sign]:
    """What may still be asked about: signs of speech not heard, signs of discourse not ruled out.

    Of what nobody assessed, all.
    """
    heard = [sign for sign in SPEECH if not noted.get(sign)]
    return heard + [sign for sign in DISCOURSE if noted.get(sign) is not False]
