"""Which words stand where: code points of a plain text, and milliseconds of a recording.

The plain text of segments is their texts, joined by one line feed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

Segments = Sequence[dict[str, Any]]
Moments = tuple[int, int]  # from, to before: in milliseconds
SLACK = 500  # ms by which people miss the beginning and the end of what is said
HIDDEN = "█"


def placed(segments: Segments) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each segment, and the code point where it begins."""
    offset = 0
    for segment in segments:
        yield offset, segment
        offset += len(segment["text"]) + 1


def touched(segments: Segments, start: int, end: int) -> list[tuple[int, dict[str, Any]]]:
    """The segments that the words from `start` to before `end` touch, and where they begin."""
    return [
        (offset, segment)
        for offset, segment in placed(segments)
        if offset < end and offset + len(segment["text"]) + 1 > start
    ]


def moments_of(segments: Segments, start: int, end: int) -> Moments:
    """When the words from `start` to before `end` are said: all the segments that they touch."""
    said = [segment for _, segment in touched(segments, start, end)]
    return min(s["start_ms"] for s in said), max(s["end_ms"] for s in said)


def bounds_of(segments: Segments, start: int, end: int) -> tuple[int, int]:
    """From where to where the segments go that the words from `start` to before `end` touch."""
    said = touched(segments, start, end)
    return said[0][0], max(offset + len(segment["text"]) for offset, segment in said)


def meets(segment: dict[str, Any], moments: Sequence[Moments]) -> bool:
    """Whether some of this segment falls between the moments of a pair."""
    return any(segment["start_ms"] < end and segment["end_ms"] > start for start, end in moments)


def masked(segments: Segments, moments: Sequence[Moments]) -> str:
    """The plain text, whose words that touch these moments are hidden: offsets stay."""
    return "\n".join(
        HIDDEN * len(segment["text"]) if meets(segment, moments) else segment["text"]
        for segment in segments
    )


def widened(start_ms: int, end_ms: int) -> Moments:
    """Where the words of a passage may begin and end: whom the gate asks about them."""
    return max(0, start_ms - SLACK), end_ms + SLACK


def within(segments: Segments, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
    """The segments that are said in this passage, from its beginning to its end.

    One that begins before it, or goes on after it, by more than half a second is not among them:
    what was cut off was cut off on purpose.
    """
    first, last = widened(start_ms, end_ms)
    return [s for s in segments if s["start_ms"] >= first and s["end_ms"] <= last]


def cues_of(segments: Segments, passage: Moments | None = None) -> list[dict[str, Any]]:
    """What is read under a recording, or under a passage of it, whose times begin at zero.

    Not who speaks: that is for the team.
    """
    said = within(segments, *passage) if passage else segments
    start, end = passage or (0, None)
    return [
        {
            "start_ms": max(0, segment["start_ms"] - start),
            "end_ms": segment["end_ms"] if end is None else min(segment["end_ms"], end) - start,
            "text": segment["text"],
        }
        for segment in said
    ]


def place_of(text: str, exact: str) -> int | None:
    """Where these words stand in a text, when they stand there once."""
    found = text.find(exact)
    return found if found >= 0 and text.find(exact, found + 1) < 0 else None
