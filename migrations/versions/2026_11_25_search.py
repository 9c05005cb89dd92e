"""search: words to be found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "3a7d2c9b51e4"
down_revision = "4b226560445f"
branch_labels = None
depends_on = None

FTS = ("testimony_fts", "excerpt_fts", "transcript_fts")


def upgrade() -> None:
    op.create_table(
        "indexed_texts",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("thing_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("vector", sa.Text().with_variant(TSVECTOR, "postgresql"), nullable=True),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indexed_texts")),
        sa.UniqueConstraint("thing_id", name=op.f("uq_indexed_texts_thing_id")),
    )
    with op.batch_alter_table("indexed_texts") as table:
        table.create_index(op.f("ix_indexed_texts_kind_number"), ["kind", "number"], unique=True)
        table.create_index(
            op.f("ix_indexed_texts_vector"),
            ["vector"],
            postgresql_using="gin",
            sqlite_where=sa.text("vector IS NOT NULL"),
        )
    if op.get_bind().dialect.name == "sqlite":
        for table in FTS:
            op.execute(
                f"CREATE VIRTUAL TABLE {table} USING fts5"
                "(title, title_words, body, body_words, tokenize = 'ascii')"
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in FTS:
            op.execute(f"DROP TABLE {table}")
    op.drop_table("indexed_texts")
