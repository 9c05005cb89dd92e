"""figures: tables for everybody, frozen by period."""

import sqlalchemy as sa
from alembic import op

revision = "3f9a71c06be2"
down_revision = "a6f03b7d9c12"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "frozen_figures",
        sa.Column("scheme_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_month", sa.String(length=7), nullable=True),
        sa.Column("last_month", sa.String(length=7), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("testimonies", sa.Integer(), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["schemes.id"], name=op.f("fk_frozen_figures_scheme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_figures")),
        sa.UniqueConstraint(
            "scheme_id", "last_month", name=op.f("uq_frozen_figures_scheme_id_last_month")
        ),
        sa.UniqueConstraint("scheme_id", "number", name=op.f("uq_frozen_figures_scheme_id_number")),
    )
    with op.batch_alter_table("frozen_figures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_frozen_figures_last_month_id"), ["last_month", "id"], unique=False
        )


def downgrade() -> None:
    op.drop_table("frozen_figures")
