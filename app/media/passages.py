"""A passage of a recording: what is shown and heard from its start up to its end.

The picture that stands at its start is in it, though it may have appeared before; nothing that
appears at its end or later is.
"""

from dataclasses import dataclass

from app.media.ffmpeg import seconds
from app.media.models import Kind
from app.media.probe import Found

RATES = 24, 60  # frames per second of a passage: at least, at most


@dataclass(frozen=True)
class Passage:
    """A part of a recording, from a moment up to another, in milliseconds of what is shown."""

    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    @property
    def name(self) -> str:
        """What its renditions are called, up to the dot."""
        return f"clip-{self.start_ms}-{self.end_ms}"


def passage_names(kind: Kind, passage: Passage) -> list[str]:
    """The renditions to make of a passage of a media of this kind, in this order."""
    suffixes = {Kind.VIDEO: [".jpg", ".mp4"], Kind.AUDIO: [".m4a"]}
    return [f"{passage.name}{suffix}" for suffix in suffixes.get(kind, [])]


def read_from(passage: Passage) -> tuple[str, ...]:
    """How to read from the key frame before a passage: what it begins with is at zero."""
    return "-noaccurate_seek", "-ss", seconds(passage.start_ms)


def pictures_of(found: Found, passage: Passage, most: float = RATES[1]) -> str:
    """The filters that keep what a passage shows, at a steady rate of at most `most`.

    Each moment shows the last frame that appeared until then, also when frames are far apart, and
    when the pictures end before the sound. What was decoded on the way to the start is cut off.
    """
    rate = min(max(found.fps or 0, RATES[0]), most)
    lasting = f"tpad=stop_mode=clone:stop_duration={seconds(found.duration_ms or 0)}"
    return f"fps={rate:.3f}:round=up,{lasting},trim=start=0:end={seconds(passage.duration_ms)}"


def sounds_of(passage: Passage) -> str:
    """The filter that keeps what is heard in a passage, of sound that is read from its beginning.

    It is never sought: in a trimmed file, ffmpeg finds pictures where they are and sound elsewhere.
    """
    start, end = seconds(passage.start_ms), seconds(passage.end_ms)
    return f"atrim=start={start}:end={end},asetpts=PTS-{start}/TB"
