"""`peaks.json`: how a recording looks as a wave, for those who choose passages.

The format of audiowaveform, version 2, which peaks.js and wavesurfer read:

    {"version": 2, "channels": 1, "sample_rate": 48000, "samples_per_pixel": 960, "bits": 8,
     "length": 1500, "data": [-12, 14, …]}

`data` holds the lowest and the highest sample of each pixel, from -128 to 127, `length` times two
numbers. A pixel lasts 20 ms, or as much longer as it takes for at most 20 000 of them.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from math import ceil
from pathlib import Path

from app.media.ffmpeg import Progress, command, follow
from app.media.probe import Found
from app.media.sandbox import ToolFailed
from app.media.sound import STEADY, lasting

SAMPLE_RATE, PIXEL = 48_000, 960  # samples
LONGEST = 20_000  # pixels
LEVELS = "peaks.txt"
LEVEL = re.compile(r"lavfi\.astats\.Overall\.(Min|Max)_level=(-?\d{1,9}(?:\.\d{1,9})?)\n")


def make_peaks(path: Path, found: Found, progress: Progress) -> None:
    """Raises ToolFailed when there is nothing to draw."""
    lasts = found.duration_ms or 1
    pixel = max(PIXEL, ceil(lasts * SAMPLE_RATE / 1000 / LONGEST))
    filters = (
        f"{STEADY},{lasting(found)},aformat=sample_fmts=flt,asetnsamples=n={pixel}:p=0,"
        "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Min_level+Max_level,"
        f"ametadata=mode=print:file={LEVELS}"
    )
    drawing = command("-map", "0:a:0", "-af", filters, "-f", "null", "-")
    follow(drawing, path.parent, lasts, progress)
    data = list(islice(_levels(path.with_name(LEVELS)), 2 * LONGEST))
    if len(data) < 2:  # noqa: PLR2004 - the lowest and the highest of one
        raise ToolFailed("no levels")
    shape = {"version": 2, "channels": 1, "sample_rate": SAMPLE_RATE, "samples_per_pixel": pixel}
    wave = {**shape, "bits": 8, "length": len(data) // 2, "data": data[: len(data) // 2 * 2]}
    path.write_text(json.dumps(wave, separators=(",", ":")), "ascii")


def _levels(path: Path) -> Iterator[int]:
    """The lowest and highest of each pixel, of 8 bits."""
    if not path.is_file():
        return
    with path.open(encoding="ascii", errors="replace") as file:
        while line := file.readline(200):
            if level := LEVEL.fullmatch(line):
                yield max(-128, min(127, round(float(level[2]) * 127)))
