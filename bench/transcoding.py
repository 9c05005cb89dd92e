"""What it costs to make a phone's film ready, beside the bare ffmpeg command."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

from sqlalchemy import delete, select

import app.media.jobs  # noqa: F401 - registers the handler
from app.accounts.authentication import Caller
from app.accounts.models import Account
from app.accounts.permissions import GRANTS
from app.jobs.models import Job
from app.jobs.runner import Worker
from app.jobs.service import MEDIA
from app.media import service
from app.media.ffmpeg import BARE, SOUND, ffmpeg
from app.media.models import Rendition
from app.media.probe import probe
from app.media.transcode import POSTER, WEB, make
from app.media.video import H264
from app.storage.keys import new_key
from app.storage.service import storage
from bench.run import Measure, at_most

SECONDS = 30
SOON = 2.0  # seconds


def of_transcoding(database: Any, folder: Path) -> Iterator[Measure]:
    """A clip of 30 s in 1080p: its film in 720p, and how soon its poster is there."""
    film = _film(folder / "input")
    found = probe(folder)
    plain = [
        *(ffmpeg(), "-v", "error", "-y", "-threads", "1", "-i", str(film)),
        *("-map", "0:v:0", "-map", "0:a:0", "-vf", "scale=1280:720,setsar=1", *H264, *SOUND),
        *(*BARE, "-threads", "1", "-movflags", "+faststart", str(folder / "plain.mp4")),
    ]
    ours, bare = [], []
    for _ in range(2):
        ours.append(processor(lambda: make(WEB, folder, found, lambda _: None)))
        bare.append(processor(lambda: subprocess.run(plain, check=True)))
    yield at_most(1.1, "30 s of 1080p to 720p, processor time", min(ours), min(bare), "s")

    def poster() -> None:
        probe(folder)
        make(POSTER, folder, found, lambda _: None)

    yield at_most(
        1, "its poster: look, choose, look again, processor time", processor(poster), SOON, "s"
    )
    yield at_most(
        1, "its poster, by the clock, after the last byte", _wait(database, film), SOON, "s"
    )


def _film(path: Path) -> Path:
    """As a phone makes it: a key frame each second."""
    pictures = "testsrc2=size=1920x1080:rate=30"
    subprocess.run(
        [
            *(ffmpeg(), "-v", "error", "-y", "-f", "lavfi", "-i", pictures),
            *("-f", "lavfi", "-i", "anoisesrc=color=pink", "-t", str(SECONDS), "-g", "30"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-f", "mp4", str(path)),
        ],
        check=True,
    )
    return path


def processor(work: Callable[[], Any]) -> float:
    """Seconds of processor that our children take for this."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _wait(database: Any, film: Path) -> float:
    """From the commit of the deposit until the poster is kept, with a worker at work."""
    with database.read() as db:
        account = db.scalars(select(Account).limit(1)).one()
        role = account.role
        me = Caller(account.id, account.organization_id, role, GRANTS[role], account.id)
    stored = storage().store_file(new_key("media"), film)
    with database.write.begin() as db:
        db.execute(delete(Job))  # what the uploads before left to do
        media_id = service.receive(db, stored, filename="film.mp4", by=me).id
    began = monotonic()
    worker = Thread(target=Worker(database).run_next, args=(MEDIA,))
    worker.start()
    made = select(Rendition.id).where(Rendition.media_id == media_id, Rendition.name == POSTER)
    while worker.is_alive():
        with database.read() as db:
            if db.scalar(made):
                break
        sleep(0.02)
    took = monotonic() - began
    worker.join()
    return took
