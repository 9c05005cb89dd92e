"""What phones and recorders really make: it becomes ready, upright, of its size and length."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from app.media.ffmpeg import ffmpeg
from app.media.models import Kind, Media, Rendition, Status
from tests.media.conftest import Process, read
from tests.media.film import H264, SOUND, film

pytestmark = [pytest.mark.slow, pytest.mark.once]

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]
HLG = "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
FILM = {"poster.jpg", "web.mp4", "audio.m4a", "peaks.json", "preview.webp", "original"}


def pictures(size: str = "160x90", rate: float | str = 25) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}"


def recorder(path: Path, seconds: float = 3) -> Path:
    """As MediaRecorder writes: clusters as they come, no duration, no index."""
    vp8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
    live = ("-f", "webm", "-live", "1", "-cluster_time_limit", "500", str(path))
    command = ffmpeg()
    made = [command, "-v", "error", "-y", *pictures(), *SOUND, "-t", str(seconds), *vp8, *live]
    subprocess.run(made, check=True, timeout=60)
    return path


def battery(path: Path) -> Path:
    """The same, cut in the middle of a cluster."""
    content = recorder(path).read_bytes()
    path.write_bytes(content[: int(len(content) * 0.6)])
    return path


def hevc(path: Path) -> Path:
    """An iPhone's: HEVC, AAC, a time code and more data tracks."""
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
    return film(path, *pictures(), *SOUND, *x265, "-tag:v", "hvc1", "-timecode", "00:00:00:00")


def with_data(path: Path) -> Path:
    """The same with three tracks of timed metadata, which begin as tracks of sound."""
    plain = hevc(path.with_name("plain-hevc.mov"))
    tracks = ("-map", "0:v", *(("-map", "0:a") * 4), "-c", "copy")
    film(path, "-i", str(plain), *tracks, seconds=None)
    head, first, *others = path.read_bytes().split(b"mhlrsoun")
    assert len(others) == 3
    others = [track.replace(b"mp4a", b"mebx") for track in others]
    path.write_bytes(head + b"mhlrsoun" + b"mhlrmeta".join([first, *others]))
    with av.open(str(path)) as made:
        assert len(made.streams.data) >= 3
    return path


def rotated(path: Path, degrees: int = 90) -> Path:
    plain = film(path.with_name(f"plain-{path.name}"), *pictures(), *SOUND, *H264)
    turn = ("-display_rotation", str(degrees), "-i", str(plain), "-c", "copy")
    return film(path, *turn, seconds=None)


def variable(path: Path) -> Path:
    """Frames as the light allows."""
    uneven = "select='not(mod(n,3))+lt(mod(n,25),8)'"
    return film(path, *pictures(), *SOUND, "-vf", uneven, "-fps_mode", "vfr", *H264, seconds=3)


def amr(path: Path) -> Path:
    small = ("-c:v", "h263", "-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1")
    return film(path, *pictures("176x144"), *SOUND, *small, seconds=2)


def early(path: Path) -> Path:
    """Its first frames are before zero, as editors leave them."""
    early = ("-output_ts_offset", "-0.5", "-avoid_negative_ts", "disabled")
    return film(path, *pictures(), *SOUND, *H264, "-c:a", "aac", *early, seconds=2)


def hlg(path: Path) -> Path:
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
    ten = ("-vf", f"format=yuv420p10le,{HLG}", "-tag:v", "hvc1")
    return film(path, *pictures(), *SOUND, *x265, *ten)


def left(path: Path) -> Path:
    sides = ("-af", "pan=stereo|c0=c0|c1=0*c0")
    return film(path, *pictures(), *SOUND, *sides, *H264)


