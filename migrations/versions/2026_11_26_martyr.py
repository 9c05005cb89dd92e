"""martyr: bundles offered to be taken apart, and what is said of them."""

import sqlalchemy as sa
from alembic import op

revision = "c41f7d20ab93"
down_revision = "3a7d2c9b51e4"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("bundles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("martyr_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("martyr_by_id", GUID, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_bundles_martyr_by_id"), "accounts", ["martyr_by_id"], ["id"]
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_bundles_martyr_by_someone"),
            "(martyr_at IS NULL) = (martyr_by_id IS NULL)",
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_bundles_martyr_or_ready"), "martyr_at IS NULL OR ready_at IS NULL"
        )

    op.create_table(
        "annotations",
        sa.Column("bundle_id", GUID, nullable=True),
        sa.Column("subject_version", sa.Integer(), nullable=False),
        sa.Column("section", sa.Integer(), nullable=True),
        sa.Column("item_id", GUID, nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", GUID, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by_id", GUID, nullable=True),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolved_by_id", GUID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("bundle_id IS NOT NULL", name=op.f("ck_annotations_about_one_thing")),
        sa.CheckConstraint(
            "section IS NULL OR item_id IS NULL", name=op.f("ck_annotations_about_one_part")
        ),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)"
            " AND (answer IS NULL) = (answered_by_id IS NULL)",
            name=op.f("ck_annotations_answered_by_someone"),
        ),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by_id IS NULL)",
            name=op.f("ck_annotations_resolved_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundles.id"], name=op.f("fk_annotations_bundle_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_annotations_by_id")),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["accounts.id"], name=op.f("fk_annotations_answered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by_id"], ["accounts.id"], name=op.f("fk_annotations_resolved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
    )
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_annotations_bundle_id_created_at_id"),
            ["bundle_id", "created_at", "id"],
            unique=False,
        )


def downgrade() -> None:
    op.execute("DELETE FROM derivations WHERE output = 'annotations'")
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_annotations_bundle_id_created_at_id"))

    op.drop_table("annotations")
    with op.batch_alter_table("bundles", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_bundles_martyr_or_ready"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_bundles_martyr_by_someone"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_bundles_martyr_by_id"), type_="foreignkey")
        batch_op.drop_column("martyr_by_id")
        batch_op.drop_column("martyr_at")
