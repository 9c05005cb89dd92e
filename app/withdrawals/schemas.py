"""What callers send and receive about withdrawals."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field, computed_field, model_validator
from pydantic_core import PydanticCustomError

from app.audit.models import ActorKind
from app.core.pages import PageParams
from app.core.schemas import In, Out
from app.core.text import Code
from app.witnesses.schemas import CellIn


class WithdrawalState(StrEnum):
    """How far a withdrawal has reached. Never stored: read from the facts."""

    EFFECTIVE = "effective"  # nobody sees the words any more
    HELD = "held"  # likewise; and they are kept, for a legal hold
    PURGED = "purged"  # nothing is left of them


def state_of(held_at: datetime | None, purged_at: datetime | None) -> WithdrawalState:
    """The state of a withdrawal with these facts."""
    if purged_at:
        return WithdrawalState.PURGED
    return WithdrawalState.HELD if held_at else WithdrawalState.EFFECTIVE


class TakenBack(In):
    """What is taken back: some cells, some choices of the notices answered, or everything."""

    cells: list[CellIn] | None = Field(None, min_length=1, max_length=500)
    choices: list[Code] | None = Field(None, min_length=1, max_length=50)
    all: Literal[True] | None = Field(None, description="Everything: it cannot be undone.")

    @model_validator(mode="after")
    def _one_of_them(self) -> "TakenBack":
        if sum(part is not None for part in (self.cells, self.choices, self.all)) != 1:
            raise PydanticCustomError("one_withdrawal", "Either cells, choices or all")
        return self


class WithdrawalIn(TakenBack):
    """What a witness takes back, written down by who they asked."""

    witness_id: UUID


class WithdrawalFilters(PageParams):
    """Which withdrawals to list."""

    witness_id: UUID | None = None
    purged: bool | None = Field(None, description="Whether nothing is left of the words.")


class WithdrawalOut(Out):
    """A withdrawal: effective when it was made, and purged when nothing was left."""

    id: UUID
    witness_id: UUID
    everything: bool
    cells: list[list[str]]
    choices: list[str]
    event_number: int
    by_kind: ActorKind
    by_id: UUID | None
    created_at: datetime
    held_at: datetime | None
    purged_at: datetime | None

    @computed_field
    def state(self) -> WithdrawalState:
        return state_of(self.held_at, self.purged_at)
