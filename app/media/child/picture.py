"""Build a picture again from its pixels: `picture.py '{"pixels": …}' input image.jpg 2560`.

Reads the first file; writes the second, JPEG or WebP by its name, whose longer side has at most
that many pixels, upright, on white, with nothing of the original but its pixels.
"""

import json
import sys
import warnings
from pathlib import Path

from PIL import Image, ImageOps

QUALITY = {".jpg": 85, ".webp": 75}


def rebuild(source: str, most: int, longest: int) -> Image.Image:
    """The pixels of this file, and nothing else; a JPEG's are decoded at about the size wanted."""
    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = most
    with Image.open(source, formats=["jpeg", "png", "webp"]) as image:
        image.draft(None, (longest, longest))
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    clean = Image.new("RGB", upright.size, "white")
    clean.paste(upright, mask=upright.getchannel("A"))
    return clean


def main() -> None:
    """An error is a traceback and a code."""
    limits, source, name, longest = sys.argv[1:]
    picture = rebuild(source, json.loads(limits)["pixels"], int(longest))
    picture.thumbnail((int(longest), int(longest)))
    made = Path(name)
    picture.save(made, quality=QUALITY[made.suffix], optimize=True)


if __name__ == "__main__":
    main()
