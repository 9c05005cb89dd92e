"""media: of each part that waits to be joined its size and its SHA-256 are known, not its key only.

Of parts that wait during the upgrade nothing more is known: they are joined as they were.
"""

import sqlalchemy as sa
from alembic import op

revision = "f7c3920a5be1"
down_revision = "e4a81f07c3d6"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MEDIA = sa.table("media", sa.column("id", GUID), sa.column("parts", sa.JSON()))


def upgrade() -> None:
    describe(op.get_bind())


def downgrade() -> None:
    name_only(op.get_bind())


def describe(connection: sa.Connection) -> None:
    for id_, keys in _waiting(connection):
        _keep(connection, id_, [{"key": key, "size": None, "sha256": None} for key in keys])


def name_only(connection: sa.Connection) -> None:
    for id_, parts in _waiting(connection):
        _keep(connection, id_, [part["key"] for part in parts])


def _waiting(connection: sa.Connection) -> list[sa.Row]:
    """The few media whose bytes are in parts."""
    some = sa.cast(MEDIA.c.parts, sa.String) != "[]"
    return list(connection.execute(sa.select(MEDIA.c.id, MEDIA.c.parts).where(some)))


def _keep(connection: sa.Connection, id_: object, parts: list) -> None:
    connection.execute(sa.update(MEDIA).where(MEDIA.c.id == id_).values(parts=parts))
