"""The files of a release are made here: the archive holds its page, which we know how to write."""

from uuid import UUID

from app.jobs.service import MEDIA, Run, handles
from app.pages.render import standalone_page
from app.releases.composing import compose
from app.releases.files import PUBLISHED, PUBLISHED_HEAVY


@handles(PUBLISHED)
def make_files(run: Run, release_id: str) -> None:
    """Make what is pending of a release. Idempotent by the key of each file."""
    compose(run, UUID(release_id), standalone_page)


@handles(PUBLISHED_HEAVY, queue=MEDIA)
def make_heavy_files(run: Run, release_id: str) -> None:
    """The same of a release with a film, which waits for its turn."""
    compose(run, UUID(release_id), standalone_page)
