"""What earlier versions of the service did not make of a media is made, one media after another."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete

from app.core.db import Database
from app.core.models import now
from app.media import service
from app.media.models import Kind, Media, Rendition, Status
from app.storage.service import storage
from tests.jobs.desk import Desk
from tests.make import Make
from tests.media.conftest import Deposit, Process, read

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]
OLD = {"original": b"x", "web.mp4": b"x", "poster.jpg": b"x"}


@pytest.fixture
def lose(database: Database, look: Look) -> Callable[..., None]:
    """As if these renditions had never been made, or were taken back."""

    def lose(media: Media, *names: str) -> None:
        files = [file for name, file in look(media)[1].items() if name in names]
        with database.write.begin() as db:
            keys = service.erase_renditions(db, [file.id for file in files])
        for key in keys:
            storage().delete(key)

    return lose


Lose = Callable[..., None]


@pytest.fixture
def day(desk: Desk) -> Callable[[], int]:
    """A day passes: how many media jobs were done."""

    def day() -> int:
        desk.ask("media.resume")
        assert desk.run_next()
        done = 0
        while desk.run_next("media"):
            done += 1
        assert {job.last_error for job in desk.jobs()} == {None}
        return done

    return day


Day = Callable[[], int]


@pytest.mark.parametrize(
    ("recording", "new"),
    [
        ("voice", ["peaks.json"]),
        pytest.param(
            "phone_video", ["audio.m4a", "peaks.json", "preview.webp"], marks=pytest.mark.slow
        ),
    ],
)
def test_an_old_recording_gets_what_is_new(
    process: Process,
    look: Look,
    lose: Lose,
    day: Day,
    request: pytest.FixtureRequest,
    recording: str,
    new: list[str],
) -> None:
    media, before = look(process(request.getfixturevalue(recording)))
    lose(media, *new)
    assert day() == 1
    after, files = look(media)
    assert (after.status, after.progress) == (Status.READY, None)
    assert files.keys() == before.keys()
    kept = before.keys() - new
    assert {files[name].key for name in kept} == {before[name].key for name in kept}
    assert all(read(file) for file in files.values())
    assert day() == 0


def test_nothing_is_made_of_what_was_taken_back_or_is_whole(
    make: Make, look: Look, day: Day, database: Database
) -> None:
    """Of a media whose renditions a withdrawal destroyed only the original is left."""
    taken = make.media(files={"original": b"x", "clip-0-900.mp4": b"x"})
    whole = make.media(files={**OLD, "preview.webp": b"x"})
    paper = make.media(kind=Kind.DOCUMENT, files={"original": b"x"})
    erased = make.media(files=dict(OLD), erased_at=now())
    rejected = make.media(files=dict(OLD), status=Status.PROCESSING)
    with database.write.begin() as db:  # a job does it
        service.ask_processing(db, rejected)
    desk = Desk(database)
    desk.change(due_at=now().replace(year=now().year + 1))
    assert day() == 0
    assert len(look(taken)[1]) == 2
    assert len(look(whole)[1]) == 4
    assert len(look(paper)[1]) == 1
    assert len(look(erased)[1]) == 3


@pytest.mark.slow
def test_nor_when_it_is_taken_back_meanwhile(
    process: Process,
    look: Look,
    lose: Lose,
    day: Day,
    voice: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.media.transcode import make as really

    media = process(voice)
    lose(media, "peaks.json")

    def withdrawn(*given: object) -> object:
        made = really(*given)  # type: ignore[arg-type]
        lose(media, "audio.m4a")
        return made

    monkeypatch.setattr("app.media.work.make", withdrawn)
    day()
    assert look(media)[1].keys() == {"original"}
    assert len(list(storage().objects())) == 1


@pytest.mark.slow
def test_one_of_which_nothing_comes_stays_ready_and_stops_nobody(
    deposit: Deposit, desk: Desk, look: Look, lose: Lose, day: Day, voice: Path, database: Database
) -> None:
    good, bad = deposit(voice), deposit(voice)
    assert [desk.run_next("media") for _ in range(2)] == [True, True]
    for media in (good, bad):
        lose(media, "peaks.json")
    text = storage().write("media/00/text", [b"no sound at all"])
    with database.write.begin() as db:
        db.execute(delete(Rendition).where(Rendition.id == look(bad)[1]["original"].id))
        service.keep(db, bad, service.rendition(bad, "original", text, "audio/mpeg"))
        db.get_one(Media, bad.id).sha256 = text.sha256
    assert day() == 2
    assert look(good)[1].keys() == {"original", "audio.m4a", "peaks.json"}
    after, files = look(bad)
    assert (after.status, after.reason) == (Status.READY, None)
    assert files.keys() == {"original", "audio.m4a"}
