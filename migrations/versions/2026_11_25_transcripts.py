"""transcripts: timed words of recordings."""

import sqlalchemy as sa
from alembic import op

revision = "5f0e8f5c1b7a"
down_revision = "06224c5fe4c7"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "transcripts",
        sa.Column("media_id", GUID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("engine", sa.String(80), nullable=True),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("parent_id", GUID, nullable=True),
        sa.Column("segments", sa.JSON(), nullable=False),
        sa.Column("created_by_id", GUID, nullable=False),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("approved_by_id", GUID, nullable=True),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(approved_at IS NULL) = (approved_by_id IS NULL)",
            name=op.f("ck_transcripts_approved_by"),
        ),
        sa.CheckConstraint(
            "(source = 'machine') = (engine IS NOT NULL)",
            name=op.f("ck_transcripts_machine_is_named"),
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_transcripts_media_id")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["transcripts.id"], name=op.f("fk_transcripts_parent_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["accounts.id"], name=op.f("fk_transcripts_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["accounts.id"], name=op.f("fk_transcripts_approved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcripts")),
    )
    op.create_index(
        op.f("ix_transcripts_media_id_number"), "transcripts", ["media_id", "number"], unique=True
    )
    op.create_index(op.f("ix_transcripts_parent_id"), "transcripts", ["parent_id"])


def downgrade() -> None:
    op.drop_table("transcripts")
