"""A film is put together: each cut is encoded alone, then all are joined as they are.

Cuts are encoded alike (1280x720, 30 frames a second, BT.709), so that joining copies their
pictures; their sound stays in samples until the end, where each frame has exactly 1600 of them, and
is encoded once. Each run of ffmpeg is enclosed as for any file that nobody trusts, reads in its own
formats files with names of ours, and ends by a limit that grows with the length of its cut.
"""

import os
import shutil
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from app.core.settings import settings
from app.documents.captions import chapters
from app.documents.cards import drawn, ground_of, names
from app.documents.cutlist import FPS, Card, Cut, CutList, milliseconds
from app.documents.edition import Edition
from app.media.ffmpeg import BARE, SOUND, ffmpeg, follow
from app.media.models import Kind
from app.media.probe import FORMATS, Found, Rejected, probe
from app.media.sandbox import OutOfBudget, ToolFailed
from app.media.sound import STEREO, measure
from app.media.video import H264

WIDTH, HEIGHT = 1280, 720
RATE, FRAME = 48_000, 48_000 // FPS * 4  # samples a second; bytes of sound beside a frame
LONGEST = 60 * 60 * FPS  # frames: more would not surely be less than 2 GiB at 4 Mbit/s
AROUND = "0x171614"  # beside what was filmed upright
FADE = 0.3  # seconds in which a card appears, or goes
LEFT, BOTTOM = 64, 580  # where a name stands: above the captions
TOUCH = 0.02  # seconds in which a sound begins and ends, so that nothing clicks
PATIENCE, SLOWEST = 60.0, 20.0  # seconds for each run, and for each second of its cut
JOINING = 0.1  # of the work

PICTURES = (*H264, "-r", str(FPS), "-video_track_timescale", str(FPS))
TO_BT709 = "out_color_matrix=bt709:out_range=tv"
IN_BT709 = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
SAFELY = ("-protocol_whitelist", "file", "-threads", "1")
SAMPLES = ("-c:a", "pcm_s16le", "-ac", "2", "-ar", str(RATE), "-f", "s16le")


class NotFilmed(Exception):
    """No film is made of this edition, for this reason."""


class NothingToFilm(NotFilmed):
    """No item of it is shown."""

    def __init__(self) -> None:
        super().__init__("Nothing of this release is shown: there is nothing to film.")


class FilmTooLong(NotFilmed):
    """It would last longer than a film may."""

    def __init__(self, frames: int) -> None:
        lasts, most = (round(length / FPS / 60) for length in (frames, LONGEST))
        super().__init__(f"The film would last {lasts} minutes, and {most} at most.")


class ItemNotFilmed(NotFilmed):
    """This item's recording is missing, unreadable, or too much work."""

    def __init__(self, item_id: str, why: str) -> None:
        super().__init__(f"Item {item_id}: {why}.")
        self.item_id = item_id


