"""What renditions are: as loud as one another, drawn as a wave, in the right colours, small."""

import json
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageStat

from app.media.ffmpeg import ffmpeg
from app.media.models import Media, Rendition, Status
from app.media.probe import probe
from app.media.transcode import Made, make, names_of
from tests.media.conftest import Process, read
from tests.media.film import H264, PICTURES, SOUND, film

pytestmark = pytest.mark.once

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]
Render = Callable[[Path, str], Made]
SLOW = pytest.mark.slow


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """One rendition of a file, without a media."""

    def render(path: Path, name: str) -> Made:
        folder = tmp_path / path.name
        folder.mkdir(exist_ok=True)
        (folder / "input").write_bytes(path.read_bytes())
        return make(name, folder, probe(folder), lambda _: None)

    return render


def loudness(path: Path) -> float:
    """What EBU R128 says of a file, by another filter than the one that made it."""
    command = [ffmpeg(), "-hide_banner", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return float(told.rpartition("I:")[2].split()[0])


def sides(path: Path) -> tuple[float, float]:
    """The highest sample on the left and on the right, in dBFS."""
    measured = "astats=measure_perchannel=Peak_level:measure_overall=none"
    command = [ffmpeg(), "-hide_banner", "-i", str(path), "-af", measured, "-f", "null", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    left, right = (float(line.split()[-1]) for line in told.splitlines() if "Peak level" in line)
    return left, right


# Words and silences: bursts of pink noise.
SPEECH = "anoisesrc=color=pink:seed=3:amplitude=0.5,tremolo=f=3:d=0.8"


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("quiet", "volume=-40dB"),
        pytest.param("loud", "volume=20dB", marks=SLOW),
        pytest.param("left", "pan=stereo|c0=c0|c1=0*c0,volume=-20dB", marks=SLOW),
        pytest.param("right", "pan=stereo|c0=0*c0|c1=c0,volume=-20dB", marks=SLOW),
        pytest.param("stereo", "pan=stereo|c0=c0|c1=0.5*c0", marks=SLOW),
        pytest.param("knocks", "volume='if(lt(mod(t,2),0.02),1,0.01)':eval=frame", marks=SLOW),
        pytest.param("wide", "volume='if(lt(t,5),0.02,0.7)':eval=frame", marks=SLOW),
        pytest.param("rest", "volume='if(lt(t,2),1,0)':eval=frame", marks=SLOW),
        pytest.param("surround", "pan=5.1|c0=c0|c2=c0|c4=0.3*c0,volume=-10dB", marks=SLOW),
        pytest.param("eight", "aresample=8000,volume=-30dB", marks=SLOW),
    ],
)
def test_every_sound_is_as_loud_as_any_other(
    samples: Path, render: Render, name: str, filters: str
) -> None:
    source = ("-f", "lavfi", "-i", SPEECH, "-af", filters)
    made = render(film(samples / f"{name}.wav", *source, seconds=10), "audio.m4a")
    assert loudness(made.path) == pytest.approx(-23, abs=1)
    left, right = sides(made.path)
    assert max(left, right) < 0
    if name in ("left", "right", "quiet"):
        assert left == pytest.approx(right, abs=0.5)


@SLOW
@pytest.mark.parametrize("seconds", [0.3, 1, 2.5])
def test_a_short_one_too(samples: Path, render: Render, seconds: float) -> None:
    source = ("-f", "lavfi", "-i", f"{SPEECH},volume=-20dB")
    path = film(samples / f"short-{seconds}.flac", *source, seconds=seconds)
    made = render(path, "audio.m4a")
    assert seconds < 1 or loudness(made.path) == pytest.approx(-23, abs=1)


@SLOW
@pytest.mark.parametrize("filters", ["volume=0", "volume=-75dB"])
def test_silence_stays_silence(samples: Path, render: Render, filters: str) -> None:
    source = ("-f", "lavfi", "-i", SPEECH, "-af", filters)
    made = render(film(samples / f"silence{len(filters)}.wav", *source, seconds=3), "audio.m4a")
    assert max(sides(made.path)) < -60


@SLOW
def test_the_sound_of_a_video_is_in_step_with_its_pictures(samples: Path, render: Render) -> None:
    """It begins two seconds late, and ends two seconds early."""
    late = (*PICTURES, "-itsoffset", "2", "-t", "4", *SOUND, "-map", "0:v", "-map", "1:a")
    path = film(samples / "late-sound.mkv", *late, *H264, "-vf", "scale=64:48", seconds=8)
    made = render(path, "audio.m4a")
    assert probe(made.path.parent, "audio.m4a").duration_ms == pytest.approx(8000, abs=100)
    wave = json.loads(render(path, "peaks.json").path.read_text())
    assert wave["length"] == pytest.approx(400, abs=5)
    heard = [place for place, (low, high) in enumerate(pairs(wave)) if high - low > 2]
    assert [heard[0], heard[-1]] == pytest.approx([100, 300], abs=3)


def pairs(wave: dict[str, Any]) -> list[tuple[int, int]]:
    return list(zip(wave["data"][::2], wave["data"][1::2], strict=True))


