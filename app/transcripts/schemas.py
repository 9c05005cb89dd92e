"""What callers send and receive about transcripts."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.schemas import Count, In, Out
from app.core.text import Prose, Word
from app.transcripts.models import Failure, Source, TranscriptionState

MOST_SEGMENTS = 5_000
LONGEST_SEGMENT = 2_000  # code points
BREAK = re.compile(r"[ \t\n\u2028\u2029]+")


def on_one_line(text: str) -> str:
    """Where a subtitle was broken into lines there is a blank."""
    return BREAK.sub(" ", text)


Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$", examples=["fr"])]


class SegmentIn(In):
    """What is said from a moment to before another, by one person. `text` becomes one line."""

    start_ms: Count
    end_ms: Count
    speaker: Word | None = Field(None, description="A label: never a name. Readers do not see it.")
    text: Annotated[str, Prose(LONGEST_SEGMENT), AfterValidator(on_one_line)]


class TranscriptIn(In):
    """The words of a recording. With `parent_id` it is a correction of another transcript of it."""

    language: Language = "fr"
    parent_id: UUID | None = None
    segments: list[SegmentIn] = Field(min_length=1, max_length=MOST_SEGMENTS)


class TranscriptionIn(In):
    """In which language a recording is heard: an engine is never left to guess."""

    language: Language = "fr"


class TranscriptionOut(Out):
    """What became of a request to the speech engine. `failure` says why there is no transcript."""

    media_id: UUID
    version: int
    language: str
    state: TranscriptionState
    progress: float | None
    failure: Failure | None
    transcript_id: UUID | None
    asked_by_id: UUID
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class SegmentOut(Out):
    """A segment. `offset`: the code point of the plain text where it begins.

    When somebody who is heard in it refuses the team a reading, it is `withheld`: it has no text.
    """

    start_ms: int
    end_ms: int
    speaker: str | None
    text: str | None
    offset: int
    withheld: bool


class TranscriptBrief(Out):
    """A transcript as lists show it."""

    id: UUID
    version: int
    media_id: UUID
    number: int
    source: Source
    engine: str | None
    language: str
    parent_id: UUID | None
    created_by_id: UUID
    approved_at: datetime | None
    approved_by_id: UUID | None
    created_at: datetime
    updated_at: datetime


class TranscriptOut(TranscriptBrief):
    """A transcript. `current`: whether it is the newest approved one of its media."""

    current: bool
    segments: list[SegmentOut]