@pytest.mark.parametrize(
    ("name", "filmed", "duration_ms", "size", "names"),
    [
        ("recorder.webm", recorder, 3000, (160, 90), FILM),
        ("battery.webm", battery, 1800, (160, 90), FILM),
        ("iphone.mov", hevc, 1000, (160, 90), FILM),
        ("iphone-data.mov", with_data, 1000, (160, 90), FILM),
        ("portrait.mov", rotated, 1000, (90, 160), FILM),
        ("upside.mp4", lambda path: rotated(path, 180), 1000, (160, 90), FILM),
        ("variable.mp4", variable, 3000, (160, 90), FILM),
        ("amr.3gp", amr, 2000, (176, 144), FILM),
        ("early.mkv", early, 2000, (160, 90), FILM),
        ("hlg.mov", hlg, 1000, (160, 90), FILM),
        ("left.mp4", left, 1000, (160, 90), FILM),
        (
            "sixty.mp4",
            lambda path: film(path, *pictures(rate="60020/1000"), *SOUND, *H264),
            1000,
            (160, 90),
            FILM,
        ),
        (
            "odd.mkv",
            lambda path: film(path, "-f", "lavfi", "-i", "testsrc=size=161x91", "-c:v", "ffv1"),
            1000,
            (161, 91),
            FILM - {"audio.m4a", "peaks.json"},
        ),
    ],
)
def test_a_video_of_a_phone(  # noqa: PLR0917 - a table
    process: Process,
    look: Look,
    samples: Path,
    tmp_path: Path,
    name: str,
    filmed: Callable[[Path], Path],
    duration_ms: int,
    size: tuple[int, int],
    names: set[str],
) -> None:
    media, files = look(process(filmed(samples / name)))
    assert (media.status, media.reason, media.kind) == (Status.READY, None, Kind.VIDEO)
    assert media.duration_ms == pytest.approx(duration_ms, abs=max(120, duration_ms * 0.15))
    assert (media.width, media.height) == size
    assert files.keys() == names
    shown = [files["web.mp4"].width or 0, files["web.mp4"].height or 0]
    assert shown == pytest.approx(size, abs=1)
    assert not [side for side in shown if side % 2]
    assert b"+43.1006" not in read(files["web.mp4"])
    told = look_into(read(files["web.mp4"]), tmp_path)
    assert told["duration_ms"] == pytest.approx(media.duration_ms, abs=120)
    assert told["format"] == "yuv420p"
    assert told["transfer"] not in (16, 18)


def look_into(content: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "web.mp4"
    path.write_bytes(content)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return {
            "duration_ms": (container.duration or 0) / 1000,
            "format": frame.format.name,
            "transfer": int(frame.color_trc),
        }


@pytest.mark.parametrize(
    ("name", "how", "content_type"),
    [
        ("a.ogg", ("-c:a", "libopus", "-ac", "1", "-ar", "16000"), "audio/ogg"),
        ("a.3gp", ("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1"), "audio/3gpp"),
        ("a.wav", ("-ar", "8000", "-ac", "1", "-c:a", "pcm_mulaw"), "audio/wav"),
        ("b.wav", ("-af", "pan=stereo|c0=c0|c1=0*c0", "-c:a", "pcm_s24le"), "audio/wav"),
        ("a.m4a", ("-c:a", "aac", "-ar", "44100", "-ac", "1"), "audio/mp4"),
    ],
)
def test_a_sound_of_a_recorder(
    process: Process,
    look: Look,
    samples: Path,
    name: str,
    how: tuple[str, ...],
    content_type: str,
) -> None:
    media, files = look(process(film(samples / f"odd-{name}", *SOUND, *how, seconds=2)))
    assert (media.status, media.kind, media.content_type) == (
        Status.READY,
        Kind.AUDIO,
        content_type,
    )
    assert media.duration_ms == pytest.approx(2000, abs=100)
    assert files.keys() == {"original", "audio.m4a", "peaks.json"}


def test_what_was_filmed_for_other_screens_is_not_washed_out(
    process: Process, look: Look, samples: Path, tmp_path: Path
) -> None:
    """Half of an HLG signal is about skin: on an ordinary screen it is neither dark nor white."""
    gray = ("-f", "lavfi", "-i", "color=gray:size=160x90:rate=25")
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
    ten = ("-vf", f"format=yuv420p10le,{HLG}", "-tag:v", "hvc1")
    path = film(samples / "gray-hlg.mov", *gray, *x265, *ten)
    media, files = look(process(path))
    assert media.status is Status.READY
    web = tmp_path / "gray.mp4"
    web.write_bytes(read(files["web.mp4"]))
    with av.open(str(web)) as container:
        frame = next(container.decode(video=0))
        luma = bytes(frame.reformat(format="gray").planes[0])[0]
        assert (int(frame.colorspace), int(frame.color_trc)) == (1, 1)
    assert 60 < luma < 200
