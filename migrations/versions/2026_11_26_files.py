"""files: those of a release are there before they are made."""

import sqlalchemy as sa
from alembic import op

revision = "c5d1e07f3b86"
down_revision = "c94f1a7e2b60"
branch_labels = None
depends_on = None

STATUS = sa.Enum("pending", "ready", "failed", name="filestatus", native_enum=False, length=40)


def upgrade() -> None:
    with op.batch_alter_table("release_files") as table:
        table.add_column(sa.Column("status", STATUS, nullable=False, server_default="ready"))
        table.add_column(sa.Column("progress", sa.Double(), nullable=True))
        table.alter_column("size", existing_type=sa.BigInteger(), nullable=True)
        table.alter_column("sha256", existing_type=sa.String(length=64), nullable=True)
        table.create_check_constraint(
            op.f("ck_release_files_ready_is_measured"),
            "(status = 'ready') = (size IS NOT NULL) AND (status = 'ready') = (sha256 IS NOT NULL)",
        )
        table.create_check_constraint(
            op.f("ck_release_files_progress_is_a_share"), "progress BETWEEN 0 AND 1"
        )
    with op.batch_alter_table("release_files") as table:
        table.alter_column("status", existing_type=STATUS, server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM release_files WHERE status != 'ready'")
    with op.batch_alter_table("release_files") as table:
        table.drop_constraint(op.f("ck_release_files_progress_is_a_share"), type_="check")
        table.drop_constraint(op.f("ck_release_files_ready_is_measured"), type_="check")
        table.alter_column("sha256", existing_type=sa.String(length=64), nullable=False)
        table.alter_column("size", existing_type=sa.BigInteger(), nullable=False)
        table.drop_column("progress")
        table.drop_column("status")
