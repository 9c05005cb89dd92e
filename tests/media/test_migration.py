"""What is being joined when the service is upgraded is still joined."""

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select, update

from app.core.db import Database
from app.media.models import Media
from tests.make import Make


def test_parts_of_before_keep_their_keys_in_order_both_ways(
    make: Make, alembic_config: Config, database: Database
) -> None:
    waiting, whole = make.media(), make.media()
    migration = ScriptDirectory.from_config(alembic_config).get_revision("f7c3920a5be1")
    assert migration
    table = Media.metadata.tables["media"]
    with database.write.begin() as db:
        of_it = update(table).where(table.c.id == waiting.id)
        db.execute(of_it.values(parts=["uploads/b/0-é", "uploads/a/5"]))
        migration.module.describe(db.connection())
    with database.read() as db:
        pieces = db.get_one(Media, waiting.id).pieces
        assert [part.key for part in pieces] == ["uploads/b/0-é", "uploads/a/5"]
        assert {(part.size, part.sha256) for part in pieces} == {(None, None)}
        assert db.get_one(Media, whole.id).pieces == []
    with database.write.begin() as db:
        migration.module.name_only(db.connection())
        parts = select(table.c.parts).where(table.c.id == waiting.id)
        assert db.scalar(parts) == ["uploads/b/0-é", "uploads/a/5"]
