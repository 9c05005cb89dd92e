"""The closed list of tables, and how the testimonies of a period become one."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.figures import SUPPRESSED, nearest
from app.core.settings import settings
from app.testimonies.heard import Lists, Told, counted


def is_enough(told: Sequence[Told]) -> bool:
    """Whether a period of these testimonies can be published: of 2k, by k people."""
    k = settings().figures_k_public
    people = {speaker.witness_id for one in told for speaker in one.speakers}
    return len(told) >= 2 * k and len(people) >= k


def tables_of(told: Sequence[Told], lists: Lists) -> list[dict[str, Any]]:
    """The tables: `{name, cells: [{code, label, share}]}`, all that was listed in its order."""
    return [_table(name, labels, told) for name, labels in lists.items()]


def _table(name: str, labels: Mapping[str, str], told: Sequence[Told]) -> dict[str, Any]:
    counts, hidden = counted(name, labels, told, settings().figures_k_public)
    return {
        "name": name,
        "cells": [
            {
                "code": code,
                "label": label,
                "share": SUPPRESSED if code in hidden else nearest(counts[code] / len(told)),
            }
            for code, label in labels.items()
        ],
    }
