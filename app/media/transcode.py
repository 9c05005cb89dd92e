"""Make renditions: decoded and encoded again, always, and probed before they count.

Nothing of the original file is copied: no metadata, chapter, subtitle or data stream, and no
packet, for a stream copy keeps what edit lists hide.
"""

from dataclasses import dataclass
from pathlib import Path

from app.media.ffmpeg import Progress, ffmpeg
from app.media.models import Kind, Reason
from app.media.passages import Passage, passage_names
from app.media.peaks import make_peaks
from app.media.pictures import choose_frame, rebuild
from app.media.probe import Found, Rejected, probe
from app.media.sandbox import OutOfBudget, ToolFailed
from app.media.sound import make_sound
from app.media.video import make_video, size_of

__all__ = ["Passage", "ffmpeg", "passage_names", "size_of"]

WEB, AUDIO, POSTER, IMAGE = "web.mp4", "audio.m4a", "poster.jpg", "image.jpg"
PEAKS, PREVIEW = "peaks.json", "preview.webp"
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".json": "application/json",
}
SIDES = {POSTER: 1280, IMAGE: 2560, PREVIEW: 320}  # pixels of a picture's longer side, at most
WORK = {".mp4": 12.0, ".m4a": 2.0}  # how much it is to make one, beside a picture
CLIP_TOLERANCE = 150  # milliseconds, more or less, that a passage may last


class Unfinished(Rejected):
    """The file is accepted, but a rendition of it wants more work than a tool may do: for now."""

    def __init__(self) -> None:
        super().__init__(Reason.BUDGET)


@dataclass(frozen=True)
class Made:
    """A rendition, in a file that was looked at again."""

    path: Path
    content_type: str
    width: int | None = None
    height: int | None = None


def names_of(found: Found, passage: Passage | None = None) -> list[str]:
    """The renditions to make of a media, or of a passage of it, in this order.

    The poster is first, for people wait for it, and the film next. What tells that all were made is
    the last: see `FIRST_AND_LAST`.
    """
    if passage:
        return passage_names(found.kind, passage)
    heard = [AUDIO, PEAKS] if found.has_audio else []
    return {
        Kind.VIDEO: [POSTER, WEB, *heard, PREVIEW],
        Kind.AUDIO: heard,
        Kind.IMAGE: [POSTER, IMAGE, PREVIEW],
        Kind.DOCUMENT: [],
    }[found.kind]


# By kind, a rendition that every version of the service made, and the one that is made last now.
FIRST_AND_LAST = {
    Kind.VIDEO: (WEB, PREVIEW),
    Kind.AUDIO: (AUDIO, PEAKS),
    Kind.IMAGE: (IMAGE, PREVIEW),
}


def work_of(name: str) -> float:
    """How much it is to make it, beside the others."""
    return WORK.get(Path(name).suffix, 1.0)


def make(
    name: str, folder: Path, found: Found, progress: Progress, passage: Passage | None = None
) -> Made:
    """This rendition of the `input` in the folder, or of a passage of it.

    Raises Unfinished when it takes too long, Rejected when nothing comes of it (`corrupt`); and
    what `progress` raises, which is called at least every half second with the share that is done.
    """
    path = folder / name
    try:
        _make(path, found, progress, passage)
    except OutOfBudget:
        raise Unfinished from None
    except ToolFailed:
        raise Rejected(Reason.CORRUPT) from None
    return _accepted(path, found, passage)


def _make(path: Path, found: Found, progress: Progress, passage: Passage | None) -> None:
    if path.name == PREVIEW and found.kind is Kind.VIDEO:
        _preview(path, found, progress)
    elif found.kind is Kind.IMAGE:
        rebuild(path, "input", SIDES[path.name], progress)
    elif path.suffix == ".jpg":
        choose_frame(path, found, progress, passage)
    elif path.suffix == ".mp4":
        make_video(path, found, progress, passage)
    elif path.suffix == ".m4a":
        make_sound(path, found, progress, passage)
    else:
        make_peaks(path, found, progress)


def _preview(path: Path, found: Found, progress: Progress) -> None:
    """Of the poster, which is chosen again when it is not beside it."""
    poster = path.with_name(POSTER)
    if not poster.is_file():
        choose_frame(poster, found, progress, None)
    rebuild(path, POSTER, SIDES[PREVIEW], progress)


def _accepted(path: Path, source: Found, passage: Passage | None) -> Made:
    """The file, once it is found to be what was wanted. Raises Rejected."""
    if not path.is_file():
        raise Rejected(Reason.CORRUPT)
    if path.name == PEAKS:
        return Made(path, CONTENT_TYPES[path.suffix])  # numbers, which we wrote ourselves
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
