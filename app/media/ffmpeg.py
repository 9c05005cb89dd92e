"""How ffmpeg is called on a file that nobody trusts, and how far it is."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from app.core.settings import settings
from app.media.probe import FORMATS
from app.media.sandbox import run

SOUND = ("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")
BARE = (
    *("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
    *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
)
OUT_TIME = re.compile(rb"out_time_us=(\d+)\n")

Progress = Callable[[float], None]


def ffmpeg() -> str:
    """The path of the ffmpeg to use."""
    return settings().ffmpeg or imageio_ffmpeg.get_ffmpeg_exe()


def command(*what: str, inputs: Sequence[Sequence[str]] = ((),)) -> list[str]:
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


def encode(
    path: Path,
    streams: Sequence[str],
    duration_ms: int,
    progress: Progress,
    inputs: Sequence[Sequence[str]] = ((),),
) -> None:
    """An MP4 file of these streams, its index first; of `duration_ms`, for the progress."""
    what = (
        *(*streams, *SOUND, *BARE, "-threads", "1"),
        *("-movflags", "+faststart", "-f", "mp4", "-y", f"file:{path.name}"),
    )
    follow(command(*what, inputs=inputs), path.parent, duration_ms, progress)


def follow(command: Sequence[str], folder: Path, duration_ms: int, progress: Progress) -> None:
    """Run it, and say how much of so many milliseconds is done."""
    tail = bytearray()

    def heed(piece: bytes) -> None:
        tail.extend(piece)
        times = OUT_TIME.findall(tail)
        del tail[:-100]
        progress(min(1.0, int(times[-1]) / 1000 / max(1, duration_ms)) if times else 0)

    run(command, folder, heed)


def seconds(ms: int) -> str:
    """As ffmpeg writes a duration."""
    return f"{ms / 1000:.3f}"
