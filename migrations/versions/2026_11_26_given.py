"""deliveries: the release with which a link was given, and whether it is that of a wall.

A link opens another release once its recipient took note that the first one was recalled: what was
given before this migration is known as it is now.
"""

import sqlalchemy as sa
from alembic import op

revision = "9e4a7d10c3b8"
down_revision = "c81d5f20ab37"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
WALLS = """
    UPDATE deliveries SET is_wall = true WHERE recipient = 'Exposition'
    AND release_id IN (SELECT id FROM releases WHERE form = 'exhibition')
"""


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as batch_op:
        batch_op.add_column(sa.Column("given_release_id", ID, nullable=True))
        batch_op.add_column(
            sa.Column("is_wall", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.execute("UPDATE deliveries SET given_release_id = release_id")
    op.execute(WALLS)
    with op.batch_alter_table("deliveries") as batch_op:
        batch_op.alter_column("given_release_id", nullable=False)
        batch_op.alter_column("is_wall", server_default=None)
        batch_op.create_foreign_key(
            op.f("fk_deliveries_given_release_id_releases"),
            "releases",
            ["given_release_id"],
            ["id"],
        )
        batch_op.create_index(op.f("ix_deliveries_given_release_id"), ["given_release_id"])


def downgrade() -> None:
    with op.batch_alter_table("deliveries") as batch_op:
        batch_op.drop_index(op.f("ix_deliveries_given_release_id"))
        batch_op.drop_constraint(
            op.f("fk_deliveries_given_release_id_releases"), type_="foreignkey"
        )
        batch_op.drop_column("is_wall")
        batch_op.drop_column("given_release_id")
