"""Months end by themselves: what they brought is frozen then."""

from datetime import timedelta

from sqlalchemy import select

from app.core.models import now
from app.figures.service import freeze
from app.jobs.service import Run, handles
from app.schemes.models import Scheme


@handles("figures.freeze", every=timedelta(days=1))
def freeze_all(run: Run) -> None:
    """Freeze the figures of each scheme whose last month is over. Twice is once."""
    with run.reading() as db:
        schemes = list(db.scalars(select(Scheme.id).order_by(Scheme.code)))
    for scheme_id in schemes:
        run.check()
        with run.writing() as db:
            freeze(db, scheme_id, now())
