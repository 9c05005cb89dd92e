"""Make renditions with ffmpeg: decoded and encoded again, always, and probed before they count.

Nothing of the original file is copied: no metadata, chapter, subtitle or data stream, and no
packet, for a stream copy keeps what edit lists hide.

Of a passage, what is shown and heard from its start up to its end: the picture that stands at its
start, though it may have appeared before, and nothing that appears at its end or later.
"""

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from app.core.settings import settings
from app.media.models import Kind, Reason
from app.media.probe import FORMATS, Found, Rejected, probe
from app.media.sandbox import OutOfBudget, ToolFailed, run

WEB, AUDIO, POSTER, IMAGE = "web.mp4", "audio.m4a", "poster.jpg", "image.jpg"
CONTENT_TYPES = {".mp4": "video/mp4", ".m4a": "audio/mp4", ".jpg": "image/jpeg"}
LONG_SIDE, SHORT_SIDE = 1280, 720  # pixels of a video, at most
POSTER_SIDE, IMAGE_SIDE = 1280, 2560  # pixels of a picture's longer side, at most
LOOKED_AT = 60  # seconds, and frames, from which a poster is chosen
CLIP_RATES = 24, 60  # frames per second of a passage: at least, at most
CLIP_TOLERANCE = 150  # milliseconds, more or less, that a passage may last

