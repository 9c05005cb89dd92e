"""history: versions of what people change; remarks of the team."""

import sqlalchemy as sa
from alembic import op

revision = "4b226560445f"
down_revision = "1fe0386ab9de"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("of", sa.String(length=40), nullable=False),
        sa.Column("of_id", GUID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_id", GUID, nullable=True),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
    )
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_versions_of_id_replaces"), ["of_id", "replaces"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_versions_of_id_version"), ["of_id", "version"], unique=True
        )

    op.create_table(
        "remarks",
        sa.Column("testimony_id", GUID, nullable=True),
        sa.Column("excerpt_id", GUID, nullable=True),
        sa.Column("bundle_id", GUID, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", GUID, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolved_by_id", GUID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(CASE WHEN testimony_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN excerpt_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN bundle_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_remarks_about_one_thing"),
        ),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by_id IS NULL)",
            name=op.f("ck_remarks_resolved_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundles.id"], name=op.f("fk_remarks_bundle_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_remarks_by_id")),
        sa.ForeignKeyConstraint(
            ["excerpt_id"], ["excerpts.id"], name=op.f("fk_remarks_excerpt_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by_id"], ["accounts.id"], name=op.f("fk_remarks_resolved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["testimony_id"],
            ["testimonies.id"],
            name=op.f("fk_remarks_testimony_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
    )
    with op.batch_alter_table("remarks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_remarks_bundle_id_created_at_id"),
            ["bundle_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_remarks_excerpt_id_created_at_id"),
            ["excerpt_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_remarks_testimony_id_created_at_id"),
            ["testimony_id", "created_at", "id"],
            unique=False,
        )


def downgrade() -> None:
    op.execute("DELETE FROM derivations WHERE output IN ('versions', 'remarks')")
    with op.batch_alter_table("remarks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remarks_testimony_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_remarks_excerpt_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_remarks_bundle_id_created_at_id"))

    op.drop_table("remarks")
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_versions_of_id_version"))
        batch_op.drop_index(batch_op.f("ix_versions_of_id_replaces"))

    op.drop_table("versions")
