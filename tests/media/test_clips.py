"""A passage of a recording shows that passage, and not a moment more."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.media import service
from app.media.models import Media, Reason, Rendition, Status
from app.media.probe import probe
from app.media.transcode import Passage, make, names_of
from app.storage.service import storage
from tests.jobs.desk import Desk
from tests.make import Make
from tests.media.conftest import Deposit, Process, read
from tests.media.film import AUTHOR, GPS, H264, film, tags_of
from tests.media.numbers import TONED, numbered, numbers, seconds

pytestmark = pytest.mark.once

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]
Cut = Callable[[Path, int, int], dict[str, Path]]
Clip = Callable[..., None]
KEY_FRAMES = ("-g", "100", "-bf", "2")  # four seconds apart: most clips begin between them


@pytest.fixture(scope="session")
def numbered_video(samples: Path) -> Path:
    """Eight seconds of 25 frames each, which say their numbers."""
    tags = ("-metadata", f"artist={AUTHOR}", "-metadata", f"location={GPS}")
    what = (*numbered(), *TONED, *H264, *KEY_FRAMES, "-c:a", "aac", *tags)
    return film(samples / "numbered.mp4", *what, seconds=8)


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    """The renditions of a passage of a file, by suffix."""

    def cut(path: Path, start_ms: int, end_ms: int) -> dict[str, Path]:
        folder = tmp_path / f"{path.name}-{start_ms}"
        folder.mkdir()
        os.link(path, folder / "input")
        found, passage = probe(folder), Passage(start_ms, end_ms)
        made = [
            make(name, folder, found, lambda _: None, passage) for name in names_of(found, passage)
        ]
        return {file.path.suffix: file.path for file in made}

    return cut


@pytest.fixture
def clip(desk: Desk, database: Database) -> Clip:
    """Ask for a passage, and have the worker make it: no error, whatever happens."""

    def clip(media: Media, start_ms: int, end_ms: int) -> None:
        with database.write.begin() as db:
            service.ask_clip(db, media, start_ms, end_ms)
        assert desk.run_next("media")
        done = [(job.done_at is not None, job.last_error) for job in desk.jobs("media.clip")]
        assert set(done) == {(True, None)}

    return clip


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("start_ms", "end_ms"),
    [
        (3230, 3730),
        pytest.param(0, 1000, marks=SLOW),
        pytest.param(7200, 8000, marks=SLOW),
        pytest.param(3000, 3200, marks=SLOW),
    ],
)
def test_no_frame_of_before_or_after_is_in_it(
    cut: Cut, numbered_video: Path, start_ms: int, end_ms: int
) -> None:
    made = cut(numbered_video, start_ms, end_ms)

    first = start_ms * 25 // 1000  # what stands at the start
    after = first - (start_ms - end_ms) * 25 // 1000
    assert numbers(made[".mp4"]) == list(range(first, after))
    assert numbers(made[".jpg"])[0] in range(first, after)
    assert set(seconds(made[".mp4"])) == {start_ms // 1000}
    assert probe(made[".mp4"].parent, made[".mp4"].name).duration_ms == pytest.approx(
        end_ms - start_ms, abs=150
    )


@pytest.mark.slow
def test_neighbours_share_nothing(cut: Cut, numbered_video: Path) -> None:
    one, other = (
        cut(numbered_video, start, end)[".mp4"] for start, end in ((1000, 2000), (2000, 3000))
    )
    assert numbers(one) == list(range(25, 50))
    assert numbers(other) == list(range(50, 75))
    assert (set(seconds(one)), set(seconds(other))) == ({1}, {2})


@pytest.mark.parametrize("start_ms", [2210, *(pytest.param(s, marks=SLOW) for s in (0, 4900))])
def test_of_a_trimmed_video_the_trim_counts(
    cut: Cut, numbered_video: Path, samples: Path, start_ms: int
) -> None:
    """A trim is an edit list: what it hides is still in the file, and moments count without it."""
    trimmed = samples / "trimmed-numbers.mp4"
    if not trimmed.exists():
        film(trimmed, "-ss", "2.5", "-i", str(numbered_video), "-c", "copy", seconds=None)
    hidden = numbers(trimmed)[0]
    assert hidden in (62, 63)

    made = cut(trimmed, start_ms, start_ms + 500)
    first = hidden + start_ms * 25 // 1000
    assert numbers(made[".mp4"]) == pytest.approx(list(range(first, first + 13)), abs=1)
    heard = seconds(made[".mp4"])
    assert (heard[0], heard[-1]) == ((start_ms + 2500) // 1000, (start_ms + 2999) // 1000)
    assert len(heard) == 10


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.ogg", "a.aac", "a.m4a"])
def test_of_a_sound_only_the_passage_is_heard(cut: Cut, samples: Path, name: str) -> None:
    made = cut(film(samples / name, *TONED, seconds=8), 5800, 6200)
    assert list(made) == [".m4a"]
    assert seconds(made[".m4a"]) == [5] * 4 + [6] * 4


@pytest.mark.slow
def test_frames_that_stand_long_are_shown_all_the_time(cut: Cut, samples: Path) -> None:
    slides = film(samples / "slides.mp4", *numbered(0.5), *H264, seconds=12)
    assert set(numbers(cut(slides, 4500, 5000)[".mp4"])) == {2}
    shown = numbers(cut(slides, 3500, 4500)[".mp4"])
    assert shown == [1] * 12 + [2] * 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "kept"), [(60.02, "1"), (30, "lt(mod(n,7),4)")], ids=["60.02", "variable"]
)
def test_of_a_phones_own_rate_too(cut: Cut, samples: Path, rate: float, kept: str) -> None:
    """A frame more or less at either end, and none but those."""
    uneven = ("-vf", f"select='{kept}'", "-fps_mode", "vfr")
    path = film(samples / f"{rate}.mp4", *numbered(rate), *uneven, *H264, *KEY_FRAMES, seconds=4)
    stored = numbers(path)
    between = [n for n in stored if 1000 <= n * 1000 / rate < 2000]
    shown = sorted(set(numbers(cut(path, 1000, 2000)[".mp4"])))

    around = stored[stored.index(between[0]) - 1 : stored.index(between[-1]) + 1]
    assert set(shown) <= set(around), "nothing of after; of before, what still stands at the start"
    assert (shown[0] <= between[1], shown[-1] >= between[-2]) == (True, True)


@pytest.mark.slow
def test_where_the_pictures_end_before_the_sound_the_last_one_stays(
    cut: Cut, samples: Path
) -> None:
    pictures = film(samples / "short.mp4", *numbered(), *H264, seconds=3)
    mapped = ("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac")
    path = film(samples / "heard.mp4", "-i", str(pictures), *TONED, *mapped, seconds=8)
    made = cut(path, 5000, 6000)[".mp4"]
    assert set(numbers(made)) == {74}
    assert set(seconds(made)) == {5}


@pytest.mark.slow
def test_one_without_sound_at_that_moment(cut: Cut, samples: Path, numbered_video: Path) -> None:
    late = ("-itsoffset", "4", *TONED, "-map", "0:v", "-map", "1:a", "-c:v", "copy")
    path = film(samples / "late.mkv", "-i", str(numbered_video), *late, "-c:a", "aac", seconds=8)
    assert numbers(cut(path, 1000, 2000)[".mp4"]) == list(range(25, 50))


# The job


def test_a_passage_is_made_once(
    process: Process, clip: Clip, look: Look, numbered_video: Path, tmp_path: Path
) -> None:
    media = process(numbered_video)
    clip(media, 1000, 1500)
    after, files = look(media)
    assert (after.status, after.progress, after.version > media.version) == (
        Status.READY,
        None,
        True,
    )
    assert {name: f.content_type for name, f in files.items() if name.startswith("clip")} == {
        "clip-1000-1500.jpg": "image/jpeg",
        "clip-1000-1500.mp4": "video/mp4",
    }
    path = tmp_path / "clip.mp4"
    path.write_bytes(read(files["clip-1000-1500.mp4"]))
    assert numbers(path)[0] == 25
    told = tags_of(path)
    assert AUTHOR not in told
    assert GPS not in told
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")

    clip(media, 1000, 1500)
    again = look(media)[1]
    assert {name: file.key for name, file in again.items()} == {
        name: file.key for name, file in files.items()
    }
    assert {found.key for found in storage().objects()} == {file.key for file in again.values()}


@pytest.mark.slow
def test_a_second_run_makes_only_what_is_missing(
    process: Process, clip: Clip, look: Look, database: Database, numbered_video: Path
) -> None:
    media = process(numbered_video)
    clip(media, 1000, 1500)
    before = look(media)[1]
    with database.write.begin() as db:
        db.execute(delete(Rendition).where(Rendition.key == before["clip-1000-1500.mp4"].key))
    storage().delete(before["clip-1000-1500.mp4"].key)
    clip(media, 1000, 1500)
    after = look(media)[1]
    assert after["clip-1000-1500.jpg"].key == before["clip-1000-1500.jpg"].key
    assert after["clip-1000-1500.mp4"].key != before["clip-1000-1500.mp4"].key


def test_of_a_voice_it_is_a_sound(process: Process, clip: Clip, look: Look, voice: Path) -> None:
    media = process(voice)
    clip(media, 200, 700)
    files = look(media)[1]
    assert sorted(files) == ["audio.m4a", "clip-200-700.m4a", "original", "peaks.json"]
    assert AUTHOR.encode() not in read(files["clip-200-700.m4a"])


def test_nothing_is_made_of_what_is_rejected_or_gone(
    process: Process, clip: Clip, look: Look, database: Database, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    media = process(empty)
    clip(media, 0, 500)
    after, files = look(media)
    assert (after.version, after.reason, files) == (media.version, Reason.CONTAINER, {})
    with database.write.begin() as db:
        db.execute(delete(Media).where(Media.id == media.id))
    clip(media, 0, 600)
    assert list(storage().objects()) == []


@pytest.mark.slow
def test_nor_when_the_bytes_go_meanwhile(
    process: Process,
    clip: Clip,
    look: Look,
    database: Database,
    voice: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media = process(voice)

    def withdrawn(*given: Any) -> Any:
        made, files = make(*given), look(media)[1]
        with database.write.begin() as db:
            db.execute(delete(Rendition).where(Rendition.media_id == media.id))
        for file in files.values():
            storage().delete(file.key)
        return made

    monkeypatch.setattr("app.media.work.make", withdrawn)
    clip(media, 200, 700)
    assert list(storage().objects()) == []
    clip(media, 300, 700)
    assert look(media)[1] == {}


def test_what_the_media_does_not_hold_is_said_and_harms_nothing(
    process: Process, clip: Clip, look: Look, voice: Path, db: Session
) -> None:
    media = process(voice)
    clip(media, 500, 1400)
    after, files = look(media)
    assert (after.status, sorted(files)) == (Status.READY, ["audio.m4a", "original", "peaks.json"])
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "media.clip_failed")).one()
    assert event.subject_id == media.id
    assert event.facts == {"reason": "corrupt", "start_ms": 500, "end_ms": 1400}


def test_two_tries_have_rooms_of_their_own(deposit: Deposit, desk: Desk, voice: Path) -> None:
    """A try removes what a dead one of its own job left, and nobody else's folder."""
    from app.core.settings import settings

    deposit(voice)
    work = settings().data_dir / "work"
    work.mkdir(exist_ok=True)
    dead, other = work / f"{desk.job('media.process').id}.7", work / f"{uuid4()}.1"
    for folder in (dead, other):
        folder.mkdir()
    assert desk.run_next("media")
    assert (dead.exists(), other.exists()) == (False, True)
    other.rmdir()


