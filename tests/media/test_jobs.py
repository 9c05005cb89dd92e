"""What becomes of a file: renditions that tell nothing but what is seen and heard."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image, ImageStat
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.core.settings import settings
from app.jobs.models import Job
from app.jobs.runner import MAX_ATTEMPTS
from app.jobs.service import HANDLERS, Stopping, enqueue
from app.media import service
from app.media.models import Kind, Media, Reason, Rendition, Status
from app.media.probe import probe
from app.media.transcode import Unfinished, make
from app.storage.service import storage
from tests.jobs.desk import Desk
from tests.make import Make
from tests.media.conftest import Deposit, Process, read
from tests.media.film import AUTHOR, GPS, H264, PICTURES, SOUND, film, tags_of

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]


def test_a_phone_video_becomes_ready(
    process: Process, look: Look, phone_video: Path, tmp_path: Path, db: Session
) -> None:
    media, files = look(process(phone_video))

    assert (media.status, media.reason, media.progress) == (Status.READY, None, None)
    assert (media.kind, media.content_type) == (Kind.VIDEO, "video/quicktime")
    assert (media.width, media.height, media.fps) == (180, 320, 25)
    assert media.duration_ms == pytest.approx(1000, abs=60)
    assert {name: (f.content_type, f.width, f.height) for name, f in files.items()} == {
        "audio.m4a": ("audio/mp4", None, None),
        "original": ("video/quicktime", 180, 320),
        "peaks.json": ("application/json", None, None),
        "poster.jpg": ("image/jpeg", 180, 320),
        "preview.webp": ("image/webp", 180, 320),
        "web.mp4": ("video/mp4", 180, 320),
    }
    assert read(files["original"]) == phone_video.read_bytes()
    events = select(AuditEvent.action).where(AuditEvent.subject_id == media.id)
    assert sorted(db.scalars(events)) == ["media.ready", "media.received"]


def test_its_renditions_tell_neither_who_nor_where(
    process: Process, look: Look, phone_video: Path, tmp_path: Path
) -> None:
    told = tags_of(phone_video)
    assert AUTHOR in told
    assert GPS in told

    _, files = look(process(phone_video))
    for name in files.keys() - {"original"}:
        content = read(files[name])
        assert AUTHOR.encode() not in content
        assert GPS.encode() not in content
    web = tmp_path / "web.mp4"
    web.write_bytes(read(files["web.mp4"]))
    told = tags_of(web)
    assert "rotation" not in told
    assert "creation_time" not in told
    assert "Video: h264 (High)" in told
    assert "yuv420p" in told
    assert "Audio: aac" in told
    assert web.read_bytes().index(b"moov") < web.read_bytes().index(b"mdat")


def test_a_voice_becomes_ready(process: Process, look: Look, voice: Path) -> None:
    media, files = look(process(voice))
    assert (media.status, media.kind, media.content_type) == (
        Status.READY,
        Kind.AUDIO,
        "audio/mpeg",
    )
    assert (media.width, media.fps) == (None, None)
    assert sorted(files) == ["audio.m4a", "original", "peaks.json"]
    assert AUTHOR.encode() not in read(files["audio.m4a"])


@pytest.mark.parametrize(
    "format_", ["JPEG", *(pytest.param(f, marks=pytest.mark.slow) for f in ("PNG", "WEBP"))]
)
def test_a_picture_is_rebuilt_upright(
    process: Process, look: Look, tmp_path: Path, format_: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned
    exif[0x013B] = "Somebody"
    picture = tmp_path / "picture"
    Image.new("RGB", (40, 20), "red").save(picture, format_, exif=exif, comment=b"Somebody")

    media, files = look(process(picture))
    assert (media.status, media.kind) == (Status.READY, Kind.IMAGE)
    assert (media.width, media.height) == (20, 40)
    assert sorted(files) == ["image.jpg", "original", "poster.jpg", "preview.webp"]
    with Image.open(BytesIO(read(files["image.jpg"]))) as rebuilt:
        assert rebuilt.size == (20, 40)
        assert not rebuilt.getexif()
        assert "comment" not in rebuilt.info
    assert b"Somebody" not in read(files["image.jpg"])


def test_a_photograph_of_a_phone_is_accepted(process: Process, look: Look, tmp_path: Path) -> None:
    """Of 12 million pixels, more than a video may have."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph = tmp_path / "photograph.jpg"
    Image.linear_gradient("L").resize((4032, 3024)).save(photograph, exif=exif)
    media, files = look(process(photograph))
    assert (media.status, media.width, media.height) == (Status.READY, 3024, 4032)
    sizes = {name: (file.width, file.height) for name, file in files.items()}
    assert (sizes["image.jpg"], sizes["poster.jpg"]) == ((1920, 2560), (960, 1280))


