"""What callers send and receive about annotations."""

from datetime import datetime
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from app.annotations.models import AnnotationKind
from app.core.schemas import Count, In, Out
from app.core.text import Paragraph


class AnnotationIn(In):
    """What is said of the whole, of a section (its place, from 0), or of an item.

    A proposition is one whole: it has neither sections nor items.
    """

    kind: AnnotationKind
    text: Paragraph
    section: Count | None = None
    item_id: UUID | None = None

    @model_validator(mode="after")
    def _about_one_part(self) -> "AnnotationIn":
        if self.section is not None and self.item_id is not None:
            raise PydanticCustomError("one_part", "At most one of section, item_id")
        return self


class AnswerIn(In):
    """What is answered."""

    text: Paragraph


class AnnotationOut(Out):
    """An annotation. It is about its subject as it was at `subject_version`.

    What that said is the latest version of its history up to that one.
    """

    id: UUID
    version: int
    bundle_id: UUID | None
    proposition_id: UUID | None
    subject_version: int
    section: int | None
    item_id: UUID | None
    kind: AnnotationKind
    text: str
    by_id: UUID
    answer: str | None
    answered_at: datetime | None
    answered_by_id: UUID | None
    resolved_at: datetime | None
    resolved_by_id: UUID | None
    created_at: datetime
    updated_at: datetime
