"""candor: how freely a testimony was said."""

import sqlalchemy as sa
from alembic import op

revision = "bbb8bc0d8eb7"
down_revision = "b41d7c0e9a52"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "candors",
        sa.Column("testimony_id", GUID, nullable=False),
        sa.Column("first_person", sa.Boolean(), nullable=True),
        sa.Column("concrete_episode", sa.Boolean(), nullable=True),
        sa.Column("named_difficulty", sa.Boolean(), nullable=True),
        sa.Column("institutional_wording", sa.Boolean(), nullable=True),
        sa.Column("hierarchy_present", sa.Boolean(), nullable=True),
        sa.Column("prepared_text", sa.Boolean(), nullable=True),
        sa.Column("follow_up_tried", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("assessed_at", MOMENT, nullable=False),
        sa.Column("assessed_by_id", GUID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "coalesce(first_person, concrete_episode, named_difficulty, institutional_wording,"
            " hierarchy_present, prepared_text) IS NOT NULL",
            name=op.f("ck_candors_sign_noted"),
        ),
        sa.ForeignKeyConstraint(
            ["testimony_id"],
            ["testimonies.id"],
            name=op.f("fk_candors_testimony_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["assessed_by_id"], ["accounts.id"], name=op.f("fk_candors_assessed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candors")),
        sa.UniqueConstraint("testimony_id", name=op.f("uq_candors_testimony_id")),
    )


def downgrade() -> None:
    op.drop_table("candors")
