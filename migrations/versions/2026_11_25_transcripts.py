"""transcripts: timed words of recordings."""

import sqlalchemy as sa
from alembic import op

revision = "5f0e8f5c1b7a"
down_revision = "fe67c04486d0"
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
    op.create_table(
        "transcriptions",
        sa.Column("media_id", GUID, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("asked_by_id", GUID, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("progress", sa.Double(), nullable=True),
        sa.Column("failure", sa.String(40), nullable=True),
        sa.Column("transcript_id", GUID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "failure IS NULL OR transcript_id IS NULL", name=op.f("ck_transcriptions_ends_once")
        ),
        sa.CheckConstraint(
            "progress BETWEEN 0 AND 1", name=op.f("ck_transcriptions_progress_is_a_share")
        ),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_transcriptions_media_id")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["accounts.id"], name=op.f("fk_transcriptions_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_transcriptions_transcript_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcriptions")),
        sa.UniqueConstraint("media_id", name=op.f("uq_transcriptions_media_id")),
    )
    with op.batch_alter_table("excerpts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("transcript_id", GUID, nullable=True))
        batch_op.add_column(sa.Column("from_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("to_ms", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_excerpts_transcript_id"), "transcripts", ["transcript_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_excerpts_transcript_id"), ["transcript_id"])
        batch_op.drop_constraint(batch_op.f("ck_excerpts_time_is_of_media"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_excerpts_time_is_of_media"),
            "(selector = 'time' OR transcript_id IS NOT NULL) = (media_id IS NOT NULL)",
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_excerpts_said_at_a_time"),
            "(transcript_id IS NULL) = (from_ms IS NULL)"
            " AND (transcript_id IS NULL) = (to_ms IS NULL)",
        )


def downgrade() -> None:
    with op.batch_alter_table("excerpts", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_excerpts_said_at_a_time"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_excerpts_time_is_of_media"), type_="check")
    # What was taken from a transcript is no longer found where it says.
    op.execute(
        "UPDATE excerpts SET media_id = NULL, state = 'needs_review'"
        " WHERE transcript_id IS NOT NULL"
    )
    with op.batch_alter_table("excerpts", schema=None) as batch_op:
        batch_op.create_check_constraint(
            batch_op.f("ck_excerpts_time_is_of_media"),
            "(selector = 'time') = (media_id IS NOT NULL)",
        )
        batch_op.drop_constraint(batch_op.f("fk_excerpts_transcript_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_excerpts_transcript_id"))
        batch_op.drop_column("to_ms")
        batch_op.drop_column("from_ms")
        batch_op.drop_column("transcript_id")
    op.drop_table("transcriptions")
    op.drop_table("transcripts")
