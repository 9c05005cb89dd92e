"""What jobs do: words that a dead process left on the disk are removed."""

from datetime import timedelta

from app.exports.rooms import sweep
from app.jobs.service import Run, handles


@handles("exports.sweep", every=timedelta(hours=1))
def remove_what_is_left(_: Run) -> None:
    """Remove the files of exports whose process died."""
    sweep()
