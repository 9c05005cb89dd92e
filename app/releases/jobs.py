"""What is still to be made of releases is asked for again, so that nothing waits for ever.

That it is made is the work of `pages`, which knows the page that goes into the archive.
"""

from datetime import timedelta

from sqlalchemy import select

from app.jobs.service import Run, handles
from app.releases.files import ask_composing
from app.releases.models import FileStatus, Release, ReleaseFile


@handles("releases.resume", every=timedelta(days=1))
def resume(run: Run) -> None:
    """Ask for the files of releases that are pending: an embargo has ended, a job was lost."""
    pending = select(ReleaseFile.release_id).where(ReleaseFile.status == FileStatus.PENDING)
    rows = select(Release).where(Release.id.in_(pending), Release.recalled_at.is_(None))
    with run.reading() as db:
        releases = list(db.scalars(rows))
    for release in releases:
        run.check()
        with run.writing() as db:
            ask_composing(db, release)
