"""Small videos that show nobody: moving patterns and a tone, made by ffmpeg."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.media.ffmpeg import ffmpeg
from app.media.sandbox import run
from app.storage.keys import new_key
from app.storage.service import Stored, storage

SIZE = "320x240"
NAME = "film.mp4"


def film(seconds: int, pattern: str, tone_hz: int) -> Stored:
    """A video of this many seconds, in the storage."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        run(_command(pattern, seconds, tone_hz), folder)
        return storage().store_file(new_key("media"), folder / NAME)


def _command(pattern: str, seconds: Any, tone_hz: int) -> list[str]:
    return [
        *(ffmpeg(), "-nostdin", "-v", "error", "-threads", "1", "-filter_threads", "1"),
        *("-f", "lavfi", "-i", f"{pattern}=size={SIZE}:rate=25"),
        *("-f", "lavfi", "-i", f"sine=frequency={tone_hz}"),
        *("-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", f"file:{NAME}"),
    ]