def test_a_document_is_only_stored(process: Process, look: Look, tmp_path: Path) -> None:
    pdf = tmp_path / "consent.pdf"
    pdf.write_bytes(b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n")
    media, files = look(process(pdf))
    assert (media.status, media.kind, media.content_type) == (
        Status.READY,
        Kind.DOCUMENT,
        "application/pdf",
    )
    assert list(files) == ["original"]


@pytest.mark.slow
def test_a_poster_is_not_black(process: Process, look: Look, samples: Path) -> None:
    dark = ("-vf", "scale=64:48,fade=in:st=0.6:d=0.2")
    media = process(film(samples / "dark.mp4", *PICTURES, *dark, *H264))
    with Image.open(BytesIO(read(look(media)[1]["poster.jpg"]))) as poster:
        assert ImageStat.Stat(poster.convert("L")).mean[0] > 40


@pytest.mark.slow
def test_unless_all_is_black(process: Process, look: Look, samples: Path) -> None:
    black = film(samples / "black.mp4", "-f", "lavfi", "-i", "color=black:s=64x48", *H264)
    assert "poster.jpg" in look(process(black))[1]


def test_parts_are_joined(deposit: Deposit, desk: Desk, look: Look, small_video: Path) -> None:
    media = deposit(small_video, parts=3)
    assert (len(media.parts), media.sha256) == (3, None)
    desk.run_next("media")
    media, files = look(media)
    assert (media.status, media.parts) == (Status.READY, [])
    assert read(files["original"]) == small_video.read_bytes()
    assert media.sha256 == files["original"].sha256
    assert {found.key for found in storage().objects()} == {file.key for file in files.values()}


def test_parts_that_a_worker_left_behind_are_deleted_by_the_next(
    deposit: Deposit, desk: Desk, look: Look, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = deposit(small_video, parts=3)

    def die(*_: object, **__: object) -> None:
        raise Stopping

    with monkeypatch.context() as patch:
        patch.setattr("app.media.work.probe", die)
        assert desk.run_next("media")
    media, files = look(media)
    assert (len(media.parts), list(files)) == (3, ["original"])
    assert len(list(storage().objects())) == 4
    assert desk.run_next("media")
    media, files = look(media)
    assert (media.status, media.parts) == (Status.READY, [])
    assert {found.key for found in storage().objects()} == {file.key for file in files.values()}


def test_parts_of_a_rejected_file_are_deleted(
    deposit: Deposit, desk: Desk, look: Look, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_text("bonjour à tous")
    media = deposit(text, parts=3)
    desk.run_next("media")
    media, files = look(media)
    assert (media.status, media.parts, files) == (Status.REJECTED, [], {})
    assert list(storage().objects()) == []


def alter(key: str) -> None:
    """Have other bytes under this key, as many."""
    content = b"".join(storage().read(key))
    storage().delete(key)
    storage().write(key, [content[:-1] + bytes([content[-1] ^ 1])])


def test_a_part_that_changed_in_the_store_becomes_no_original(
    deposit: Deposit, desk: Desk, look: Look, small_video: Path
) -> None:
    """What was given is not what is there, whatever its size: nothing is made, nothing deleted."""
    media = deposit(small_video, parts=3)
    before = {found.key for found in storage().objects()}
    alter(media.pieces[1].key)
    assert desk.run_next("media")
    media, files = look(media)
    assert (media.status, media.sha256, files) == (Status.PROCESSING, None, {})
    assert {found.key for found in storage().objects()} == before
    error = desk.job("media.process").last_error
    assert error
    assert error.startswith("StorageDamaged")


def test_parts_of_before_are_joined_although_nothing_is_known_of_them(
    deposit: Deposit, desk: Desk, look: Look, database: Database, small_video: Path
) -> None:
    media = deposit(small_video, parts=3)
    with database.write.begin() as db:
        before = [{"key": part.key, "size": None, "sha256": None} for part in media.pieces]
        db.get_one(Media, media.id).parts = before
    desk.run_next("media")
    media, files = look(media)
    assert (media.status, media.parts) == (Status.READY, [])
    assert read(files["original"]) == small_video.read_bytes()


def test_a_second_run_makes_only_what_is_missing(
    process: Process, look: Look, desk: Desk, database: Database, small_video: Path
) -> None:
    media = process(small_video)
    before = look(media)[1]
    with database.write.begin() as db:  # as if the worker had died before the last rendition
        again = db.get_one(Media, media.id)
        again.status = Status.PROCESSING
        db.execute(delete(Rendition).where(Rendition.key == before["web.mp4"].key))
        storage().delete(before["web.mp4"].key)
        enqueue(db, "media.process", media_id=str(media.id))
    assert desk.run_next("media")

    media, after = look(media)
    assert media.status is Status.READY
    assert after["poster.jpg"].key == before["poster.jpg"].key
    assert after["web.mp4"].key != before["web.mp4"].key
    assert {found.key for found in storage().objects()} == {file.key for file in after.values()}


def test_a_media_deleted_meanwhile_leaves_nothing(
    deposit: Deposit,
    desk: Desk,
    database: Database,
    small_video: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media = deposit(small_video)

    def withdrawn(*given: Any, **named: Any) -> Any:
        found = probe(*given, **named)
        with database.write.begin() as db:
            files = service.renditions_of(db, media)
            db.execute(delete(Rendition).where(Rendition.media_id == media.id))
            db.execute(delete(Media).where(Media.id == media.id))
        for file in files:
            storage().delete(file.key)
        return found

    monkeypatch.setattr("app.media.work.probe", withdrawn)
    assert desk.run_next("media")
    assert desk.job("media.process").done_at
    assert list(storage().objects()) == []


@pytest.mark.slow
def test_a_worker_asked_to_stop_hands_the_media_back(
    deposit: Deposit, desk: Desk, look: Look, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = deposit(small_video)

    def stop(*_: object) -> None:
        raise Stopping

    with monkeypatch.context() as patch:
        patch.setattr("app.jobs.service.Run.check", stop)
        assert desk.run_next("media")
    assert look(media)[0].status is Status.PROCESSING
    assert desk.run_next("media")
    assert look(media)[0].status is Status.READY


@pytest.mark.slow
def test_bytes_that_changed_on_our_disk_are_no_fault_of_the_file(
    deposit: Deposit, desk: Desk, look: Look, small_video: Path, database: Database
) -> None:
    media = deposit(small_video)
    with database.write.begin() as db:
        db.get_one(Media, media.id).sha256 = "0" * 64
    assert desk.run_next("media")
    assert (look(media)[0].status, len(look(media)[1])) == (Status.PROCESSING, 1)
    error = desk.job("media.process").last_error
    assert error
    assert error.startswith("StorageDamaged")


@pytest.mark.slow
def test_its_progress_shows(
    deposit: Deposit, desk: Desk, look: Look, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[float] = []

    def note(_db: Session, _media_id: UUID, share: float) -> None:
        shown.append(round(share, 2))

    monkeypatch.setattr(service, "show_progress", note)
    media = deposit(small_video)
    desk.run_next("media")
    assert shown == sorted(shown)
    assert shown[0] == 0.05
    assert len(shown) >= 3
    assert look(media)[0].status is Status.READY


def test_saying_so_makes_no_new_version(
    deposit: Deposit, look: Look, database: Database, small_video: Path
) -> None:
    media = deposit(small_video)
    with database.write.begin() as db:
        service.show_progress(db, media.id, 0.5)
    after = look(media)[0]
    assert (after.progress, after.version) == (0.5, media.version)
    assert after.updated_at == media.updated_at


def test_a_rejected_media_is_not_looked_at_again(
    process: Process, desk: Desk, look: Look, database: Database, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    media = process(empty)
    with database.write.begin() as db:
        db.execute(delete(Job))
        enqueue(db, "media.process", media_id=str(media.id))
    assert desk.run_next("media")
    assert look(media)[0].version == media.version
    assert media.reason is Reason.CONTAINER


@pytest.mark.slow
def test_a_trimmed_phone_video_shows_only_what_was_kept(
    process: Process, look: Look, samples: Path
) -> None:
    """A trim is an edit list: what was cut off is still in the file, and not in what is shown."""
    plain = film(samples / "untrimmed.mp4", *PICTURES, *SOUND, *H264, "-g", "100", seconds=3)
    trimmed = film(samples / "trimmed.mp4", "-ss", "1.5", "-i", str(plain), "-c", "copy")
    media, files = look(process(trimmed))
    assert media.status is Status.READY
    web = samples / "trimmed-web.mp4"
    web.write_bytes(read(files["web.mp4"]))
    assert "Duration: 00:00:01.0" in tags_of(web)
    assert trimmed.stat().st_size > film(samples / "x.mp4", *PICTURES, *H264).stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.ogg", "a.wav", "a.flac", "a.aac", "a.3gp"])
def test_every_accepted_format_becomes_ready(process: Process, samples: Path, name: str) -> None:
    pictures = PICTURES if name in ("a.mkv", "a.webm", "a.3gp") else ()
    small = ("-vf", "scale=176:144") if pictures else ()
    sound = (*SOUND, "-c:a", "aac") if name == "a.3gp" else SOUND
    assert process(film(samples / name, *pictures, *sound, *small)).status is Status.READY


@pytest.mark.slow
def test_a_large_video_is_shown_in_720p(process: Process, look: Look, samples: Path) -> None:
    large = ("-f", "lavfi", "-i", "color=size=1921x1081:rate=10,format=yuv444p")
    path = film(samples / "large.mkv", *large, "-c:v", "ffv1")
    media, files = look(process(path))
    assert (media.width, media.height) == (1921, 1081)
    assert (files["web.mp4"].width, files["web.mp4"].height) == (1280, 720)


# Too much work, and machines that fail


def test_what_was_too_much_work_may_be_tried_again(
    process: Process,
    look: Look,
    desk: Desk,
    database: Database,
    small_video: Path,
    monkeypatch: pytest.MonkeyPatch,
    db: Session,
) -> None:
    def too_slow(name: str, *given: Any) -> Any:
        if name == "web.mp4":
            raise Unfinished
        return make(name, *given)

    with monkeypatch.context() as patch:
        patch.setattr("app.media.work.make", too_slow)
        media = process(small_video)
    assert (media.status, media.reason) == (Status.REJECTED, Reason.BUDGET)
    before = look(media)[1]
    assert sorted(before) == ["original", "poster.jpg"]

    with database.write.begin() as writing:
        service.ask_processing(writing, media)
    assert desk.run_next("media")
    media, after = look(media)
    assert (media.status, media.reason, media.progress) == (Status.READY, None, None)
    assert after["poster.jpg"].key == before["poster.jpg"].key
    assert sorted(after) == ["original", "poster.jpg", "preview.webp", "web.mp4"]
    events = select(AuditEvent.action).where(AuditEvent.subject_id == media.id)
    assert sorted(db.scalars(events)) == ["media.ready", "media.received", "media.rejected"]


def test_but_not_when_nothing_was_kept(
    process: Process,
    look: Look,
    desk: Desk,
    database: Database,
    voice: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file of too many bytes is rejected for the same reason, by the probe."""
    with monkeypatch.context() as patch:
        patch.setattr(settings(), "audio_max", 1000)
        media = process(voice)
    assert (media.reason, look(media)[1]) == (Reason.BUDGET, {})
    with database.write.begin() as writing:
        service.ask_processing(writing, media)
    assert desk.run_next("media")
    again = look(media)[0]
    assert (again.status, again.version) == (Status.REJECTED, media.version)


@pytest.fixture
def resume(desk: Desk) -> Callable[[], None]:
    """Let a day pass."""

    def resume() -> None:
        desk.ask("media.resume")
        assert desk.run_next()
        assert {job.last_error for job in desk.jobs("media.resume")} == {None}

    return resume


def test_what_a_machine_gave_up_is_asked_for_again(
    deposit: Deposit,
    desk: Desk,
    look: Look,
    small_video: Path,
    voice: Path,
    resume: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media = deposit(small_video)
    with monkeypatch.context() as patch:
        patch.setattr(settings(), "ffmpeg", "/nowhere/ffmpeg")
        for _ in range(MAX_ATTEMPTS):
            desk.make_due()
            assert desk.run_next("media")
    assert desk.job("media.process").failed_at
    assert look(media)[0].status is Status.PROCESSING
    waiting = deposit(voice)

    resume()
    jobs = desk.jobs("media.process")
    assert sorted(job.state for job in jobs) == ["dead", "waiting", "waiting"]
    resume()
    assert desk.count("media.process") == 3
    while desk.run_next("media"):
        pass
    assert {look(one)[0].status for one in (media, waiting)} == {Status.READY}
    resume()
    assert desk.count("media.process") == 3


def test_a_passage_too(
    make: Make, database: Database, desk: Desk, resume: Callable[[], None]
) -> None:
    missing, made = make.media(), make.media(files={"clip-0-900.mp4": b"x", "clip-0-900.jpg": b"x"})
    rejected = make.media(status=Status.REJECTED, reason=Reason.CORRUPT)
    with database.write.begin() as db:
        for media in (missing, made, rejected):
            service.ask_clip(db, media, 0, 900)
    desk.change(failed_at=now())
    resume()
    asked = [job.facts["media_id"] for job in desk.jobs("media.clip") if not job.failed_at]
    assert asked == [str(missing.id)]


def test_folders_of_the_dead_are_removed(
    deposit: Deposit, desk: Desk, voice: Path, resume: Callable[[], None]
) -> None:
    """One holds the original under a second name, which would outlive its deletion."""
    deposit(voice)
    work = settings().data_dir / "work"
    work.mkdir(exist_ok=True)
    dead, living = work / f"{uuid4()}.5", work / f"{desk.job('media.process').id}.1"
    for folder in (dead, living):
        folder.mkdir()
        (folder / "input").touch()
    resume()
    assert (dead.exists(), living.exists()) == (False, True)
    assert desk.run_next("media")


def test_it_is_done_once_a_day() -> None:
    assert HANDLERS["media.resume"].every == timedelta(days=1)
