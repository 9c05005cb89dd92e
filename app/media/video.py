"""`web.mp4`, and passages of a video: H.264 and AAC in at most 720p, index first.

Never more than 4 Mbit/s, for poor lines. What was filmed for other screens (HLG, PQ) is brought to
the colours of ordinary ones, and says so.
"""

from pathlib import Path

from app.media.ffmpeg import Progress, encode
from app.media.passages import Passage, pictures_of, read_from, sounds_of
from app.media.probe import Found

LONG_SIDE, SHORT_SIDE = 1280, 720  # pixels of a video, at most
H264 = (
    *("-c:v", "libx264", "-profile:v", "high", "-pix_fmt", "yuv420p", "-preset", "veryfast"),
    *("-crf", "23", "-maxrate", "4M", "-bufsize", "8M"),
)
# Reference white of HDR (203 cd/m², ITU-R BT.2408), then BT.709 by a curve that keeps faces.
ORDINARY = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=mobius:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv,format=yuv420p"
)


def size_of(width: int, height: int) -> tuple[int, int]:
    """The size in which to show a video: within 1280x720 or 720x1280, never enlarged, even."""
    long, short = max(width, height), min(width, height)
    scale = min(1, LONG_SIDE / long, SHORT_SIDE / short)
    even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
    return even[0], even[1]


def shown(found: Found) -> str:
    """The filters that bring its pictures to the size and the colours in which they are shown."""
    width, height = size_of(found.width or 2, found.height or 2)
    sized = f"scale={width}:{height},setsar=1"
    return f"{sized},{ORDINARY}" if found.is_hdr else sized


def make_video(path: Path, found: Found, progress: Progress, passage: Passage | None) -> None:
    """The whole, or a passage, which is read a second time for its sound."""
    inputs = [read_from(passage), ()] if passage else [()]
    filters = [pictures_of(found, passage)] if passage else []
    streams = ["-map", "0:V:0"]  # V: a picture that is no cover
    if found.has_audio:
        streams += ["-map", f"{len(inputs) - 1}:a:0?"]
        streams += ["-af", sounds_of(passage)] if passage else []
    streams += ["-vf", ",".join([*filters, shown(found)]), "-fps_mode", "vfr", *H264]
    lasts = passage.duration_ms if passage else found.duration_ms
    encode(path, streams, lasts or 1, progress, inputs)
