"""Files that lie or smuggle: nothing is reached, nothing of it is in what is made, all in time."""

import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from random import Random
from time import monotonic

import pytest
from PIL import Image

from app.media.models import Media, Reason, Rendition, Status
from app.media.probe import Rejected, probe
from app.media.transcode import make, names_of
from tests.media.conftest import Process, read
from tests.media.film import AUTHOR, GPS, H264, PICTURES, SOUND, film

pytestmark = pytest.mark.once

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]
SLOW = pytest.mark.slow
PATIENCE = 10.0  # seconds for a hostile file
CANARY = "zinzolin-canari"
SCRIPT = b"<html><script>alert('zinzolin-canari')</script></html>"


@pytest.fixture
def canary(samples: Path) -> Path:
    """A film of somebody else, entirely red."""
    red = ("-f", "lavfi", "-i", "color=red:s=64x48:r=25")
    path = samples / "canary.mp4"
    return (
        path if path.exists() else film(path, *red, *SOUND, *H264, "-metadata", f"title={CANARY}")
    )


@pytest.fixture
def doorbell() -> Iterator[socket.socket]:
    """Somebody who listens, and must not be reached."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.fixture
def refused(process: Process, look: Look, tmp_path: Path) -> Callable[[bytes], Reason | None]:
    """Why a file of these bytes is rejected, soon; nothing of it is kept."""

    def refused(content: bytes) -> Reason | None:
        path = tmp_path / "vacances.mp4"
        path.write_bytes(content)
        began = monotonic()
        media, files = look(process(path))
        assert monotonic() - began < PATIENCE
        assert (media.status, files) == (Status.REJECTED, {})
        return media.reason

    return refused


Refused = Callable[[bytes], Reason | None]

HEADS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{link}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{link}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?><MPD><Period><BaseURL>{link}</BaseURL></Period></MPD>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><script href="{link}"/></svg>',
    "playlist": "[playlist]\nFile1={link}\n",
    "smil": "<smil><body><video src='{link}'/></body></smil>",
    "cue": 'FILE "{link}" WAVE\n  TRACK 01 AUDIO\n',
}


@pytest.mark.parametrize("name", ["hls", *(pytest.param(n, marks=SLOW) for n in list(HEADS)[1:])])
@pytest.mark.parametrize("where", ["file", pytest.param("http", marks=SLOW)])
def test_what_refers_to_others_reaches_nobody(
    refused: Refused, canary: Path, doorbell: socket.socket, name: str, where: str
) -> None:
    port = doorbell.getsockname()[1]
    link = canary.resolve() if where == "file" else f"http://127.0.0.1:{port}/x.ts"
    assert refused(HEADS[name].format(link=link, port=port).encode()) is Reason.CONTAINER


@SLOW
@pytest.mark.parametrize("where", ["file", "http"])
def test_a_video_behind_a_playlist_is_none(
    refused: Refused, canary: Path, small_video: Path, doorbell: socket.socket, where: str
) -> None:
    port = doorbell.getsockname()[1]
    link = canary.resolve() if where == "file" else f"http://127.0.0.1:{port}/x.ts"
    head = f"#EXTM3U\n#EXTINF:1,\n{link}\n#EXT-X-ENDLIST\n".encode()
    assert refused(head + small_video.read_bytes()) is Reason.CONTAINER


@SLOW
def test_a_film_whose_bytes_are_in_another_file_shows_nothing_of_it(
    refused: Refused, canary: Path, doorbell: socket.socket
) -> None:
    """QuickTime may say that its samples are elsewhere: `dref` with an address."""
    content = canary.read_bytes()
    link = f"file://{canary.resolve()}".encode() + b"\0"
    entry = struct.pack(">I4sI", 12 + len(link), b"url ", 0) + link
    own = struct.pack(">I4sI", 12, b"url ", 1)
    assert content.count(own) == 2
    moov = content[content.index(b"moov") - 4 :]
    grown = moov.replace(own, entry)
    extra = len(entry) - len(own)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = -1
        while (at := grown.find(name, at + 1)) >= 0:
            times = 2 if name == b"moov" else 1
            size = struct.unpack_from(">I", grown, at - 4)[0]
            grown = grown[: at - 4] + struct.pack(">I", size + times * extra) + grown[at:]
    head = content[: content.index(b"mdat") - 4]
    assert refused(head + struct.pack(">I4s", 8, b"mdat") + grown) is Reason.CORRUPT


def box(content: bytearray, name: bytes) -> int:
    """Where the payload of the first box of this name begins."""
    return content.index(name) + 4


@SLOW
@pytest.mark.parametrize(
    ("table", "offset", "value", "reasons"),
    [
        ("stsz", 8, 0x7FFFFFFF, {Reason.CORRUPT}),  # how many samples
        ("stsz", 12, 0x7FFFFFF0, {Reason.CORRUPT}),  # the size of the first
        ("stco", 4, 0x7FFFFFFF, {Reason.CORRUPT}),  # how many chunks
        ("stco", 8, 0x7FFFFFF0, {Reason.CORRUPT}),  # where the first is
        ("stts", 4, 0x7FFFFFFF, {Reason.CORRUPT, Reason.TOO_LONG, Reason.BUDGET}),
        ("stts", 8, 0x7FFFFFFF, {Reason.CORRUPT, Reason.TOO_LONG}),
        ("stts", 12, 0x7FFFFFFF, {Reason.CORRUPT, Reason.TOO_LONG}),  # how long one lasts
        ("stsc", 4, 0x7FFFFFFF, {Reason.CORRUPT}),
        ("mvhd", 12, 1, {Reason.CORRUPT, Reason.TOO_LONG}),  # units of a second
    ],
)
def test_a_table_that_lies_is_corrupt_or_harmless(
    process: Process,
    look: Look,
    small_video: Path,
    tmp_path: Path,
    table: str,
    offset: int,
    value: int,
    reasons: set[Reason],
) -> None:
    content = bytearray(small_video.read_bytes())
    struct.pack_into(">I", content, box(content, table.encode()) + offset, value)
    path = tmp_path / "lies.mp4"
    path.write_bytes(content)
    began = monotonic()
    media, files = look(process(path))
    assert monotonic() - began < PATIENCE
    if media.status is Status.REJECTED:
        assert media.reason in reasons
    else:  # what it says is not believed: the film is what was decoded
        assert media.duration_ms == pytest.approx(1000, abs=100)
        assert "web.mp4" in files


@SLOW
def test_a_whole_day_is_too_long(refused: Refused, samples: Path) -> None:
    tiny = ("-f", "lavfi", "-i", "color=s=16x16:r=0.1")
    path = film(samples / "day.mp4", *tiny, *H264, seconds=86_400)
    assert refused(path.read_bytes()) is Reason.TOO_LONG


def png(side: int) -> bytes:
    """A black picture of this side, of one bit a pixel."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (side // 8 + 1)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_picture_of_thirty_thousand_squared(refused: Refused) -> None:
    bomb = png(30_000)
    assert len(bomb) < 200_000
    assert refused(bomb) is Reason.TOO_LARGE_PICTURE


