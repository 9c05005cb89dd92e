"""A bundle before its checks, and what they find."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.bundles.balance import Counts, of_bundle, of_corpus
from app.bundles.coverage import voices_of
from app.bundles.models import Bundle
from app.bundles.sources import Source
from app.schemes.service import labels
from app.witnesses.decision import Verdict

Finding = dict[str, Any]  # a `schemas.Finding`


@dataclass(frozen=True)
class Case:
    """What checks look at. `sources` are what the items are made from, each with its verdict.

    What takes a query is asked once, and only if a check wants it.
    """

    db: Session
    bundle: Bundle
    at: datetime
    sources: dict[UUID, Source]
    verdicts: list[Verdict]

    @cached_property
    def made_of(self) -> Counts:
        return of_bundle(self.db, self.bundle)

    @cached_property
    def corpus(self) -> Counts:
        return of_corpus(self.db, self.bundle.scheme_id)

    @cached_property
    def voices(self) -> Counter[UUID]:
        return voices_of(self.db, self.bundle)

    def judged(self) -> Iterator[tuple[Source, Verdict]]:
        """Each source with its verdict, in the order of the items."""
        return zip(self.sources.values(), self.verdicts, strict=True)

    def named(self, vocabulary: str, codes: Iterable[str]) -> list[str]:
        """What people read for these codes."""
        wanted = list(codes)
        known = labels(self.db, vocabulary, wanted)
        return [known.get(code, code) for code in wanted]


def finding(code: str, message: str, item_id: UUID | None = None, **facts: Any) -> Finding:
    """Something to know, in plain French; the facts are what the message tells."""
    return {"code": code, "message": message, "item_id": item_id, "facts": facts}


def percent(share: float) -> str:
    """`0.286` -> « 29 % »."""
    return f"{round(share * 100)} %"
