"""bundles: an item may be shown with the signatures of those who speak."""

import sqlalchemy as sa
from alembic import op

revision = "5d0b6e7c91fa"
down_revision = "f7c3920a5be1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bundle_items") as batch_op:
        batch_op.add_column(
            sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("bundle_items") as batch_op:
        batch_op.alter_column("signed", server_default=None)
        batch_op.create_check_constraint(
            op.f("ck_bundle_items_signed_by_witnesses"), "text IS NULL OR NOT signed"
        )
    with op.batch_alter_table("release_items") as batch_op:
        batch_op.add_column(sa.Column("signed_by", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("release_items") as batch_op:
        batch_op.drop_column("signed_by")
    with op.batch_alter_table("bundle_items") as batch_op:
        batch_op.drop_constraint(op.f("ck_bundle_items_signed_by_witnesses"), type_="check")
        batch_op.drop_column("signed")
