"""A film shows each cut whole, in its order, and nothing else; as loud as any other."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import av
import pytest

from app.documents.assembly import (
    FilmTooLong,
    ItemNotFilmed,
    NothingToFilm,
    assemble,
)
from app.documents.cutlist import FPS, Card, Cut, CutList, Kind, cut_list, length_ms
from app.documents.film import FILM, make_captions, make_film, make_poster
from app.media.models import Kind as MediaKind
from app.media.probe import probe
from app.media.sound import measure
from tests.documents.scripts import TEXTS, content, edition, item, recorded, section
from tests.media.film import AUTHOR, GPS, H264, film, tags_of
from tests.media.numbers import TONED, _number, numbered, seconds

pytestmark = pytest.mark.once

Assemble = Callable[..., Path]
WIDE = ("-vf", "scale=640:360:flags=neighbor")
TAGS = ("-metadata", f"artist={AUTHOR}", "-metadata", f"location={GPS}")
LEFT_ONLY = ("-f", "lavfi", "-i", "aevalsrc='0.05*sin(2*PI*440*t)|0'")
BRIEF = Card(Kind.TEXT, text="Bref.")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A second of each: numbered frames at 25 and 30 a second, upright, mute, and a sound."""
    folder = tmp_path_factory.mktemp("clips")
    aac = ("-c:a", "aac")
    upright = ("-vf", "scale=180:320:flags=neighbor")
    return {
        "25": film(folder / "25.mp4", *numbered(), *TONED, *WIDE, *H264, *aac, *TAGS),
        "30": film(folder / "30.mp4", *numbered(30), *LEFT_ONLY, *WIDE, *H264, *aac),
        "upright": film(folder / "upright.mp4", *numbered(), *TONED, *upright, *H264, *aac),
        "mute": film(folder / "mute.mp4", *numbered(), *WIDE, *H264),
        "sound": film(folder / "sound.m4a", *TONED, *aac, seconds=2),
    }


@pytest.fixture
def assembled(tmp_path: Path, clips: dict[str, Path]) -> Assemble:
    def assembled(*cuts: Cut, **given: object) -> Path:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        release = edition(content(), folder, given.pop("recordings", clips), **given)  # type: ignore[arg-type]
        return assemble(CutList(cuts), release, "film.mp4")

    return assembled


def shown(clip: str, frames: int = FPS) -> Cut:
    return Cut(frames, (), clip, is_video=True)


def heard(clip: str, frames: int = FPS) -> Cut:
    return Cut(frames, ((replace(BRIEF, kind=Kind.SOUND), frames),), clip)


def read(frames: int = 12) -> Cut:
    return Cut(frames, ((BRIEF, frames),), chapter="Bref = ; #")


