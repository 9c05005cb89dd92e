"""accounts: since when their exports may have ids that are the same from one to the next."""

import sqlalchemy as sa
from alembic import op

revision = "e4a81f07c3d6"
down_revision = "e8a3c51f97d2"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("follow_up_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("follow_up_by_id", GUID, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_accounts_follow_up_by_id"), "accounts", ["follow_up_by_id"], ["id"]
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_accounts_follow_up_by_someone"),
            "(follow_up_at IS NULL) = (follow_up_by_id IS NULL)",
        )


def downgrade() -> None:
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_accounts_follow_up_by_someone"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_accounts_follow_up_by_id"), type_="foreignkey")
        batch_op.drop_column("follow_up_by_id")
        batch_op.drop_column("follow_up_at")