# What is accepted, and cleaned


def clean(files: dict[str, Rendition], *smuggled: bytes) -> None:
    """Nothing of this is in any derivative."""
    assert len(files) > 1
    for name, file in files.items():
        if name != "original":
            content = read(file)
            assert not [one for one in smuggled if one in content], name


@SLOW
def test_a_page_behind_a_video_is_gone(
    process: Process, look: Look, phone_video: Path, tmp_path: Path
) -> None:
    path = tmp_path / "page.mp4"
    path.write_bytes(phone_video.read_bytes() + SCRIPT)
    media, files = look(process(path))
    assert media.status is Status.READY
    clean(files, SCRIPT, b"<script", AUTHOR.encode(), GPS.encode())


@SLOW
def test_attachments_are_gone(process: Process, look: Look, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(SCRIPT)
    attached = ("-attach", str(page), "-metadata:s:t", "mimetype=text/html")
    path = film(tmp_path / "attached.mkv", *PICTURES, *SOUND, *attached, *H264)
    assert SCRIPT in path.read_bytes()
    media, files = look(process(path))
    assert media.status is Status.READY
    clean(files, SCRIPT, b"page.html")


@SLOW
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_picture_tells_neither_who_nor_where(
    process: Process, look: Look, tmp_path: Path, format_: str
) -> None:
    exif = Image.Exif()
    exif[0x013B] = AUTHOR
    exif.get_ifd(0x8825)[2] = (43.0, 6.0, 2.16)  # latitude
    exif.get_ifd(0x8825)[1] = "N-canari"
    path = tmp_path / "picture"
    Image.linear_gradient("L").convert("RGB").save(path, format_, exif=exif)
    path.write_bytes(path.read_bytes() + SCRIPT)
    assert b"N-canari" in path.read_bytes()
    media, files = look(process(path))
    assert (media.status, len(files)) == (Status.READY, 4)
    clean(files, AUTHOR.encode(), b"N-canari", b"Exif", SCRIPT)
    for name in files.keys() - {"original"}:
        with Image.open(BytesIO(read(files[name]))) as made:
            assert not made.getexif()


# Damaged files


@SLOW
def test_three_hundred_damaged_files_are_made_ready_or_rejected(
    small_video: Path, phone_video: Path, voice: Path, tmp_path: Path
) -> None:
    """Each in time. Of one in six, of every kind, all is made that the service makes."""
    tiny = film(tmp_path / "tiny.webm", *PICTURES, "-vf", "scale=32:24", seconds=0.4)
    page = tmp_path / "page.png"
    Image.linear_gradient("L").resize((64, 64)).save(page)
    good = [path.read_bytes() for path in (small_video, phone_video, voice, tiny, page)]
    chance, ends = Random(2026), {"ready": 0, "rejected": 0}
    for number in range(300):
        content = bytearray(good[number % len(good)])
        for _ in range(chance.choice([1, 10, 1000])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if number % 10 == 0:
            del content[chance.randrange(len(content)) :]
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "input").write_bytes(content)
        began = monotonic()
        ends[_end(folder, everything=number % 6 == 0)] += 1
        assert monotonic() - began < PATIENCE
    assert min(ends.values()) > 30


def _end(folder: Path, everything: bool) -> str:
    """What becomes of the input: it is looked at, and all is made of it when `everything`."""
    with suppress(Rejected):
        found = probe(folder)
        for name in names_of(found) if everything else []:
            make(name, folder, found, lambda _: None)
        return "ready"
    return "rejected"
