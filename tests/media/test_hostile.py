"""Files and tools that mean harm: rejected with their reason, and nothing else happens."""

import json
import os
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from app.core.settings import settings
from app.media.child.refusals import (
    ALLOW,
    ANOTHER_ABI,
    EQUAL,
    LOAD,
    MACHINE_AT,
    MACHINES,
    NUMBER_AT,
    REFUSE,
    RETURN,
    program,
)
from app.media.ffmpeg import ffmpeg
from app.media.models import Media, Reason, Rendition, Status
from app.media.sandbox import LIMIT, Hindered, OutOfBudget, ToolFailed, bubblewrap, enclosure, run
from app.storage.service import storage
from tests.jobs.desk import Desk, wait_until
from tests.media.conftest import Deposit, Process, read
from tests.media.film import H264, SOUND, film

pytestmark = pytest.mark.once

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]
Write = Callable[[str, bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def rejected(process: Process, look: Look) -> Callable[[Path], Reason | None]:
    """Why a file is rejected; its bytes are deleted, its row is kept."""

    def rejected(path: Path) -> Reason | None:
        media, files = look(process(path))
        assert media.status is Status.REJECTED
        assert files == {}
        assert list(storage().objects()) == []
        return media.reason

    return rejected


@pytest.fixture
def kept(process: Process, look: Look) -> Callable[[Path], Reason | None]:
    """Why a file that was accepted is rejected: it was too much work, and its original is kept."""

    def kept(path: Path) -> Reason | None:
        media, files = look(process(path))
        assert media.status is Status.REJECTED
        assert read(files["original"]) == path.read_bytes()
        assert len(list(storage().objects())) == len(files)
        return media.reason

    return kept


Rejected = Callable[[Path], Reason | None]


LISTS = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{victim}\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile '{victim}'\n",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{victim}"/></svg>',
    "words.mp4": "Bonjour, je ne suis pas une vidéo.",
    "dash.mp4": '<?xml version="1.0"?><MPD><BaseURL>{victim}</BaseURL></MPD>',
    "sdp.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
}


FIRST_THREE = list(LISTS)[:3]
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in list(LISTS)[3:]]


@pytest.mark.parametrize("name", [*FIRST_THREE, *OTHERS])
def test_a_list_of_other_files_is_not_followed(
    rejected: Rejected, write: Write, small_video: Path, name: str
) -> None:
    text = LISTS[name].format(victim=small_video.resolve())
    assert rejected(write(name, text.encode())) is Reason.CONTAINER


@pytest.mark.parametrize(
    "head", [b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"\x1a\x45\xdf\xa3", b"ID3\4\0\0\0\0\0\0"]
)
def test_a_list_with_the_beginning_of_a_video_is_none(
    rejected: Rejected, write: Write, small_video: Path, head: bytes
) -> None:
    text = f"\n#EXTM3U\n#EXTINF:1,\n{small_video.resolve()}\n".encode()
    assert rejected(write("polyglot", head + text)) is Reason.CORRUPT


def test_an_empty_file(rejected: Rejected, write: Write) -> None:
    assert rejected(write("empty.mp4", b"")) is Reason.CONTAINER


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_video(
    rejected: Rejected, write: Write, small_video: Path, share: float
) -> None:
    content = small_video.read_bytes()
    assert rejected(write("cut.mp4", content[: int(len(content) * share)])) is Reason.CORRUPT


