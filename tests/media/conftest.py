"""Media to look at, made once, and a worker that does their jobs."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select

import app.media.jobs  # noqa: F401 - registers the handler
from app.accounts.authentication import Caller
from app.accounts.permissions import GRANTS
from app.core.db import Database
from app.core.settings import settings
from app.media import service
from app.media.models import Media, Rendition
from app.storage.keys import new_key
from app.storage.service import storage
from tests.jobs.desk import Desk
from tests.make import Make
from tests.media.film import AUTHOR, GPS, H264, PICTURES, SOUND, film

Deposit = Callable[..., Media]
Process = Callable[[Path], Media]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.fixture(scope="session")
def phone_video(samples: Path) -> Path:
    """One second of a phone, held upright, that tells who filmed and where."""
    plain = film(samples / "plain.mov", *PICTURES, *SOUND, *H264, "-c:a", "aac")
    tags = ("-metadata", f"artist={AUTHOR}", "-metadata", f"location={GPS}")
    keep = ("-c", "copy", "-movflags", "use_metadata_tags")
    rotated = ("-display_rotation", "90", "-i", str(plain))
    return film(samples / "phone.mov", *rotated, *keep, *tags, "-metadata:s:v", f"title={AUTHOR}")


@pytest.fixture(scope="session")
def voice(samples: Path) -> Path:
    return film(samples / "voice.mp3", *SOUND, "-metadata", f"artist={AUTHOR}")


@pytest.fixture(scope="session")
def small_video(samples: Path) -> Path:
    """As few bytes as possible: 64x48, without sound, index first."""
    small = ("-vf", "scale=64:48", *H264, "-movflags", "faststart")
    return film(samples / "small.mp4", *PICTURES, *small)


@pytest.fixture
def caller(make: Make) -> Caller:
    account = make.account()
    return Caller(
        account.id, account.organization_id, account.role, GRANTS[account.role], account.id
    )


@pytest.fixture
def deposit(database: Database, caller: Caller) -> Deposit:
    """Deposit a file, in `parts` objects."""

    def deposit(path: Path, *, filename: str | None = None, parts: int = 0) -> Media:
        content = path.read_bytes()
        cut = len(content) // max(1, parts) + 1
        pieces = [content[at : at + cut] for at in range(0, len(content), cut)]
        stored = [storage().write(new_key("media"), [piece]) for piece in pieces if parts]
        whole = None if parts else storage().write(new_key("media"), [content])
        with database.write.begin() as db:
            name = path.name if filename is None else filename
            return service.receive(db, whole or stored, filename=name, by=caller)

    return deposit


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def look(database: Database) -> Callable[[Media], tuple[Media, dict[str, Rendition]]]:
    """A media and its files, as they are now."""

    def look(media: Media) -> tuple[Media, dict[str, Rendition]]:
        with database.read() as db:
            media = db.scalars(select(Media).where(Media.id == media.id)).one()
            return media, {file.name: file for file in service.renditions_of(db, media)}

    return look


@pytest.fixture
def process(deposit: Deposit, desk: Desk, look: Callable[..., tuple[Media, object]]) -> Process:
    """Deposit a file and have the worker process it: no error, whatever the file."""

    def process(path: Path) -> Media:
        media = deposit(path)
        assert desk.run_next("media")
        job = desk.job("media.process")
        assert (job.done_at is not None, job.last_error) == (True, None)
        return look(media)[0]

    return process


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No working folder."""
    yield
    work = settings().data_dir / "work"
    assert not work.exists() or list(work.iterdir()) == []


def read(file: Rendition) -> bytes:
    content = b"".join(storage().read(file.key))
    assert sha256(content).hexdigest() == file.sha256
    assert len(content) == file.size
    return content