SOUND = ("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")
BARE = (
    *("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
    *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
)
OUT_TIME = re.compile(rb"out_time_us=(\d+)\n")
PICTURE = Path(__file__).with_name("child") / "picture.py"

Progress = Callable[[float], None]


class Unfinished(Rejected):
    """The file is accepted, but a rendition of it wants more work than a tool may do: for now."""

    def __init__(self) -> None:
        super().__init__(Reason.BUDGET)


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


@dataclass(frozen=True)
class Made:
    """A rendition, in a file that was looked at again."""

    path: Path
    content_type: str
    width: int | None
    height: int | None


def names_of(kind: Kind, passage: Passage | None = None) -> list[str]:
    """The renditions to make of a media of this kind, or of a passage of it, in this order."""
    if passage:
        suffixes = {Kind.VIDEO: [".jpg", ".mp4"], Kind.AUDIO: [".m4a"]}
        return [f"{passage.name}{suffix}" for suffix in suffixes.get(kind, [])]
    return {
        Kind.VIDEO: [POSTER, WEB],
        Kind.AUDIO: [AUDIO],
        Kind.IMAGE: [POSTER, IMAGE],
        Kind.DOCUMENT: [],
    }[kind]


def make(
    name: str, folder: Path, found: Found, progress: Progress, passage: Passage | None = None
) -> Made:
    """This rendition of the `input` in the folder, or of a passage of it.

    Raises Unfinished when it takes too long, Rejected when nothing comes of it (`corrupt`); and
    what `progress` raises, which is called at least every half second with the share that is done.
    """
    path = folder / name
    try:
        if found.kind is Kind.IMAGE:
            _rebuild(path, progress)
        elif path.suffix == ".jpg":
            _choose_frame(path, found, progress, passage)
        else:
            _encode(path, found, progress, passage)
    except OutOfBudget:
        raise Unfinished from None
    except ToolFailed:
        raise Rejected(Reason.CORRUPT) from None
    return _accepted(path, found, passage)


def ffmpeg() -> str:
    """The path of the ffmpeg to use."""
    return settings().ffmpeg or imageio_ffmpeg.get_ffmpeg_exe()


def size_of(width: int, height: int) -> tuple[int, int]:
    """The size in which to show a video: within 1280x720 or 720x1280, never enlarged, even."""
    long, short = max(width, height), min(width, height)
    scale = min(1, LONG_SIDE / long, SHORT_SIDE / short)
    even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
    return even[0], even[1]


def _command(*what: str, inputs: Sequence[Sequence[str]] = ((),)) -> list[str]:
    """Read `input` by its content, in one of the formats that refer to no other file.

    Once for each of `inputs`: the options with which it is read.
    """
    safely = (
        *("-max_pixels", str(settings().media_max_pixels)),
        *("-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-threads", "1"),
    )
    read = [part for given in inputs for part in (*safely, *given, "-i", "file:input")]
    return [
        *(ffmpeg(), "-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1"),
        *(*read, *what),
    ]


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"


def _from(passage: Passage) -> tuple[str, ...]:
    """How to read from the key frame before a passage: what it begins with is at zero."""
    return "-noaccurate_seek", "-ss", _seconds(passage.start_ms)


def _pictures(found: Found, passage: Passage, most: float = CLIP_RATES[1]) -> str:
    """The filters that keep what a passage shows, at a steady rate of at most `most`.

    Each moment shows the last frame that appeared until then, also when frames are far apart, and
    when the pictures end before the sound. What was decoded on the way to the start is cut off.
    """
    rate = min(max(found.fps or 0, CLIP_RATES[0]), most)
    lasting = f"tpad=stop_mode=clone:stop_duration={_seconds(found.duration_ms or 0)}"
    return f"fps={rate:.3f}:round=up,{lasting},trim=start=0:end={_seconds(passage.duration_ms)}"


def _sounds(passage: Passage) -> str:
    """The filter that keeps what is heard in a passage, of sound that is read from its beginning.

    It is never sought: in a trimmed file, ffmpeg finds pictures where they are and sound elsewhere.
    """
    start, end = _seconds(passage.start_ms), _seconds(passage.end_ms)
    return f"atrim=start={start}:end={end},asetpts=PTS-{start}/TB"


def _encode(path: Path, found: Found, progress: Progress, passage: Passage | None) -> None:
    """`web.mp4`, or `audio.m4a`; or a passage as either of them."""
    inputs: list[tuple[str, ...]] = [()]
    is_video = path.suffix == ".mp4"
    if passage and is_video:
        inputs.insert(0, _from(passage))
    streams = []
    if found.has_audio:
        streams += ["-map", f"{len(inputs) - 1}:a:0?"]
        streams += ["-af", _sounds(passage)] if passage else []
    if is_video:
        width, height = size_of(found.width or 2, found.height or 2)
        cut = [_pictures(found, passage)] if passage else []
        streams = [
            *("-map", "0:V:0", *streams),  # V: a picture that is no cover
            *("-vf", ",".join([*cut, f"scale={width}:{height}", "setsar=1"]), "-fps_mode", "vfr"),
            *("-c:v", "libx264", "-profile:v", "high", "-pix_fmt", "yuv420p"),
            *("-crf", "23", "-preset", "veryfast"),
        ]
    command = _command(
        *(*streams, *SOUND, *BARE, "-threads", "1"),
        *("-movflags", "+faststart", "-f", "mp4", f"file:{path.name}"),
        inputs=inputs,
    )
    duration = max(1, (passage.duration_ms if passage else found.duration_ms) or 1)
    tail = bytearray()

    def heed(piece: bytes) -> None:
        tail.extend(piece)
        times = OUT_TIME.findall(tail)
        del tail[:-100]
        progress(min(1.0, int(times[-1]) / 1000 / duration) if times else 0)

    run(command, path.parent, heed)


def _choose_frame(path: Path, found: Found, progress: Progress, passage: Passage | None) -> None:
    """`poster.jpg`: of the first minute, the most typical frame that is not black.

    Or of the passage.
    """
    width, height = size_of(found.width or 2, found.height or 2)
    lasts = (passage.duration_ms if passage else found.duration_ms) or 0
    rate = min(25.0, LOOKED_AT / min(LOOKED_AT, max(0.2, lasts / 1000)))
    scaled = f"scale={width}:{height},setsar=1"
    sampled = f"fps={rate:.3f},{scaled}"
    given: tuple[str, ...] = ("-t", str(LOOKED_AT))
    if passage:
        given = _from(passage)
        scaled = f"{_pictures(found, passage)},{scaled}"
        sampled = f"{_pictures(found, passage, rate)},{scaled}"
    lit = "blackframe=amount=0:threshold=32,metadata=select:key=lavfi.blackframe.pblack:value=90"
    typical = f"thumbnail={LOOKED_AT}"
    for filters in (f"{sampled},{lit}:function=less,{typical}", f"{sampled},{typical}", scaled):
        command = _command(
            *("-map", "0:V:0", "-vf", f"{filters},format=yuvj420p", "-frames:v", "1"),
            *(*BARE, "-c:v", "mjpeg", "-q:v", "3", "-threads", "1"),
            *("-f", "mjpeg", "-y", f"file:{path.name}"),
            inputs=[given],
        )
        run(command, path.parent, lambda _: progress(0))
        if path.is_file() and path.stat().st_size:
            return


def _rebuild(path: Path, progress: Progress) -> None:
    """`image.jpg`, or `poster.jpg` of a picture."""
    side = POSTER_SIDE if path.name == POSTER else IMAGE_SIDE
    limits = json.dumps({"pixels": settings().image_max_pixels})
    command = [sys.executable, "-I", str(PICTURE), limits, path.name, str(side)]
    run(command, path.parent, lambda _: progress(0))


def _accepted(path: Path, source: Found, passage: Passage | None) -> Made:
    """The file, once it is found to be what was wanted. Raises Rejected."""
    if not path.is_file():
        raise Rejected(Reason.CORRUPT)
    try:
        found = probe(path.parent, path.name)
    except Rejected:
        raise Rejected(Reason.CORRUPT) from None
    if found.content_type != CONTENT_TYPES[path.suffix] or not _lasts(found, source, passage):
        raise Rejected(Reason.CORRUPT)
    return Made(path, found.content_type, found.width, found.height)


def _lasts(found: Found, source: Found, passage: Passage | None) -> bool:
    """Whether what was made lasts as long as it should; a picture does."""
    if found.duration_ms is None:
        return True
    if passage:
        return abs(found.duration_ms - passage.duration_ms) <= CLIP_TOLERANCE
    return found.duration_ms * 2 >= (source.duration_ms or 0)
