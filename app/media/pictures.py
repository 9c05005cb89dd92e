"""Still pictures: the poster of a video or of a passage, pictures rebuilt, and their preview."""

import json
import sys
from pathlib import Path

from app.core.settings import settings
from app.media.ffmpeg import BARE, Progress, command
from app.media.passages import Passage, pictures_of, read_from
from app.media.probe import Found
from app.media.sandbox import run
from app.media.video import shown

CHILD = Path(__file__).with_name("child") / "picture.py"
LOOKED_AT = 60  # seconds, and frames, from which a poster is chosen
LIT = (
    "blackframe=amount=0:threshold=32,"
    "metadata=select:key=lavfi.blackframe.pblack:value=90:function=less"
)
TYPICAL = f"thumbnail={LOOKED_AT}"
KEY_FRAMES = ("-skip_frame", "nokey")


def rebuild(path: Path, source: str, longest: int, progress: Progress) -> None:
    """A picture of the pixels of the file `source` beside it, of at most `longest` by `longest`."""
    limits = json.dumps({"pixels": settings().image_max_pixels})
    making = [sys.executable, "-I", str(CHILD), limits, source, path.name, str(longest)]
    run(making, path.parent, lambda _: progress(0))


def choose_frame(path: Path, found: Found, progress: Progress, passage: Passage | None) -> None:
    """The most typical frame that is not black: of the first minute, or of the passage.

    Of the key frames, which are decoded in no time; where all of these are black, of the key frames
    of the whole; then of all frames, first of that minute, then of the whole. Black only when
    nothing else is there.
    """
    for given, filters in _passage_tries(found, passage) if passage else _tries(found):
        choosing = command(
            *("-map", "0:V:0", "-vf", f"{filters},format=yuvj420p", "-frames:v", "1"),
            *("-fps_mode", "passthrough", *BARE, "-c:v", "mjpeg", "-q:v", "3", "-threads", "1"),
            *("-f", "mjpeg", "-y", f"file:{path.name}"),
            inputs=[given],
        )
        run(choosing, path.parent, lambda _: progress(0))
        if path.is_file() and path.stat().st_size:
            return


Tries = list[tuple[tuple[str, ...], str]]


def _tries(found: Found) -> Tries:
    """How the input is read, and the filters that leave one frame of it, if any."""
    lasts = max(0.2, (found.duration_ms or 0) / 1000)
    first = ("-t", str(LOOKED_AT))
    lit = f"{shown(found)},{LIT},{TYPICAL}"
    return [
        ((*KEY_FRAMES, *first), lit),
        (KEY_FRAMES, lit),
        (first, f"{_sampled(min(LOOKED_AT, lasts))},{lit}"),
        ((), f"{_sampled(lasts)},{lit}"),
        (first, shown(found)),
    ]


def _sampled(lasts: float) -> str:
    """The filter that leaves as many frames of so many seconds as are looked at."""
    return f"fps={min(25.0, LOOKED_AT / lasts):.3f}"


def _passage_tries(found: Found, passage: Passage) -> Tries:
    given = read_from(passage)
    rate = min(25.0, LOOKED_AT / min(LOOKED_AT, max(0.2, passage.duration_ms / 1000)))
    sampled = f"{pictures_of(found, passage, rate)},{shown(found)}"
    return [
        (given, f"{sampled},{LIT},{TYPICAL}"),
        (given, f"{sampled},{TYPICAL}"),
        (given, f"{pictures_of(found, passage)},{shown(found)}"),
    ]
