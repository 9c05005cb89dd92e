"""A film whose frames say their number, and sound that says its second: to see what a clip holds.

Eight columns of a frame are the bits of its number, black or white; the sound is a tone of
200 Hz in the first second, 300 in the next, and so on.
"""

from itertools import pairwise
from math import sqrt
from pathlib import Path

import av

COLUMNS = "color=black:s=64x48:r={rate},format=gray,geq=lum='255*mod(floor(N/pow(2,floor(X/8))),2)'"
TONES = "aevalsrc='0.5*sin(2*PI*(200+100*floor(t))*(t-floor(t)))'"


def numbered(rate: float = 25) -> tuple[str, ...]:
    """What ffmpeg must read for up to 256 such frames."""
    return "-f", "lavfi", "-i", COLUMNS.format(rate=rate)


TONED = ("-f", "lavfi", "-i", TONES)


def numbers(path: Path) -> list[int]:
    """The number of each frame, as it is shown."""
    with av.open(str(path)) as container:
        return [_number(frame) for frame in container.decode(video=0)]


def _number(frame: av.VideoFrame) -> int:
    gray = frame.reformat(format="gray")
    row = bytes(gray.planes[0])[gray.planes[0].line_size * (gray.height // 2) :]
    lit = (row[int((bit + 0.5) * gray.width / 8)] > 127 for bit in range(8))
    return sum(is_lit << bit for bit, is_lit in enumerate(lit))


def seconds(path: Path, step: float = 0.05) -> list[int]:
    """Which second of the sound is heard, in each `step` of a file: -1 when it is silent."""
    samples: list[float] = []
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", 48_000)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                samples += memoryview(bytes(piece.planes[0])).cast("f")[: piece.samples]
    size = int(48_000 * step)
    return [_second(samples[at : at + size]) for at in range(0, len(samples) - size + 1, size)]


def _second(samples: list[float]) -> int:
    if sqrt(sum(sample**2 for sample in samples) / len(samples)) < 0.05:
        return -1
    crossings = sum((one < 0) != (other < 0) for one, other in pairwise(samples))
    return round((crossings / 2 / (len(samples) / 48_000) - 200) / 100)