@dataclass
class Room:
    """The folder in which a film is made, how far it is, and whether to go on."""

    edition: Edition
    frames: int
    done: float = field(default=0.0)
    parts: list[str] = field(default_factory=list)
    pictures: dict[Card, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.edition.folder

    def run(self, command: Sequence[str], frames: int, share: float, folder: Path) -> None:
        """Run ffmpeg for so many frames, of which this share of the work is done then.

        Raises OutOfBudget, ToolFailed, and what `check` raises.
        """
        most = min(settings().media_timeout, PATIENCE + SLOWEST * frames / FPS)
        deadline, before = monotonic() + most, self.done

        def heed(part: float) -> None:
            self.edition.check()
            if monotonic() > deadline:
                raise OutOfBudget("clock")
            self.done = max(self.done, before + part * share)
            self.edition.progress(min(1.0, self.done))

        heed(0)
        follow(command, folder, milliseconds(frames), heed)
        self.done = before + share

    def picture_of(self, card: Card) -> str:
        """The name of its file."""
        return self.pictures[card]

    def share_of(self, frames: int) -> float:
        """Of the work, what these frames are."""
        return (1 - JOINING) * frames / self.frames


def assemble(cuts: CutList, edition: Edition, name: str) -> Path:
    """The film, in the edition's folder. Raises NotFilmed, and what `check` raises."""
    if not cuts.cuts:
        raise NothingToFilm
    if cuts.frames > LONGEST:
        raise FilmTooLong(cuts.frames)
    room = Room(edition, cuts.frames)
    _draw(cuts, room)
    with wave.open(str(room.folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        for cut in cuts.cuts:
            _add(cut, room, sound)
    return _join(cuts, room, name)


def _draw(cuts: CutList, room: Room) -> None:
    cards = [card for cut in cuts.cuts for card, _ in cut.cards]
    over = [cut.name for cut in cuts.cuts if cut.name]
    pictures = [*drawn(cards, room.edition), *names(over, room.edition)]
    for card, picture in zip([*cards, *over], pictures, strict=True):
        name = room.pictures.setdefault(card, f"card-{len(room.pictures):04}.png")
        (room.folder / name).write_bytes(picture)


def _add(cut: Cut, room: Room, sound: wave.Wave_write) -> None:
    """The pictures of a cut as a part, and its sound, of as many samples."""
    if not cut.item_id:
        for card, frames in cut.cards:
            _still(card, frames, room)
        _silence(cut.frames, sound)
        return
    try:
        _record(cut, cut.item_id, room, sound)
    except OutOfBudget:
        raise ItemNotFilmed(cut.item_id, "too much work") from None
    except (ToolFailed, Rejected):
        raise ItemNotFilmed(cut.item_id, "its recording cannot be read") from None


def _record(cut: Cut, item_id: str, room: Room, sound: wave.Wave_write) -> None:
    folder = room.folder / "recording"
    found = _looked_at(cut, item_id, room, folder)
    share = room.share_of(cut.frames)
    heard = share * (0.1 if cut.is_video else 0.5)
    if found.has_audio:
        samples = _heard(cut, found, room, folder, heard)
        _copy(samples, cut.frames, sound)
    else:
        _silence(cut.frames, sound)
    if cut.is_video:
        _filmed(cut, room, folder, share - heard)
    else:
        for card, frames in cut.cards:
            _still(card, frames, room, (share - heard) / cut.frames * frames, fading=False)
    shutil.rmtree(folder)


def _looked_at(cut: Cut, item_id: str, room: Room, folder: Path) -> Found:
    """What is in the recording, which is the `input` of the folder from now on."""
    recording = room.edition.recordings.get(item_id)
    if not recording:
        raise ItemNotFilmed(item_id, "its recording is missing")
    folder.mkdir()
    try:
        os.link(recording, folder / "input")
    except OSError:  # on another disk
        shutil.copyfile(recording, folder / "input")
    found = probe(folder, heed=lambda _: room.edition.check())
    if cut.is_video and found.kind is not Kind.VIDEO:
        raise ItemNotFilmed(item_id, "its recording is no video")
    if not cut.is_video and not found.has_audio:
        raise ItemNotFilmed(item_id, "nothing is heard in its recording")
    return found


def _heard(cut: Cut, found: Found, room: Room, folder: Path, share: float) -> Path:
    """The sound of a recording, as loud as any other, in samples."""
    lasts = milliseconds(cut.frames)

    def heed(_: float) -> None:
        room.edition.check()

    loudness = measure(folder, found.duration_ms or lasts, heed)
    length = cut.frames / FPS
    ends = max(0.0, min(length, (found.duration_ms or lasts) / 1000) - TOUCH)
    filters = [
        *(STEREO, *loudness.filters),
        *(f"afade=t=in:d={TOUCH}", f"afade=t=out:st={ends:.3f}:d={TOUCH}"),
        *(f"apad=whole_dur={length:.6f}", f"atrim=end={length:.6f}"),
    ]
    streams = ("-map", "0:a:0", "-af", ",".join(filters), *BARE, *SAMPLES)
    command = _command([_untrusted()], *streams, "-y", "file:sound.pcm")
    room.run(command, cut.frames, share, folder)
    return folder / "sound.pcm"


def _filmed(cut: Cut, room: Room, folder: Path, share: float) -> None:
    """The pictures of a recording: whole, never stretched, its name over them at first."""
    inside = f"{WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease:force_divisible_by=2"
    shown = (
        f"[0:V:0]fps={FPS}:start_time=0,scale={inside}:{TO_BT709},setsar=1,format=yuv420p,"
        f"pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2:color={AROUND},"
        f"tpad=stop_mode=clone:stop={cut.frames},trim=end_frame={cut.frames}"
    )
    inputs = [_untrusted()]
    if cut.name:
        inputs.append(_trusted("png_pipe", "name.png", "-framerate", str(FPS)))
        shutil.copyfile(room.folder / room.picture_of(cut.name), folder / "name.png")
        stands = cut.named
        out = f"fade=t=out:st={stands / FPS - FADE:.3f}:d={FADE}:alpha=1"
        shown += (
            f"[film];[1:v]format=yuva420p,tpad=stop_mode=clone:stop={stands - 1},"
            f"fade=t=in:d={FADE}:alpha=1,{out}[name];"
            f"[film][name]overlay=x={LEFT}:y={BOTTOM}-h:eof_action=pass:format=yuv420"
        )
    shown += f",{IN_BT709}[out]"
    part = _part(room)
    what = ("-filter_complex", shown, "-map", "[out]", "-an", *PICTURES, *BARE)
    room.run(_encoding(inputs, what, part), cut.frames, share, folder)
    (folder / part).rename(room.folder / part)


def _still(
    card: Card, frames: int, room: Room, share: float | None = None, *, fading: bool = True
) -> None:
    """A card, for so many frames."""
    shown = (
        f"scale={WIDTH}:{HEIGHT}:{TO_BT709},format=yuv420p,setsar=1,"
        f"tpad=stop_mode=clone:stop={frames - 1}"
    )
    if fading:
        ground, out = ground_of(card).replace("#", "0x"), frames / FPS - FADE
        shown += (
            f",fade=t=in:d={FADE}:color={ground},fade=t=out:st={out:.3f}:d={FADE}:color={ground}"
        )
    inputs = [_trusted("png_pipe", room.picture_of(card), "-framerate", str(FPS))]
    streams = ("-map", "0:v:0", "-vf", f"{shown},{IN_BT709}", "-frames:v", str(frames))
    command = _encoding(inputs, (*streams, *PICTURES, *BARE), _part(room))
    room.run(command, frames, room.share_of(frames) if share is None else share, room.folder)


def _part(room: Room) -> str:
    name = f"part-{len(room.parts):04}.mp4"
    room.parts.append(name)
    return name


def _join(cuts: CutList, room: Room, name: str) -> Path:
    """All parts one after the other, their sound, and their chapters."""
    listed = ["ffconcat version 1.0", *(f"file {part}" for part in room.parts)]
    (room.folder / "parts.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    (room.folder / "chapters.txt").write_text(chapters(cuts), encoding="utf-8")
    inputs = [
        _trusted("concat,mov,mp4,m4a,3gp,3g2,mj2", "parts.txt", "-f", "concat"),
        _trusted("wav", "sound.wav"),
        _trusted("ffmetadata", "chapters.txt", "-f", "ffmetadata"),
    ]
    streams = ("-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", *SOUND)
    bare = ["2" if part == "-1" else part for part in BARE]  # nothing but our chapters
    what = (*streams, *bare, "-video_track_timescale", str(FPS))
    room.run(_encoding(inputs, what, name), cuts.frames, JOINING, room.folder)
    for part in [*room.parts, "sound.wav"]:
        (room.folder / part).unlink()
    room.edition.progress(1.0)
    return room.folder / name


def _encoding(inputs: Sequence[Sequence[str]], what: Sequence[str], name: str) -> list[str]:
    end = ("-threads", "1", "-movflags", "+faststart", "-f", "mp4", "-y", f"file:{name}")
    return _command(inputs, *what, *end)


def _command(inputs: Sequence[Sequence[str]], *what: str) -> list[str]:
    return [
        *(ffmpeg(), "-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1"),
        *(part for given in inputs for part in given),
        *what,
    ]


def _untrusted() -> list[str]:
    """How the `input` is read."""
    pixels = ("-max_pixels", str(settings().media_max_pixels))
    return [*pixels, *SAFELY, "-format_whitelist", FORMATS, "-i", "file:input"]


def _trusted(formats: str, name: str, *options: str) -> list[str]:
    """How a file that we made is read."""
    return [*SAFELY, "-format_whitelist", formats, *options, "-i", f"file:{name}"]


def _silence(frames: int, sound: wave.Wave_write) -> None:
    for _ in range(frames):
        sound.writeframesraw(bytes(FRAME))


def _copy(samples: Path, frames: int, sound: wave.Wave_write) -> None:
    """As many samples as the frames have; silence, when there are fewer."""
    left = frames * FRAME
    with samples.open("rb") as file:
        while left and (piece := file.read(min(left, FRAME * FPS))):
            sound.writeframesraw(piece)
            left -= len(piece)
    sound.writeframesraw(bytes(left))
