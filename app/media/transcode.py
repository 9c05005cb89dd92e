"""Make renditions with ffmpeg: decoded and encoded again, always, and probed before they count.

Nothing of the original file is copied: no metadata, chapter, subtitle or data stream, and no
packet, for a stream copy keeps what edit lists hide.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from app.core.settings import settings
from app.media.models import Kind, Reason
from app.media.probe import FORMATS, Found, Rejected, probe
from app.media.sandbox import OutOfBudget, ToolFailed, run

WEB, AUDIO, POSTER, IMAGE = "web.mp4", "audio.m4a", "poster.jpg", "image.jpg"
CONTENT_TYPES = {
    WEB: "video/mp4",
    AUDIO: "audio/mp4",
    POSTER: "image/jpeg",
    IMAGE: "image/jpeg",
}
LONG_SIDE, SHORT_SIDE = 1280, 720  # pixels of a video, at most
POSTER_SIDE, IMAGE_SIDE = 1280, 2560  # pixels of a picture's longer side, at most
LOOKED_AT = 60  # seconds, and frames, from which a poster is chosen

SOUND = ("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")
BARE = (
    *("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
    *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
)
OUT_TIME = re.compile(rb"out_time_us=(\d+)\n")
PICTURE = Path(__file__).with_name("child") / "picture.py"

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Made:
    """A rendition, in a file that was looked at again."""

    path: Path
    content_type: str
    width: int | None
    height: int | None


def names_of(found: Found) -> list[str]:
    """The renditions to make of what was found, in this order."""
    return {
        Kind.VIDEO: [POSTER, WEB],
        Kind.AUDIO: [AUDIO],
        Kind.IMAGE: [POSTER, IMAGE],
        Kind.DOCUMENT: [],
    }[found.kind]


def make(name: str, folder: Path, found: Found, progress: Progress) -> Made:
    """This rendition of the `input` in the folder.

    Raises Rejected: `budget` when it takes too long, `corrupt` when nothing comes of it; and what
    `progress` raises, which is called at least every half second with the share that is done.
    """
    try:
        if found.kind is Kind.IMAGE:
            _rebuild(name, folder, progress)
        elif name == POSTER:
            _choose_frame(folder, found, progress)
        else:
            _encode(name, folder, found, progress)
    except OutOfBudget:
        raise Rejected(Reason.BUDGET) from None
    except ToolFailed:
        raise Rejected(Reason.CORRUPT) from None
    return _accepted(folder / name, found)


def ffmpeg() -> str:
    """The path of the ffmpeg to use."""
    return settings().ffmpeg or imageio_ffmpeg.get_ffmpeg_exe()


def size_of(width: int, height: int) -> tuple[int, int]:
    """The size in which to show a video: within 1280x720 or 720x1280, never enlarged, even."""
    long, short = max(width, height), min(width, height)
    scale = min(1, LONG_SIDE / long, SHORT_SIDE / short)
    even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
    return even[0], even[1]


def _command(*what: str, seconds: float | None = None) -> list[str]:
    """Read `input` by its content, in one of the formats that refer to no other file.

    All of it, or its first `seconds`.
    """
    return [
        *(ffmpeg(), "-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1"),
        *("-max_pixels", str(settings().media_max_pixels)),
        *("-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-threads", "1"),
        *(["-t", str(seconds)] if seconds else []),
        *("-i", "file:input", *what),
    ]


def _encode(name: str, folder: Path, found: Found, progress: Progress) -> None:
    """`web.mp4`, or `audio.m4a`."""
    streams = ["-map", "0:a:0?"] if found.has_audio else []
    if name == WEB:
        width, height = size_of(found.width or 2, found.height or 2)
        streams = [
            *("-map", "0:V:0", *streams),  # V: a picture that is no cover
            *("-vf", f"scale={width}:{height},setsar=1", "-fps_mode", "vfr"),
            *("-c:v", "libx264", "-profile:v", "high", "-pix_fmt", "yuv420p"),
            *("-crf", "23", "-preset", "veryfast"),
        ]
    command = _command(
        *(*streams, *SOUND, *BARE, "-threads", "1"),
        *("-movflags", "+faststart", "-f", "mp4", f"file:{name}"),
    )
    duration = max(1, found.duration_ms or 1)
    tail = bytearray()

    def heed(piece: bytes) -> None:
        tail.extend(piece)
        times = OUT_TIME.findall(tail)
        del tail[:-100]
        progress(min(1.0, int(times[-1]) / 1000 / duration) if times else 0)

    run(command, folder, heed)


def _choose_frame(folder: Path, found: Found, progress: Progress) -> None:
    """`poster.jpg`: of the first minute, the most typical frame that is not black."""
    width, height = size_of(found.width or 2, found.height or 2)
    seconds = min(LOOKED_AT, max(0.2, (found.duration_ms or 0) / 1000))
    scaled = f"scale={width}:{height},setsar=1"
    sampled = f"fps={min(25.0, LOOKED_AT / seconds):.3f},{scaled}"
    lit = "blackframe=amount=0:threshold=32,metadata=select:key=lavfi.blackframe.pblack:value=90"
    typical = f"thumbnail={LOOKED_AT}"
    for filters in (f"{sampled},{lit}:function=less,{typical}", f"{sampled},{typical}", scaled):
        command = _command(
            *("-map", "0:V:0", "-vf", f"{filters},format=yuvj420p", "-frames:v", "1"),
            *(*BARE, "-c:v", "mjpeg", "-q:v", "3", "-threads", "1"),
            *("-f", "mjpeg", "-y", f"file:{POSTER}"),
            seconds=LOOKED_AT,
        )
        run(command, folder, lambda _: progress(0))
        if (folder / POSTER).is_file() and (folder / POSTER).stat().st_size:
            return


def _rebuild(name: str, folder: Path, progress: Progress) -> None:
    """`image.jpg`, or `poster.jpg` of a picture."""
    side = POSTER_SIDE if name == POSTER else IMAGE_SIDE
    limits = json.dumps({"pixels": settings().media_max_pixels})
    command = [sys.executable, "-I", str(PICTURE), limits, name, str(side)]
    run(command, folder, lambda _: progress(0))


def _accepted(path: Path, source: Found) -> Made:
    """The file, once it is found to be what was wanted. Raises Rejected."""
    if not path.is_file():
        raise Rejected(Reason.CORRUPT)
    try:
        found = probe(path.parent, path.name)
    except Rejected:
        raise Rejected(Reason.CORRUPT) from None
    lasts = found.duration_ms is None or found.duration_ms * 2 >= (source.duration_ms or 0)
    if found.content_type != CONTENT_TYPES[path.name] or not lasts:
        raise Rejected(Reason.CORRUPT)
    return Made(path, found.content_type, found.width, found.height)
