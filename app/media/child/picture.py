"""Build a picture again from its pixels: `picture.py '{"pixels": …}' image.jpg 2560 poster.jpg 1280`.

Reads `input`; writes JPEG files whose longer side has at most that many pixels, upright, on white,
with nothing of the original but its pixels.
"""

import json
import sys
import warnings
from pathlib import Path

from PIL import Image, ImageOps

QUALITY = 85


def rebuild(most: int) -> Image.Image:
    """The pixels of `input`, and nothing else."""
    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = most
    with Image.open("input", formats=["jpeg", "png", "webp"]) as image:
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    clean = Image.new("RGB", upright.size, "white")
    clean.paste(upright, mask=upright.getchannel("A"))
    return clean


def main() -> None:
    """An error is a traceback and a code."""
    picture = rebuild(json.loads(sys.argv[1])["pixels"])
    for name, longest in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
        smaller = picture.copy()
        smaller.thumbnail((int(longest), int(longest)))
        smaller.save(Path(name), "JPEG", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