# Who asks for it


def test_choosing_a_passage_asks_for_it(
    as_editor: TestClient, make: Make, desk: Desk, db: Session
) -> None:
    media = make.media()
    testimony = make.testimony(media=[media])
    excerpt = {
        "testimony_id": str(testimony.id),
        "nature": "feeling",
        "selector": {
            "type": "time",
            "media_id": str(media.id),
            "start_ms": 1000,
            "end_ms": 4000,
        },
    }
    chosen = as_editor.post("/api/v1/excerpts", json=excerpt)
    assert chosen.status_code == 201, chosen.text
    excerpt["selector"]["end_ms"] = 5000  # type: ignore[index]
    changed = as_editor.put(
        f"/api/v1/excerpts/{chosen.json()['id']}",
        json=excerpt,
        headers={"If-Match": chosen.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text
    asked = [(job.queue, job.facts) for job in desk.jobs("media.clip")]
    assert asked == [
        ("media", {"media_id": str(media.id), "start_ms": 1000, "end_ms": end})
        for end in (4000, 5000)
    ]


def test_asking_twice_is_asking_once(database: Database, make: Make, desk: Desk) -> None:
    media = make.media()
    with database.write.begin() as db:
        for end in (2000, 2000, 3000):
            service.ask_clip(db, media, 1000, end)
    assert desk.count("media.clip") == 2
