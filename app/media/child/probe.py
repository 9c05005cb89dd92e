"""What is in a file: `probe.py '{limits}' name` prints one JSON object, and ends with 0.

Either `{"reason": code}`, or what was found: `kind content_type duration_ms width height fps
has_audio is_hdr`. Width and height are those of the picture as it is shown: rotated, with square
pixels.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))  # an isolated interpreter knows no folder

from PIL import Image, ImageOps

from app.media.child.detect import ENOUGH, PDF, PICTURES, Rejected, detect

Found = dict[str, Any]


def probe(name: str, limits: Found) -> Found:
    """What is in the file. Raises Rejected."""
    path = Path(name)
    with path.open("rb") as file:
        head = file.read(256)
    format_ = detect(head[:ENOUGH])
    if format_ is None:
        raise Rejected("container")
    if format_ == PDF:
        found = _document(path)
    elif format_ in PICTURES:
        found = _picture(path, format_, limits)
    else:
        from app.media.child.recording import Recording  # noqa: PLC0415 - a picture does without PyAV

        found = Recording(name, head, format_, limits).read()
    if path.stat().st_size > limits["sizes"][found["kind"]]:
        raise Rejected("budget")
    return found


def _document(path: Path) -> Found:
    """A PDF, as far as it has an end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2048))
        if b"%%EOF" not in file.read():
            raise Rejected("corrupt")
    return {"kind": "document", "content_type": "application/pdf"}


def _picture(path: Path, format_: str, limits: Found) -> Found:
    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = limits["picture_pixels"]
    try:
        with Image.open(path, formats=[format_]) as image:
            if image.width * image.height > limits["picture_pixels"]:
                raise Rejected("too-large-picture")
            width, height = ImageOps.exif_transpose(image).size  # decodes it
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Rejected("too-large-picture") from None
    except (OSError, SyntaxError, ValueError, EOFError, Warning):
        raise Rejected("corrupt") from None
    return {
        "kind": "image",
        "content_type": PICTURES[format_],
        "width": width,
        "height": height,
    }


def main() -> None:
    """Never raises for what is in the file."""
    try:
        found = probe(sys.argv[2], json.loads(sys.argv[1]))
    except Rejected as rejected:
        found = {"reason": str(rejected)}
    except MemoryError:
        found = {"reason": "budget"}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