def test_a_wave_shows_where_somebody_speaks(samples: Path, render: Render) -> None:
    """A second of silence, then a second of sound at half of the scale."""
    tone = ("-f", "lavfi", "-i", "aevalsrc='if(lt(t,1),0,0.5*sin(2*PI*200*t))':s=48000")
    made = render(film(samples / "wave.wav", *tone, seconds=2), "peaks.json")
    wave = json.loads(made.path.read_text())
    assert made.content_type == "application/json"
    shape = {name: wave[name] for name in wave.keys() - {"data"}}
    assert shape == {
        "version": 2,
        "channels": 1,
        "sample_rate": 48_000,
        "samples_per_pixel": 960,
        "bits": 8,
        "length": 100,
    }
    assert len(wave["data"]) == 200
    assert set(pairs(wave)[:49]) == {(0, 0)}
    for low, high in pairs(wave)[51:]:
        assert [low, high] == pytest.approx([-64, 64], abs=2)


@SLOW
def test_a_wave_is_of_bounded_length(samples: Path, render: Render) -> None:
    path = film(samples / "long.wav", *SOUND, "-ar", "8000", "-c:a", "pcm_u8", seconds=2000)
    wave = json.loads(render(path, "peaks.json").path.read_text())
    assert 19_000 < wave["length"] <= 20_000
    assert wave["length"] * wave["samples_per_pixel"] / 48_000 == pytest.approx(2000, abs=2)


@pytest.mark.parametrize("name", ["mute.mp4", pytest.param("still.mp4", marks=SLOW)])
def test_a_video_without_sound_has_none(samples: Path, name: str) -> None:
    folder = samples / f"{name}-folder"
    folder.mkdir()
    silent = ("-f", "lavfi", "-i", "anullsrc", "-c:a", "aac") if name == "still.mp4" else ()
    film(folder / name, *PICTURES, *silent, *H264, "-vf", "scale=64:48")
    found = probe(folder, name)
    heard = ["audio.m4a", "peaks.json"] if silent else []
    assert names_of(found) == ["poster.jpg", "web.mp4", *heard, "preview.webp"]


@SLOW
def test_a_silent_track_is_heard_as_silence(process: Process, look: Look, samples: Path) -> None:
    silent = ("-f", "lavfi", "-i", "anullsrc", "-c:a", "aac")
    path = film(samples / "silent.mp4", *PICTURES, *silent, *H264, "-vf", "scale=64:48")
    media, files = look(process(path))
    assert media.status is Status.READY
    assert set(json.loads(read(files["peaks.json"]))["data"]) == {0}


# Pictures


def test_a_preview_is_small(process: Process, look: Look, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.linear_gradient("L").resize((1600, 900)).save(picture)
    files = look(process(picture))[1]
    assert (files["preview.webp"].width, files["preview.webp"].height) == (320, 180)
    assert files["preview.webp"].size < 8000
    with Image.open(BytesIO(read(files["preview.webp"]))) as preview:
        assert preview.format == "WEBP"


def brightness(path: Path) -> float:
    with Image.open(path) as poster:
        return float(ImageStat.Stat(poster.convert("L")).mean[0])


@SLOW
@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("one-key-frame", "scale=64:48,fade=in:st=0.6:d=0.2"),
        ("long-night", "scale=64:48,fps=5,fade=in:st=70:d=1"),
        ("blinks", "scale=64:48,drawbox=c=black:t=fill:enable='between(t,0,3)'"),
    ],
)
def test_a_poster_is_never_black(samples: Path, render: Render, name: str, filters: str) -> None:
    seconds = 75 if name == "long-night" else 4
    path = film(
        samples / f"{name}.mp4", *PICTURES, "-vf", filters, *H264, "-g", "999", seconds=seconds
    )
    assert brightness(render(path, "poster.jpg").path) > 40


@SLOW
def test_a_poster_shows_nothing_that_was_cut_off(samples: Path, render: Render) -> None:
    """A trim is an edit list: the key frame before it is in the file, and red here."""
    red = ("-f", "lavfi", "-i", "color=red:s=64x48:r=25")
    blue = ("-f", "lavfi", "-i", "color=blue:s=64x48:r=25")
    joined = ("-filter_complex", "[0]trim=0:1.4[a];[1]trim=0:3[b];[a][b]concat")
    plain = film(samples / "red-blue.mp4", *red, *blue, *joined, *H264, "-g", "50", seconds=None)
    path = film(samples / "blue.mp4", "-ss", "1.6", "-i", str(plain), "-c", "copy", seconds=None)
    with Image.open(render(path, "poster.jpg").path) as poster:
        red_, _, blue_ = ImageStat.Stat(poster.convert("RGB")).mean
    assert blue_ > 150
    assert red_ < 60


@SLOW
def test_a_preview_is_made_again_without_its_poster(samples: Path, render: Render) -> None:
    path = film(samples / "plain.mkv", *PICTURES, *H264)
    made = render(path, "preview.webp")
    assert (made.width, made.height) == (320, 180)
