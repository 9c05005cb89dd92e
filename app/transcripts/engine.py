"""Run a speech engine on the sound of a recording, in the sandbox of media tools.

The engine is any program that reads a WAV (16 kHz, one channel, 16 bits) and prints SRT. It gets a
folder of its own with that file, no environment, and the limits of `media.sandbox`; what it prints
goes to a file there, which may not grow beyond what can be said.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app.core.settings import settings
from app.media import sandbox
from app.media.probe import FORMATS
from app.media.sandbox import Hindered, OutOfBudget, ToolFailed
from app.media.transcode import ffmpeg
from app.transcripts.formats import LARGEST
from app.transcripts.models import Failure

WAV, SRT, MODEL = "sound.wav", "said.srt", "model"
WHISPER = Path(__file__).with_name("whisper.py")
# `exec`: the program is the process that is watched, and killed.
INTO_FILE = f'ulimit -f 16384; exec "$@" > {SRT}'  # 8 MiB
ENDS = re.compile(rb"--> (\d{1,2}):(\d{2}):(\d{2})")
TAIL = 500  # bytes in which the last time is looked for

Progress = Callable[[float], None]  # may raise, which stops the work


class Unheard(Exception):
    """Nothing comes of it, for this reason."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


def hear(folder: Path, language: str, duration_ms: int, progress: Progress) -> bytes:
    """The SRT that the engine prints for the `input` in the folder. Raises Unheard.

    `progress` is called at least every half second, with the share of the recording that is heard.
    """
    room = folder / "engine"
    room.mkdir(mode=0o700)
    _extract_sound(folder, room, progress)
    said = room / SRT

    def heed(_: bytes) -> None:
        progress(_share(said, duration_ms))
        if _size(said) > LARGEST:
            raise Unheard(Failure.TOO_MUCH)

    command = ["/bin/sh", "-c", INTO_FILE, "sh", *command_of(language, _model(room))]
    try:
        sandbox.run(command, room, heed)
    except OutOfBudget:
        much = _size(said) > LARGEST
        raise Unheard(Failure.TOO_MUCH if much else Failure.TOO_SLOW) from None
    except ToolFailed:
        raise Unheard(Failure.FAILED) from None
    except Hindered:
        raise Unheard(Failure.MACHINE) from None
    if _size(said) > LARGEST:
        raise Unheard(Failure.TOO_MUCH)
    return said.read_bytes() if _size(said) else b""


def command_of(language: str, model: Path | None) -> list[str]:
    """The engine's command: `{wav}`, `{language}` and `{model}` stand for what they say."""
    told = {"wav": WAV, "language": language, "model": str(model or "")}
    parts = shlex.split(settings().asr_command) or _whisper()
    return [re.sub(r"\{(wav|language|model)\}", lambda m: told[m[1]], part) for part in parts]


def name() -> str:
    """How the engine is called beside what it heard: its program, and its model."""
    program = Path((shlex.split(settings().asr_command) or ["whisper"])[0]).name
    model = settings().asr_model_dir
    return f"{program} ({model.resolve().name})"[:80] if model else program[:80]


def _whisper() -> Sequence[str]:
    options = ("--model", "{model}", "--language", "{language}", "{wav}")
    return [sys.executable, "-I", str(WHISPER), *options]


def _extract_sound(folder: Path, room: Path, progress: Progress) -> None:
    command = [
        *(ffmpeg(), "-nostdin", "-hide_banner", "-v", "error"),
        *("-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-threads", "1"),
        *("-i", "file:input", "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"),
        *("-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", "-f", "wav", f"file:{WAV}"),
    ]
    try:
        sandbox.run(command, folder, lambda _: progress(0))
    except OutOfBudget:
        raise Unheard(Failure.TOO_SLOW) from None
    except ToolFailed:
        raise Unheard(Failure.NO_SOUND) from None
    except Hindered:
        raise Unheard(Failure.MACHINE) from None
    (folder / WAV).rename(room / WAV)


def _model(room: Path) -> Path | None:
    """Where the engine finds the model: in bubblewrap it sees nothing but its own folder."""
    model = settings().asr_model_dir
    if not model or not sandbox.bubblewrap():
        return model and model.resolve()
    try:
        shutil.copytree(model, room / MODEL, copy_function=_link_or_copy)
    except OSError:
        raise Unheard(Failure.MACHINE) from None
    return room / MODEL


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # another disk
        shutil.copyfile(source, target)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _share(said: Path, duration_ms: int) -> float:
    """How much of the recording is heard, by the last time that was printed."""
    if not said.exists():
        return 0
    with said.open("rb") as file:
        file.seek(max(0, _size(said) - TAIL))
        times = ENDS.findall(file.read(TAIL))
    if not times:
        return 0
    hours, minutes, seconds = map(int, times[-1])
    return min(1.0, ((hours * 60 + minutes) * 60 + seconds) * 1000 / duration_ms)
