"""Small files for tests, made by the bundled ffmpeg."""

import subprocess
from pathlib import Path

from app.media.ffmpeg import ffmpeg

PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
GPS = "+43.1006+005.8789/"
AUTHOR = "Prénom Nom, La Seyne"


def film(path: Path, *what: str, seconds: float | None = 1) -> Path:
    """Run ffmpeg with these arguments; the file's name says its format."""
    length = ["-t", str(seconds)] if seconds else []
    command = [ffmpeg(), "-v", "error", "-y", *what, *length, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def tags_of(path: Path) -> str:
    """All that ffmpeg knows of a file's metadata, and side data."""
    command = [ffmpeg(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, check=False, capture_output=True).stderr.decode()
