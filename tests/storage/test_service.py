"""Objects: written once, whole or not at all, read by ranges."""

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from itertools import repeat
from pathlib import Path
from queue import Queue
from tracemalloc import get_traced_memory, start, stop
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.problems import InsufficientStorage
from app.core.settings import MIB, settings
from app.storage import writers
from app.storage.keys import KeyRefused, checked, new_key
from app.storage.service import (
    ObjectExists,
    ObjectMissing,
    Storage,
    StorageUnavailable,
    Stored,
    StoredWriter,
    UrlRefused,
)
from app.storage.writers import DRAFTS, PART


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def on_disk(folder: Path) -> Storage:
    return Storage(f"file://{folder}")


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_what_is_written_is_read_again(objects: Storage) -> None:
    key = new_key("media")
    stored = objects.write(key, [b"un", b"", b"deux"])

    assert (stored.key, stored.size) == (key, 6)
    assert stored.sha256 == sha256(b"undeux").hexdigest()
    assert objects.size(key) == 6
    assert b"".join(objects.read(key)) == b"undeux"
    assert [found.key for found in objects.objects("media")] == [key]


def test_an_object_may_be_empty(objects: Storage) -> None:
    objects.write("media/empty", [])
    assert objects.size("media/empty") == 0
    assert list(objects.read("media/empty")) == []


@pytest.mark.parametrize(
    ("first", "last", "expected"), [(0, 1, b"a"), (2, 5, b"cde"), (3, 6, b"def"), (4, 4, b"")]
)
def test_a_range_is_read_alone(objects: Storage, first: int, last: int, expected: bytes) -> None:
    objects.write("media/alphabet", [b"abcdef"])
    assert b"".join(objects.read_range("media/alphabet", first, last)) == expected


def test_a_range_may_be_of_many_chunks(objects: Storage) -> None:
    content = os.urandom(9 * MIB + 17)  # more than one piece, and one part, of a bucket
    stored = objects.write(
        "media/large", (content[at : at + MIB] for at in range(0, 10 * MIB, MIB))
    )
    assert (stored.size, stored.sha256) == (len(content), sha256(content).hexdigest())
    assert objects.sha256("media/large") == stored.sha256
    for first, last in ((0, len(content)), (MIB - 1, 6 * MIB + 1), (5, len(content))):
        found = list(objects.read_range("media/large", first, last))
        assert b"".join(found) == content[first:last]
        assert max(map(len, found)) <= MIB


@pytest.mark.parametrize("objects", ["folder", "semantic"], indirect=True)
def test_a_range_may_end_after_the_object(objects: Storage) -> None:
    """As of S3; nanio refuses such ranges."""
    objects.write("media/alphabet", [b"abcdef"])
    for first, last, expected in ((3, 100, b"def"), (6, 100, b""), (50, 100, b"")):
        assert b"".join(objects.read_range("media/alphabet", first, last)) == expected


def descriptors() -> set[str]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of this listing
            found.add(os.readlink(entry))
    return found


def test_what_is_read_may_be_deleted_and_is_not_kept_open(on_disk: Storage, folder: Path) -> None:
    on_disk.write("media/gone", [bytes(2 * MIB)])
    whole, dropped = on_disk.read("media/gone"), on_disk.read("media/gone")
    never = on_disk.read("media/gone")
    next(dropped)
    on_disk.delete("media/gone")
    assert sum(map(len, whole)) == 2 * MIB
    assert next(whole, b"end") == b"end"
    assert f"{folder}/media/gone (deleted)" in descriptors()
    del dropped, never
    assert f"{folder}/media/gone (deleted)" not in descriptors()


def test_a_key_is_written_once(objects: Storage) -> None:
    objects.write("media/once", [b"first"])
    with pytest.raises(ObjectExists):
        objects.write("media/once", [b"second"])
    assert b"".join(objects.read("media/once")) == b"first"


@pytest.mark.parametrize("objects", ["folder", "semantic"], indirect=True)
def test_of_two_writers_of_one_key_the_second_fails(objects: Storage) -> None:
    """Also when both began before either was done. nanio knows no conditional creation."""
    one, two = objects.open_writer("media/race"), objects.open_writer("media/race")
    one.write(b"one")
    two.write(b"two")
    one.finish()
    with pytest.raises(ObjectExists):
        two.finish()
    assert b"".join(objects.read("media/race")) == b"one"
    assert [found.key for found in objects.objects()] == ["media/race"]