def numbers(path: Path, *, upright: bool = False) -> list[int]:
    """The number of each frame, read where a wide or an upright clip stands; 255 of a card."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if upright:
                gray = frame.reformat(format="gray")
                row = bytes(gray.planes[0])[gray.planes[0].line_size * 360 :]
                lit = (row[int(437.5 + (bit + 0.5) * 405 / 8)] > 127 for bit in range(8))
                found.append(sum(is_lit << bit for bit, is_lit in enumerate(lit)))
            else:
                found.append(_number(frame))
    return found


def test_clips_are_shown_whole_in_their_order_and_nothing_around_them(assembled: Assemble) -> None:
    path = assembled(shown("25"), read(), shown("30", 15))
    told = numbers(path)
    assert len(told) == 57
    assert (sorted(told[:30]), set(told[:30])) == (told[:30], set(range(25)))
    assert told[30] == told[41] == 255, "a card alone"
    assert told[42:] == list(range(15)), "no frame of after"
    found = probe(path.parent, path.name)
    assert (found.kind, found.width, found.height) == (MediaKind.VIDEO, 1280, 720)
    assert found.fps == pytest.approx(FPS)
    assert found.has_audio
    assert found.duration_ms == pytest.approx(57 * 1000 / FPS, abs=20)
    _knows_nothing_of_its_sources(path)


def _knows_nothing_of_its_sources(path: Path) -> None:
    tags = tags_of(path)
    assert AUTHOR not in tags
    assert GPS not in tags
    with av.open(str(path)) as container:
        (chapter,) = container.chapters()
        assert chapter["metadata"] == {"title": "Bref = ; #"}
        assert "encoder" not in container.metadata
    assert path.read_bytes().find(b"moov") < path.read_bytes().find(b"mdat"), "its index is first"


@pytest.mark.slow
def test_what_was_filmed_upright_is_not_stretched(assembled: Assemble) -> None:
    path = assembled(shown("upright"))
    assert set(numbers(path, upright=True)) == set(range(25))
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            row = bytes(frame.reformat(format="gray").planes[0])[1280 * 360 : 1280 * 361]
            assert max(row[:430]) - min(row[:430]) < 12
            assert max(row[850:]) - min(row[850:]) < 12


@pytest.mark.slow
def test_a_name_stands_over_a_video_at_first_and_hides_no_frame(assembled: Assemble) -> None:
    name = Card(Kind.NAME, who="Tuteur", nature="practice", nature_label="Pratique")
    cut = replace(shown("30"), name=name)
    plain, named = assembled(shown("30")), assembled(cut)
    assert numbers(plain) == numbers(named) == list(range(30))
    assert plain.read_bytes() != named.read_bytes()


@pytest.mark.slow
def test_sounds_are_heard_with_their_cut_and_cards_are_silent(assembled: Assemble) -> None:
    path = assembled(read(15), heard("sound", 60), read(15), shown("mute", 15), shown("25"))
    second = seconds(path, 0.05)
    assert set(second[1:9]) == {-1}
    assert second[13:28] == [0] * 15
    assert second[33:48] == [1] * 15
    assert set(second[52:69]) == {-1}
    assert second[73:88] == [0] * 15


@pytest.mark.slow
def test_it_is_as_loud_as_any_other_on_both_sides(assembled: Assemble) -> None:
    """A loud clip, a quiet one of one side alone, and silence between them."""
    path = assembled(shown("25"), read(60), shown("30"), heard("sound", 60))
    path.rename(path.with_name("input"))
    loudness = measure(path.parent, 5000, lambda _: None)
    assert loudness.integrated == pytest.approx(-23, abs=1)
    alone = assembled(shown("30"))
    alone.rename(alone.with_name("input"))
    loudness = measure(alone.parent, 1000, lambda _: None)
    assert loudness.integrated == pytest.approx(-23, abs=1)
    assert loudness.side is None, "heard on both"


@pytest.mark.slow
def test_the_same_cut_list_makes_the_same_bytes(assembled: Assemble) -> None:
    one, other = (
        sha256(assembled(read(), shown("25"), heard("sound", 20)).read_bytes()).digest()
        for _ in range(2)
    )
    assert one == other


@pytest.mark.slow
def test_a_whole_release(tmp_path: Path, clips: dict[str, Path]) -> None:
    """Film, captions and poster agree, and progress goes from 0 to 1."""
    told = content(
        section(item(quote=TEXTS[0]), recorded(1000, (0, 900, "Oui."), id="25", caption=TEXTS[0])),
        section(recorded(2000, (0, 1500, TEXTS[1]), id="sound", show_as="audio"), title=TEXTS[0]),
    )
    progress: list[float] = []
    release = edition(told, tmp_path, clips, progress.append)
    path = make_film(release)
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (0, 1)
    assert len(progress) > 10
    assert probe(tmp_path, path.name).duration_ms == pytest.approx(length_ms(told), abs=100)

    starts = {cut.item_id: start for start, cut in cut_list(told).placed()}
    frames = numbers(path)[starts["25"] : starts["25"] + 30]
    assert set(frames) == set(range(25))
    assert "Oui." in make_captions(release).read_text(encoding="utf-8")
    found = probe(tmp_path, make_poster(release).name)
    assert (found.content_type, found.width, found.height) == ("image/jpeg", 1280, 720)
    assert [document.name for document in FILM] == ["film.mp4", "film.vtt", "film.jpg"]


@pytest.mark.slow
def test_a_release_without_a_recording_is_a_film_too(tmp_path: Path) -> None:
    told = content(section(item(quote="Oui.")))
    path = make_film(edition(told, tmp_path))
    assert probe(tmp_path, path.name).duration_ms == pytest.approx(length_ms(told), abs=100)
    assert set(seconds(path)) == {-1}


@pytest.mark.parametrize("make", [document.make for document in FILM])
def test_nothing_is_made_of_nothing(tmp_path: Path, make: Callable[..., Path]) -> None:
    with pytest.raises(NothingToFilm):
        make(edition(content(section(item(withdrawn=True))), tmp_path))


def test_it_is_not_begun_when_it_would_be_too_long(tmp_path: Path) -> None:
    told = content(*(section(recorded(40 * 60_000)) for _ in range(2)))
    with pytest.raises(FilmTooLong, match="80 minutes, and 60 at most"):
        make_film(edition(told, tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["text", "truncated", "sound", "missing"])
def test_a_clip_of_which_nothing_comes_is_named(
    assembled: Assemble, clips: dict[str, Path], tmp_path: Path, broken: str
) -> None:
    whole = clips["25"].read_bytes()
    files = {"text": b"#EXTM3U\n/etc/passwd\n", "truncated": whole[: len(whole) // 3]}
    recordings = {"6c3e": clips["sound"]} if broken == "sound" else {}
    if broken in files:
        recordings["6c3e"] = tmp_path / "broken"
        recordings["6c3e"].write_bytes(files[broken])
    with pytest.raises(ItemNotFilmed, match=r"^Item 6c3e: ") as raised:
        assembled(shown("6c3e"), recordings=recordings)
    assert raised.value.item_id == "6c3e"


def test_it_is_left_when_nobody_wants_it_any_more(assembled: Assemble, tmp_path: Path) -> None:
    class Stopping(Exception):
        pass

    def check() -> None:
        if next(tmp_path.rglob("part-0000.mp4"), None):
            raise Stopping

    with pytest.raises(Stopping):
        assembled(read(300), shown("25"), check=check)
    assert not list(tmp_path.rglob("film.mp4"))
    assert not list(tmp_path.rglob("part-0001.mp4"))
