"""excerpts: what stands around the words, by which they are found again."""

import sqlalchemy as sa
from alembic import op

revision = "b41d7c0e9a52"
down_revision = "5f0e8f5c1b7a"
branch_labels = None
depends_on = None

# At most 32 code points of the body. Around what is said in a recording, nobody knows until the
# next correction: until then the words are found again when they stand once.
AROUND = """
    UPDATE excerpts SET
        prefix = (
            SELECT substr(
                body,
                CASE WHEN excerpts.start > 32 THEN excerpts.start - 31 ELSE 1 END,
                CASE WHEN excerpts.start > 32 THEN 32 ELSE excerpts.start END
            ) FROM testimonies WHERE testimonies.id = excerpts.testimony_id
        ),
        suffix = (
            SELECT substr(body, excerpts.stop + 1, 32)
            FROM testimonies WHERE testimonies.id = excerpts.testimony_id
        )
    WHERE selector = 'text' AND transcript_id IS NULL AND state = 'valid' AND erased_at IS NULL
"""


def upgrade() -> None:
    with op.batch_alter_table("excerpts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("prefix", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("suffix", sa.Text(), nullable=True))
    op.execute(AROUND)


def downgrade() -> None:
    with op.batch_alter_table("excerpts", schema=None) as batch_op:
        batch_op.drop_column("suffix")
        batch_op.drop_column("prefix")
