"""Random schemes shaped like « 14 contrats »: few people, most of them of one sort."""

from random import Random
from typing import Any
from uuid import UUID

from app.testimonies.heard import (
    METHOD,
    NATURE,
    ROLE,
    SEVERAL,
    TERRITORY,
    UNKNOWN,
    Speaker,
    Told,
    role_of,
)

ROLES = (
    *("young_person", "eligible_young_person", "employer", "prospective_employer"),
    *("low_qualification_employer", "tutor", "field_actor", "support_worker"),
)
METHODS = (
    *("video", "audio", "written", "self_media", "witness_group"),
    *("interview", "online", "survey", "paper"),
)
NATURES = ("practice", "feeling", "mixed", "idea", "information", UNKNOWN)
DEPARTMENTS = ("04", "05", "06", "13", "83", "84")


def listed(*codes: str) -> dict[str, str]:
    return {code: code for code in codes}


LISTS = {
    ROLE: listed(*ROLES, SEVERAL),
    METHOD: listed(*METHODS),
    NATURE: listed(*NATURES),
    TERRITORY: listed(*DEPARTMENTS, UNKNOWN),
}


def month_of(chance: Random, few: int = 22, many: int = 90) -> list[Told]:
    """What was accepted in a month: a territory of 14, a larger one, and hardly anything else."""
    martigues = [_told(chance, "13") for _ in range(14)]
    return martigues + [
        _told(chance, chance.choices(DEPARTMENTS, (1, 1, 2, 4, 40, 2))[0])
        for _ in range(chance.randint(few - 14, many - 14))
    ]


def _told(chance: Random, department: str) -> Told:
    speakers = [_speaker(chance) for _ in range(chance.choices((1, 2, 3), (12, 2, 1))[0])]
    cells = {
        ROLE: role_of(speakers),
        METHOD: chance.choices(METHODS, (20, 4, 12, 1, 2, 8, 1, 1, 1))[0],
        NATURE: chance.choices(NATURES, (16, 12, 5, 2, 1, 2))[0],
        TERRITORY: department,
    }
    return Told(cells, speakers)


def _speaker(chance: Random) -> Speaker:
    employer = UUID(int=chance.randint(1, 4)) if chance.random() < 0.7 else None
    role = chance.choices(ROLES, (20, 4, 9, 1, 1, 9, 2, 1))[0]
    return Speaker(UUID(int=chance.getrandbits(100)), role, employer)


def counted(told: list[Told]) -> dict[tuple[str, str], int]:
    """The count of each cell, which nobody is told."""
    found: dict[tuple[str, str], int] = {
        (name, code): 0 for name, codes in LISTS.items() for code in codes
    }
    for one in told:
        for cell in one.cells.items():
            found[cell] += 1
    return found


def figures_of(tables: list[dict[str, Any]], total: int, k: int) -> dict[str, Any]:
    """As the API tells them."""
    return {"testimonies": total, "k": k, "tables": tables}
