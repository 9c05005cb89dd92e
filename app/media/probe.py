"""What is in a file, found out by a child process: see `child/probe.py`."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from app.core.settings import settings
from app.media.models import Kind, Reason
from app.media.sandbox import Heed, OutOfBudget, ToolFailed, go_on, run

CHILD = Path(__file__).with_name("child") / "probe.py"
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,wav,mp3,aac,flac"


class Rejected(Exception):
    """The file is not accepted, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Found:
    """What is in a file. Milliseconds; pixels as shown; frames per second, measured."""

    kind: Kind
    content_type: str
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    has_audio: bool = False
    is_hdr: bool = False  # filmed for screens of a high dynamic range


def probe(folder: Path, name: str = "input", heed: Heed = go_on) -> Found:
    """What is in the file of this name in the folder. Raises Rejected, and what `heed` raises."""
    command = [sys.executable, "-I", str(CHILD), json.dumps(limits()), name]
    try:
        told = json.loads(run(command, folder, heed))
        if "reason" in told:
            raise Rejected(Reason(told["reason"]))
        return Found(**told | {"kind": Kind(told["kind"])})
    except OutOfBudget:
        raise Rejected(Reason.BUDGET) from None
    except (ToolFailed, ValueError, TypeError, KeyError):  # it crashed
        raise Rejected(Reason.CORRUPT) from None


def limits() -> dict[str, object]:
    """What the child must know of the settings."""
    most = settings()
    return {
        "shortest_ms": most.media_min_ms,
        "longest_ms": most.media_max_ms,
        "pixels": most.media_max_pixels,
        "picture_pixels": most.image_max_pixels,
        "fps": most.media_max_fps,
        "streams": most.media_max_streams,
        "formats": FORMATS,
        "sizes": {
            Kind.VIDEO: most.video_max,
            Kind.AUDIO: most.audio_max,
            Kind.IMAGE: most.image_max,
            Kind.DOCUMENT: most.image_max,
        },
    }
