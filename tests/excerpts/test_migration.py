"""Excerpts of before get what surrounds their words, as those that are chosen now have it."""

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.excerpts.models import Excerpt, ExcerptState
from app.excerpts.places import around
from tests.make import Make

BODY = f"{'👩🏽‍🍳 é' * 12} j'ai suivi Karim {'ça ' * 20}"


@pytest.mark.parametrize("exact", ["j'ai suivi Karim", BODY[:5], BODY[-5:], BODY, BODY[10:40]])
def test_it_is_read_from_the_body(
    make: Make, alembic_config: Config, db: Session, exact: str
) -> None:
    testimony = make.testimony(body=BODY)
    valid = make.excerpt(testimony, exact=exact)
    lost = make.excerpt(testimony, exact=exact, state=ExcerptState.NEEDS_REVIEW)
    migration = ScriptDirectory.from_config(alembic_config).get_revision("b41d7c0e9a52")
    assert migration
    with make.sessions.begin() as writing:
        writing.execute(update(Excerpt).values(prefix=None, suffix=None))
        writing.execute(text(migration.module.AROUND))
    kept = db.get_one(Excerpt, valid.id)
    assert (kept.prefix, kept.suffix) == around(BODY, valid.start, valid.stop)
    assert db.get_one(Excerpt, lost.id).prefix is None