@pytest.mark.parametrize("objects", ["folder", "semantic"], indirect=True)
def test_of_many_writers_at_once_exactly_one_creates_the_object(objects: Storage) -> None:
    writers = [objects.open_writer("media/race") for _ in range(12)]
    for number, writer in enumerate(writers):
        writer.write(b"%d" % number)

    def finish(writer: StoredWriter) -> Stored | None:
        with suppress(ObjectExists):
            return writer.finish()
        return None

    with ThreadPoolExecutor(12) as threads:
        done = list(filter(None, threads.map(finish, writers)))
    assert len(done) == 1
    assert objects.sha256("media/race") == done[0].sha256


def test_what_is_too_large_for_one_request_is_written_once_too(objects: Storage) -> None:
    objects.write("media/large", [bytes(PART), b"first"])
    with pytest.raises(ObjectExists):
        objects.write("media/large", [bytes(PART), b"second"])
    assert objects.size("media/large") == PART + 5


def test_a_broken_write_leaves_nothing(objects: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        objects.write("media/half", broken())
    with pytest.raises(ObjectMissing):
        objects.size("media/half")
    assert list(objects.objects()) == []


def test_nor_does_one_that_broke_between_two_parts(objects: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield from repeat(bytes(MIB), 20)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        objects.write("media/half", broken())
    assert list(objects.objects()) == []


def test_not_even_a_draft(on_disk: Storage, folder: Path) -> None:
    writer = on_disk.open_writer("media/half")
    writer.write(b"half")
    assert len(files(folder)) == 1
    writer.abandon()
    assert files(folder) == []


def test_what_is_missing_is_said_at_once(objects: Storage) -> None:
    for read in (objects.size, objects.read, lambda key: objects.read_range(key, 0, 5)):
        with pytest.raises(ObjectMissing):
            read("media/nothing")


def test_deleting_twice_is_deleting_once(objects: Storage) -> None:
    objects.write("media/gone", [b"x"])
    objects.delete("media/gone")
    objects.delete("media/gone")
    with pytest.raises(ObjectMissing):
        objects.size("media/gone")


def test_a_tool_gets_a_file(objects: Storage, tmp_path: Path) -> None:
    objects.write("media/input", [b"abc"])
    room = tmp_path / "room"
    room.mkdir()
    path = objects.local_copy("media/input", room)
    assert path.read_bytes() == b"abc"
    path.unlink()
    assert objects.size("media/input") == 3
    with pytest.raises(ObjectMissing):
        objects.local_copy("media/nothing", room, "other")


@given(st.text("abz09_-./A \0\n", max_size=30))
def test_a_key_never_leads_elsewhere(key: str) -> None:
    try:
        checked(key)
    except KeyRefused:
        return
    assert not key.startswith((".", "/"))
    assert ".." not in key


@pytest.mark.parametrize("key", ["", "../x", "/etc/passwd", "a//b", "a/../b", "A", "a\x00", ".d/x"])
def test_a_key_of_another_form_is_refused(objects: Storage, key: str) -> None:
    def read_range(key: str) -> None:
        objects.read_range(key, 0, 1)

    for use in (objects.open_writer, objects.size, objects.delete, objects.read, read_range):
        with pytest.raises(KeyRefused):
            use(key)


def test_it_is_on_disk_before_it_is_said(
    on_disk: Storage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced, then has its name, then its directory is synced."""
    steps: list[str] = []
    fsync, link = os.fsync, os.link

    def note_sync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        steps.append("file" if path.parent.name == DRAFTS else str(path.relative_to(folder)))
        fsync(descriptor)

    def note_link(*paths: Any) -> None:
        steps.append("name")
        link(*paths)

    (folder / DRAFTS).mkdir()
    monkeypatch.setattr("os.fsync", note_sync)
    monkeypatch.setattr("os.link", note_link)
    on_disk.write("media/ab/c", [b"abc"])
    assert steps == ["file", ".", "media", "name", "media/ab"]
    steps.clear()
    on_disk.delete("media/ab/c")
    assert steps == ["media/ab"]


def test_drafts_of_the_dead_are_deleted_once_old(on_disk: Storage, folder: Path) -> None:
    on_disk.open_writer("media/any").finish()
    on_disk.delete("media/any")
    (folder / DRAFTS / "dead").write_bytes(b"half")
    assert list(on_disk.objects()) == []
    assert on_disk.delete_drafts(timedelta(hours=1)) == 0
    assert on_disk.delete_drafts(timedelta(seconds=-1)) == 1
    assert files(folder) == []


def test_room_is_kept_for_reading_and_withdrawing(
    on_disk: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_disk, "free_space", lambda: 1000)
    monkeypatch.setattr(settings(), "disk_reserve", 900)
    on_disk.require_room(100)
    with pytest.raises(InsufficientStorage):
        on_disk.require_room(101)


@pytest.mark.parametrize(
    "objects", ["folder", pytest.param("semantic", marks=pytest.mark.slow)], indirect=True
)
def test_memory_stays_flat(objects: Storage) -> None:
    chunk = os.urandom(MIB)
    start()
    objects.write("media/large", (chunk for _ in range(64)))
    assert sum(len(piece) for piece in objects.read("media/large")) == 64 * MIB
    peak = get_traced_memory()[1]
    stop()
    assert peak < 32 * MIB


@pytest.mark.parametrize("url", ["", "memory:///", "/folder", "s3://", "ftp://example.org/x"])
def test_a_storage_is_a_folder_or_a_bucket(url: str) -> None:
    with pytest.raises(UrlRefused):
        Storage(url)


def test_every_page_of_a_long_list_is_read(objects: Storage) -> None:
    keys = {objects.write(new_key("media"), [b"x"]).key for _ in range(30)}
    assert {found.key for found in objects.objects("media")} == keys
    assert list(objects.objects("med")) == []


def test_it_answers(objects: Storage) -> None:
    objects.check()


def test_a_disk_that_is_not_mounted_is_an_outage_not_an_empty_one(
    on_disk: Storage, folder: Path
) -> None:
    """What is asked to be deleted from it was not deleted."""
    on_disk.write("media/a", [b"kept"])
    folder.rename(folder.with_name("elsewhere"))
    for use in (on_disk.size, on_disk.read, on_disk.delete):
        with pytest.raises(StorageUnavailable):
            use("media/a")
    with pytest.raises(StorageUnavailable):
        on_disk.check()
    folder.with_name("elsewhere").rename(folder)
    assert b"".join(on_disk.read("media/a")) == b"kept"


def test_what_is_large_reaches_the_disk_while_it_comes(
    on_disk: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "AT_LEAST", 1000)
    synced: Queue[int] = Queue()
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.put(os.fstat(file).st_size))

    def chunks() -> Iterator[bytes]:
        yield b"un" * 300
        yield b"un" * 300
        assert synced.get(timeout=30) == 1200
        yield b"deux"

    stored = on_disk.write(key := new_key("media"), chunks())
    assert stored.size == 1204
    assert b"".join(on_disk.read(key)) == b"un" * 600 + b"deux"


def test_what_is_large_leaves_the_systems_memory_once_it_is_on_disk(
    on_disk: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "AT_LEAST", 1000)
    done: Queue[tuple[object, ...]] = Queue()
    monkeypatch.setattr(os, "fdatasync", lambda _: done.put(("on disk",)))
    monkeypatch.setattr(os, "posix_fadvise", lambda _, *asked: done.put(asked))

    def chunks() -> Iterator[bytes]:
        for first, size in ((0, 1200), (1200, 2000)):
            yield b"a" * size
            assert done.get(timeout=30) == ("on disk",)
            assert done.get(timeout=30) == (first, size, os.POSIX_FADV_DONTNEED)

    on_disk.write(new_key("media"), chunks())
    on_disk.write(new_key("media"), [b"small"])
    assert done.empty()


def test_a_disk_that_fails_meanwhile_leaves_nothing(
    on_disk: Storage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "AT_LEAST", 1000)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "no such luck")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OSError, match="no such luck"):
        on_disk.write(key := new_key("media"), [b"a" * 1000] * 100)
    assert not files(folder), key
