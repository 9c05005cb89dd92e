"""`audio.m4a`, and passages of a sound.

`audio.m4a` lasts as long as its recording, in step with its pictures, and is as loud as any other:
-23 LUFS (EBU R128), measured in a first pass and set in a second one. What a single microphone left
on one side is heard on both. Silence stays silence: nothing is raised that R128 does not hear.
"""

import json
import re
from dataclasses import dataclass
from math import inf, isfinite, log10
from pathlib import Path

from app.media.ffmpeg import Progress, command, encode, follow, seconds
from app.media.passages import Passage, sounds_of
from app.media.probe import Found
from app.media.sandbox import ToolFailed

TARGET, PEAK = -23.0, -1.0  # LUFS, dBTP
RANGE = 50  # LU: so wide that loud and quiet moments are brought up alike
SILENT = -69.0  # LUFS; the measure ends at -70
DEAF = -70.0  # dBFS that a side without microphone does not reach
ON_BOTH_SIDES = 10 * log10(2)  # LU that a sound gains when both sides have it
LOUDNESS, LEVELS = "loudness.json", "levels.txt"
MOST = 1024**2  # bytes that are read of what ffmpeg measured
EVERY = 480_000  # samples between two lines of levels
LEVEL = re.compile(r"^lavfi\.astats\.([12])\.Peak_level=(-?[\d.]+|-inf)$", re.MULTILINE)
# From the moment at which the recording begins, without a gap.
STEADY = "aresample=48000:async=1:first_pts=0"
# In floats: sides are mixed by other rules in whole numbers, and both passes must agree.
STEREO = f"{STEADY},aformat=sample_fmts=dbl:channel_layouts=stereo"
SIDES = {"left": "pan=stereo|c0=c0|c1=c0", "right": "pan=stereo|c0=c1|c1=c1"}


@dataclass(frozen=True)
class Loudness:
    """What was measured: LUFS, LU, dBTP; and the only side on which there is something to hear."""

    integrated: float
    range: float
    peak: float
    threshold: float
    side: str | None

    @property
    def filters(self) -> list[str]:
        """What brings it to the target."""
        chosen = [SIDES[self.side]] if self.side else []
        more = ON_BOTH_SIDES if self.side else 0
        if not self.integrated + more > SILENT:
            return chosen
        measured = (
            f"measured_I={min(0.0, self.integrated + more):.2f}:measured_LRA={self.range:.2f}"
            f":measured_TP={self.peak:.2f}:measured_thresh={min(0.0, self.threshold + more):.2f}"
        )
        wanted = f"I={TARGET}:TP={PEAK}:LRA={RANGE}"
        return [*chosen, f"loudnorm={wanted}:{measured}:linear=true", "aresample=48000"]


def make_sound(path: Path, found: Found, progress: Progress, passage: Passage | None) -> None:
    """The whole, or a passage."""
    if passage:
        streams = ["-map", "0:a:0", "-af", sounds_of(passage)]
        encode(path, streams, passage.duration_ms, progress)
        return
    lasts = found.duration_ms or 1
    loudness = measure(path.parent, lasts, lambda share: progress(share / 2))
    filters = ",".join([STEREO, *loudness.filters, lasting(found)])
    streams = ["-map", "0:a:0", "-af", filters]
    encode(path, streams, lasts, lambda share: progress(0.5 + share / 2))


def lasting(found: Found) -> str:
    """The filter that makes a sound last as long as its recording."""
    return f"apad=whole_dur={seconds(found.duration_ms or 1)}"


def measure(folder: Path, duration_ms: int, progress: Progress) -> Loudness:
    """How loud the sound of `input` is. Raises ToolFailed when nothing was measured."""
    filters = (
        f"{STEREO},asetnsamples=n={EVERY}:p=0,"
        "astats=metadata=1:reset=0:measure_perchannel=Peak_level:measure_overall=none,"
        f"ametadata=mode=print:file={LEVELS},"
        f"loudnorm=I={TARGET}:TP={PEAK}:LRA={RANGE}:print_format=json:stats_file={LOUDNESS}"
    )
    measuring = command("-map", "0:a:0", "-af", filters, "-f", "null", "-")
    follow(measuring, folder, duration_ms, progress)
    told = _read(folder / LOUDNESS)
    try:
        found = json.loads(told)
        numbers = [float(found[f"input_{name}"]) for name in ("i", "lra", "tp", "thresh")]
    except (ValueError, TypeError, KeyError):
        raise ToolFailed("nothing was measured") from None
    integrated, range_, peak, threshold = map(_finite, numbers)
    return Loudness(integrated, range_, peak, threshold, _only_side(_read(folder / LEVELS)))


def _finite(number: float) -> float:
    return number if isfinite(number) else -99.0


def _only_side(told: str) -> str | None:
    """The side that has all the sound, as its levels say, from the beginning on."""
    peaks = {"1": -inf, "2": -inf}
    for channel, level in LEVEL.findall(told):
        peaks[channel] = max(peaks[channel], float(level))
    left, right = (peaks[channel] > DEAF for channel in ("1", "2"))
    if left == right:
        return None
    return "left" if left else "right"


def _read(path: Path) -> str:
    """What ffmpeg measured, if anything."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MOST)
