"""codebook: examples, retirement and merging of themes; the queue and the log of decisions."""

import sqlalchemy as sa
from alembic import op

revision = "1fe0386ab9de"
down_revision = "bbb8bc0d8eb7"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("themes", schema=None) as batch_op:
        for name in ("examples", "counter_examples"):
            batch_op.add_column(sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("retired_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("retired_by_id", GUID, nullable=True))
        batch_op.add_column(sa.Column("merged_into_id", GUID, nullable=True))
        batch_op.create_check_constraint(
            batch_op.f("ck_themes_retired_by"), "(retired_at IS NULL) = (retired_by_id IS NULL)"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_themes_merged_is_retired"),
            "merged_into_id IS NULL OR retired_at IS NOT NULL",
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_themes_merged_elsewhere"), "merged_into_id <> id"
        )
        batch_op.create_index(batch_op.f("ix_themes_merged_into_id"), ["merged_into_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_themes_merged_into_id"), "themes", ["merged_into_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_themes_retired_by_id"), "accounts", ["retired_by_id"], ["id"]
        )
    with op.batch_alter_table("themes", schema=None) as batch_op:
        for name in ("examples", "counter_examples"):
            batch_op.alter_column(name, existing_type=sa.JSON(), server_default=None)
    op.create_index(
        op.f("ix_testimonies_state_submitted_at_id"),
        "testimonies",
        ["state", "submitted_at", "id"],
    )
    op.create_index(op.f("ix_decisions_created_at_id"), "decisions", ["created_at", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_decisions_created_at_id"), table_name="decisions")
    op.drop_index(op.f("ix_testimonies_state_submitted_at_id"), table_name="testimonies")
    with op.batch_alter_table("themes", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_themes_retired_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_themes_merged_into_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_themes_merged_into_id"))
        for name in ("merged_elsewhere", "merged_is_retired", "retired_by"):
            batch_op.drop_constraint(batch_op.f(f"ck_themes_{name}"), type_="check")
        batch_op.drop_column("merged_into_id")
        batch_op.drop_column("retired_by_id")
        batch_op.drop_column("retired_at")
        batch_op.drop_column("counter_examples")
        batch_op.drop_column("examples")
