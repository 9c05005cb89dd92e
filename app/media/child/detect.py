"""What a file seems to be, by its first bytes."""

FORMATS = {  # what it begins as -> how ffmpeg's demuxers that may read it begin their names
    "mp4": ("mov",),
    "matroska": ("matroska",),
    "ogg": ("ogg",),
    "wav": ("wav",),
    "flac": ("flac",),
    "mp3": ("mp3",),
    "aac": ("aac",),
    "id3": ("mp3", "aac", "flac"),
}
PICTURES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
PDF = "pdf"

BEGINNINGS = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"%PDF-": PDF,
    b"\x1a\x45\xdf\xa3": "matroska",
    b"OggS": "ogg",
    b"fLaC": "flac",
    b"ID3": "id3",
}
BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
STILL = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis", b"hevc")
ENOUGH = 16  # bytes


class Rejected(Exception):
    """The file is not accepted, for this reason."""


def detect(head: bytes) -> str | None:
    """The format that these first bytes announce; None when it is not accepted here."""
    for beginning, name in BEGINNINGS.items():
        if head.startswith(beginning):
            return name
    if head[4:8] in BOXES:
        return None if head[8:12] in STILL else "mp4"
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return {b"WAVE": "wav", b"WEBP": "webp"}.get(head[8:12])
    return _frames(head)


def _frames(head: bytes) -> str | None:
    """MPEG audio that begins with its first frame: eleven bits, two of version, two of layer."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    return "mp3" if head[1] & 0x06 else "aac"


def content_type_of(demuxer: str, head: bytes, brand: str, has_video: bool) -> str:
    """The type of a recording which this demuxer reads."""
    family = "video" if has_video else "audio"
    if demuxer.startswith("mov"):
        if brand.startswith("qt") and has_video:
            return "video/quicktime"
        return f"{family}/{'3gpp' if brand.startswith('3g') else 'mp4'}"
    if demuxer.startswith("matroska"):
        return f"{family}/{'webm' if b'webm' in head else 'x-matroska'}"
    if demuxer == "ogg":
        return f"{family}/ogg"
    return {"mp3": "audio/mpeg"}.get(demuxer, f"audio/{demuxer}")
