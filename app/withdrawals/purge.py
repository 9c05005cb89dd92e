"""Erase words wherever they were kept: in rows, in what was made of them, on the disk."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.core.db import Database, make_engine
from app.core.models import now
from app.excerpts.models import Excerpt
from app.media.models import Media, Rendition
from app.testimonies.models import Testimony, TestimonyMedia, TestimonyTag


def forget_testimonies(db: Session, ids: Collection[UUID]) -> list[str]:
    """Erase the words of these testimonies, and what was made of them; the keys of their files.

    The caller deletes the objects of these keys once it has committed.
    """
    moment, keys = now(), list[str]()
    for testimony in db.scalars(select(Testimony).where(Testimony.id.in_(ids))):
        testimony.title = testimony.body = testimony.restriction = None
        testimony.erased_at = moment
    for excerpt in db.scalars(select(Excerpt).where(Excerpt.testimony_id.in_(ids))):
        excerpt.exact = excerpt.practice = excerpt.memo = excerpt.public_quote = None
        excerpt.erased_at = moment
    db.execute(delete(TestimonyTag).where(TestimonyTag.testimony_id.in_(ids)))
    theirs = set(
        db.scalars(select(TestimonyMedia.media_id).where(TestimonyMedia.testimony_id.in_(ids)))
    )
    shared = select(TestimonyMedia.media_id).where(
        TestimonyMedia.media_id.in_(theirs), TestimonyMedia.testimony_id.not_in(ids)
    )
    theirs -= set(db.scalars(shared))
    keys += forget_media(db, theirs)
    return keys


def forget_media(db: Session, ids: Collection[UUID]) -> list[str]:
    """Erase these media: their names, and all that was made of them; the keys of their files."""
    keys = list(db.scalars(select(Rendition.key).where(Rendition.media_id.in_(ids))))
    for media in db.scalars(select(Media).where(Media.id.in_(ids))):
        keys += media.parts
        media.parts, media.filename, media.erased_at = [], "", now()
    db.execute(delete(Rendition).where(Rendition.media_id.in_(ids)))
    return keys


def scrub(database: Database) -> None:
    """Have nothing of what was erased left in the files of the database."""
    url = database.write.kw["bind"].url.render_as_string(hide_password=False)
    engine = make_engine(url, {})
    with engine.connect() as connection:
        if database.dialect == "sqlite":
            connection.connection.driver_connection.execute(  # type: ignore[union-attr]
                "PRAGMA wal_checkpoint(TRUNCATE)"
            )
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM"))
    engine.dispose()