@pytest.mark.slow
def test_a_video_without_its_index(rejected: Rejected, write: Write, phone_video: Path) -> None:
    content = phone_video.read_bytes()
    assert rejected(write("cut.mov", content[: len(content) // 2])) is Reason.CORRUPT


@pytest.mark.parametrize("shown", [b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\x89PNG\r\n\x1a\n"])
def test_a_broken_picture(rejected: Rejected, write: Write, shown: bytes) -> None:
    assert rejected(write("picture.jpg", shown + bytes(200))) is Reason.CORRUPT


def test_a_picture_of_too_many_pixels(rejected: Rejected, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("1", (10_000, 5001)).save(bomb)
    assert bomb.stat().st_size < 100_000
    assert rejected(bomb) is Reason.TOO_LARGE_PICTURE


@pytest.mark.parametrize("times", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_a_bomb_that_pillow_knows_is_one_too(
    rejected: Rejected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Pillow warns above the limit, and refuses above twice as much."""
    monkeypatch.setattr(settings(), "image_max_pixels", 4999)
    bomb = tmp_path / "bomb.webp"
    Image.new("RGB", (100 * times, 50)).save(bomb)
    assert rejected(bomb) is Reason.TOO_LARGE_PICTURE


@pytest.mark.slow
def test_a_document_without_an_end(rejected: Rejected, write: Write) -> None:
    assert rejected(write("cut.pdf", b"%PDF-1.7\n")) is Reason.CORRUPT


@pytest.mark.slow
def test_too_many_streams(rejected: Rejected, samples: Path) -> None:
    path = film(samples / "sixty.mkv", *SOUND, *(["-map", "0:a"] * 60), seconds=0.5)
    assert rejected(path) is Reason.TOO_MANY_STREAMS


@pytest.mark.slow
def test_too_long(rejected: Rejected, samples: Path) -> None:
    tiny = ("-f", "lavfi", "-i", "color=s=16x16:r=1")
    assert rejected(film(samples / "hour.mp4", *tiny, *H264, seconds=3600)) is Reason.TOO_LONG


@pytest.mark.slow
def test_too_long_whatever_its_header_says(rejected: Rejected, samples: Path) -> None:
    """A stream has no duration in its header: it is measured."""
    tiny = ("-f", "lavfi", "-i", "color=s=16x16:r=1")
    live = ("-f", "matroska", "-live", "1")
    path = film(samples / "live.mkv", *tiny, *H264, *live, seconds=3600)
    assert rejected(path) is Reason.TOO_LONG


def test_too_short(rejected: Rejected, samples: Path) -> None:
    assert rejected(film(samples / "blink.wav", *SOUND, seconds=0.1)) is Reason.NO_AV


@pytest.mark.slow
def test_nothing_to_see_or_hear(rejected: Rejected, samples: Path, write: Write) -> None:
    words = write("words.srt", b"1\n00:00:00,000 --> 00:00:01,000\nBonjour\n")
    path = film(samples / "words.mkv", "-i", str(words), "-c:s", "srt", seconds=None)
    assert rejected(path) is Reason.NO_AV


def test_too_many_frames_a_second(rejected: Rejected, samples: Path) -> None:
    fast = ("-f", "lavfi", "-i", "color=s=16x16:r=240")
    assert rejected(film(samples / "fast.mp4", *fast, *H264)) is Reason.FRAME_RATE


@pytest.mark.slow
def test_a_video_of_too_many_pixels(rejected: Rejected, samples: Path) -> None:
    huge = ("-f", "lavfi", "-i", "color=s=8192x8192:r=2")
    path = film(samples / "huge.mp4", *huge, *H264, seconds=1)
    assert path.stat().st_size < 1_000_000
    assert rejected(path) is Reason.TOO_LARGE_PICTURE


def test_more_bytes_than_its_kind_may_have(
    rejected: Rejected, voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "audio_max", 1000)
    assert rejected(voice) is Reason.BUDGET


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\Users\\moi\\ma vidéo.mp4", "ma vidéo.mp4"),
        ("a\r\nSet-Cookie: x=1.mp4", "aSet-Cookie: x=1.mp4"),
        ("a\x00b.mp4", "ab.mp4"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("e\u0301te\u0301.mp4", "été.mp4"),
        ("\ud800.mp4", ".mp4"),
        ("a" * 300, "a" * 200),
        ("", "file"),
        (" / ", "file"),
        ("..", ".."),
    ],
)
def test_a_file_name_is_only_a_label(
    deposit: Deposit, look: Look, small_video: Path, filename: str, shown: str
) -> None:
    media, files = look(deposit(small_video, filename=filename))
    assert media.filename == shown
    assert files["original"].key.startswith("media/")


# Tools that fail


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Use a script as ffmpeg."""

    def tool(script: str) -> Path:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(settings(), "ffmpeg", str(path))
        return path

    return tool


Tool = Callable[[str], Path]


def running(mark: str) -> list[str]:
    """The processes whose command line holds this."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "args"], check=True, capture_output=True, text=True
    )
    return [
        line for line in listed.stdout.splitlines() if mark in line and not line.startswith("ps ")
    ]


def test_one_that_hangs_is_killed_with_its_children(
    kept: Rejected, small_video: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = f"98765.{os.getpid()}"
    tool(f"trap '' TERM INT HUP\nsleep {seconds} &\nsleep {seconds} & wait")
    monkeypatch.setattr(settings(), "media_timeout", 1.5)
    assert kept(small_video) is Reason.BUDGET
    assert running(seconds) == []


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param("sleep {} &", marks=pytest.mark.slow),
        pytest.param("(sleep {} & sleep {} &) &", marks=pytest.mark.slow),
        "setsid sleep {} & nohup setsid sleep {} & sleep 0.2",
    ],
)
def test_one_that_leaves_a_child_behind(
    rejected: Rejected, small_video: Path, tool: Tool, leave: str
) -> None:
    """Also one that wants a session of its own, which would be out of reach."""
    seconds = f"87654.{os.getpid()}"
    tool(f"{leave.replace('{}', seconds)}\nexit 0")
    assert rejected(small_video) is Reason.CORRUPT
    assert running(seconds) == []


@pytest.fixture
def doorbell() -> Iterator[socket.socket]:
    """Somebody who listens, and must not be reached."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def rang(doorbell: socket.socket) -> bool:
    with suppress(BlockingIOError):
        doorbell.accept()[0].close()
        return True
    return False


def test_a_tool_reaches_nobody(doorbell: socket.socket, tmp_path: Path) -> None:
    call = f"import socket; socket.create_connection(('127.0.0.1', {doorbell.getsockname()[1]}))"
    subprocess.run([sys.executable, "-c", call], check=True)
    assert rang(doorbell)
    with pytest.raises(ToolFailed):
        run([sys.executable, "-c", call], tmp_path)
    assert not rang(doorbell)


def test_a_filter_refuses_calls_and_other_machines() -> None:
    """As the kernel reads it: what each call of a program is answered."""
    machine, refused = MACHINES["x86_64"]
    steps = list(struct.iter_unpack("HBBI", program(machine, refused)))

    def answer(arch: int, number: int) -> int:
        given, at, held = {MACHINE_AT: arch, NUMBER_AT: number}, 0, 0
        while True:
            code, if_true, if_false, value = steps[at]
            if code == RETURN:
                return int(value)
            if code == LOAD:
                held, at = given[value], at + 1
                continue
            is_true = held == value if code == EQUAL else held >= value
            at += 1 + (if_true if is_true else if_false)

    assert {answer(machine, number) for number in refused} == {REFUSE}
    assert {answer(machine, number) for number in range(500) if number not in refused} == {ALLOW}
    assert answer(machine, ANOTHER_ABI + 1) == REFUSE
    assert answer(MACHINES["aarch64"][0], 0) == REFUSE


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -SEGV $$", Reason.CORRUPT),
        ("exit 0", Reason.CORRUPT),
        ("exit 1", Reason.CORRUPT),
        ("echo no JPEG > poster.jpg", Reason.CORRUPT),
        ("cp input poster.jpg", Reason.CORRUPT),
    ],
)
def test_one_that_fails(
    rejected: Rejected, small_video: Path, tool: Tool, script: str, reason: Reason
) -> None:
    tool(script)
    assert rejected(small_video) is reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -XCPU $$", Reason.BUDGET),
        ("exec dd if=/dev/zero of=poster.jpg bs=65536 count=100 2>&1", Reason.BUDGET),
        ("while :; do cat /bin/sh; cat /bin/sh >&2; done >> poster.jpg", Reason.BUDGET),
        ("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 3", Reason.CORRUPT),
    ],
)
def test_one_that_exaggerates(
    process: Process,
    look: Look,
    small_video: Path,
    tool: Tool,
    script: str,
    reason: Reason,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings(), "video_max", 1_000_000)
    monkeypatch.setattr(settings(), "media_timeout", 3)
    tool(script)
    media, files = look(process(small_video))
    assert media.reason is reason
    assert sorted(files) == (["original"] if reason is Reason.BUDGET else [])


@pytest.mark.slow
def test_one_that_works_for_ever(
    kept: Rejected, small_video: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "media_timeout", 2)
    tool("while :; do :; done")
    assert kept(small_video) is Reason.BUDGET


@pytest.mark.slow
def test_a_tool_does_not_outlive_a_worker_that_is_killed(tmp_path: Path) -> None:
    seconds = f"76543.{os.getpid()}"
    script = (
        "from pathlib import Path; from app.media.sandbox import run; "
        f"run(['/bin/sleep', '{seconds}'], Path('{tmp_path}'))"
    )
    tool = f"/bin/sleep {seconds}"
    with subprocess.Popen([sys.executable, "-c", script]) as worker:
        try:
            wait_until(lambda: running(tool), 60)  # it must start first
        finally:
            worker.kill()
    wait_until(lambda: not running(tool))


def test_a_tool_whose_worker_is_gone_already_does_not_begin(tmp_path: Path) -> None:
    limits = {"cpu": 9, "memory": 2**31, "file": 2**20, "files": 64, "nice": 0, "alone": 1}
    for parent, begins in ((os.getpid(), True), (1, False)):
        made = tmp_path / str(parent)
        told = json.dumps({**limits, "parent": parent})
        command = [sys.executable, "-I", "-S", str(LIMIT), told, "/bin/touch", str(made)]
        subprocess.run(command, check=begins)
        assert made.exists() is begins


def test_it_knows_nothing_and_may_little(tmp_path: Path) -> None:
    (tmp_path / "input").touch()
    script = "env; ulimit -n; ulimit -v; ulimit -c; nice; ls"
    seen = run(["/bin/sh", "-c", script], tmp_path).decode().splitlines()
    known = {line.partition("=")[0] for line in seen if "=" in line}
    assert known <= {"OLDPWD", "PWD", "SHLVL", "_"}
    limits = [line for line in seen if "=" not in line]
    assert limits[:3] == ["64", "2097152", "0"]
    assert int(limits[3]) == max(10, os.nice(0))
    assert limits[4:] == ["input"]


@pytest.fixture(params=["missing", "killed", "full"])
def hindered(request: pytest.FixtureRequest, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tool("kill -KILL $$" if request.param == "killed" else "exit 1")
    if request.param == "missing":
        script.unlink()
    if request.param == "full":
        monkeypatch.setattr("app.media.sandbox.TOO_FULL", 2**62)


def test_a_machine_that_fails_rejects_nobody(
    deposit: Deposit,
    desk: Desk,
    look: Look,
    small_video: Path,
    hindered: None,
) -> None:
    media = deposit(small_video)
    assert desk.run_next("media")
    media, files = look(media)
    assert (media.status, list(files)) == (Status.PROCESSING, ["original"])
    assert str(desk.job("media.process").last_error).startswith(Hindered.__name__)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Use a script as bubblewrap."""

    def stand_in(script: str) -> None:
        path = tmp_path / "bin" / "bwrap"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
        bubblewrap.cache_clear()
        assert enclosure() == "bubblewrap"

    yield stand_in
    bubblewrap.cache_clear()


def test_bubblewrap_that_fails_rejects_nobody(
    tmp_path: Path, stand_in: Callable[[str], None]
) -> None:
    """It worked when the service started, and then the machine was told to allow it no more."""
    stand_in(
        'case "$*" in *--new-session*) echo "bwrap: No permissions to create a new namespace" >&2\n'
        "exit 1;; esac\n"
    )
    with pytest.raises(Hindered, match="No permissions"):
        run(["/bin/true"], tmp_path)


@pytest.mark.slow
def test_bubblewrap_is_used_when_it_works(
    tmp_path: Path, stand_in: Callable[[str], None], process: Process, small_video: Path
) -> None:
    """A stand-in: it notes its arguments, and runs what follows `--`."""
    stand_in(
        f'echo "$*" >> {tmp_path}/asked\n'
        'while [ $# -gt 0 ]; do [ "$1" = -- ] && { shift; exec "$@"; }; shift; done\n'
    )
    assert process(small_video).status is Status.READY
    for script, error in (("exit 152", OutOfBudget), ("exit 139", ToolFailed)):
        with pytest.raises(error):  # as bubblewrap tells of SIGXCPU, and of SIGSEGV
            run(["/bin/sh", "-c", script], tmp_path)
    with pytest.raises(Hindered):
        run(["/nowhere/ffmpeg"], tmp_path)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) >= 5
    for line in asked:
        assert "--unshare-all --die-with-parent" in line
    assert ffmpeg() in asked[2]
