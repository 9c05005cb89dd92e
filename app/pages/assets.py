"""Our few files beside the pages. Their names hold a hash of their content: kept for ever."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).with_name("static")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    """A file of ours: its address, its bytes and what they are."""

    name: str
    content: bytes
    content_type: str

    @property
    def address(self) -> str:
        return f"/assets/{self.name}"


def _load(path: Path) -> Asset:
    content = path.read_bytes()
    digest = sha256(content).hexdigest()[:12]
    return Asset(f"{path.stem}.{digest}{path.suffix}", content, TYPES[path.suffix])


BY_FILE = {path.name: _load(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
BY_NAME = {asset.name: asset for asset in BY_FILE.values()}


def address(file: str) -> str:
    """Where this file of ours is served: `pages.css` -> `/assets/pages.<hash>.css`."""
    return BY_FILE[file].address


def embedded(file: str) -> str:
    """This file of ours itself, as an address, for a page that has nothing beside it."""
    asset = BY_FILE[file]
    kind = asset.content_type.replace(" ", "")
    return f"data:{kind};base64,{b64encode(asset.content).decode()}"
