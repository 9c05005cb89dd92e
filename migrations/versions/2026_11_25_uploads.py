"""uploads: files that come in pieces; the same file twice is one media."""

import sqlalchemy as sa
from alembic import op

revision = "fe67c04486d0"
down_revision = "06224c5fe4c7"
branch_labels = None
depends_on = None

TAKEN_BACK = """
    UPDATE media SET taken_back_at = updated_at WHERE id IN (
        SELECT media_id FROM testimony_media
        JOIN testimonies ON testimonies.id = testimony_media.testimony_id
        WHERE testimonies.state = 'withdrawn'
    )
"""


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("created_by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("workshop_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True),
        sa.Column("metadata", sa.String(length=4000), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.Column("media_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(media_id IS NULL) = (received < size)", name=op.f("ck_uploads_whole_is_a_media")
        ),
        sa.CheckConstraint("received BETWEEN 0 AND size", name=op.f("ck_uploads_received_of_size")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["accounts.id"], name=op.f("fk_uploads_created_by_id")
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_uploads_media_id")),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshops.id"], name=op.f("fk_uploads_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_uploads_created_by_id_expires_at"),
            ["created_by_id", "expires_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_uploads_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_uploads_media_id"), ["media_id"], unique=False)

    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_upload_parts_upload_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_parts")),
        sa.UniqueConstraint("key", name=op.f("uq_upload_parts_key")),
        sa.UniqueConstraint("upload_id", "start", name=op.f("uq_upload_parts_upload_id_start")),
    )
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "deposited_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "taken_back_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )
        batch_op.drop_index(batch_op.f("ix_media_created_by_id"))
        batch_op.create_index(
            batch_op.f("ix_media_created_by_id_size"), ["created_by_id", "size"], unique=False
        )

    op.execute("UPDATE media SET deposited_at = created_at")
    op.execute(TAKEN_BACK)
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.alter_column("deposited_at", nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_media_created_by_id_size"))
        batch_op.create_index(batch_op.f("ix_media_created_by_id"), ["created_by_id"], unique=False)
        batch_op.drop_column("taken_back_at")
        batch_op.drop_column("deposited_at")

    op.drop_table("upload_parts")
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_uploads_media_id"))
        batch_op.drop_index(batch_op.f("ix_uploads_expires_at"))
        batch_op.drop_index(batch_op.f("ix_uploads_created_by_id_expires_at"))

    op.drop_table("uploads")
