"""search: on PostgreSQL words of titles are words of their own, and words lie in their row.

So the planner knows what it costs to read them; beside the table it took a walk through all of it
for the cheaper way. A long list of words that wait to be in the index misleads it likewise.
What was indexed is indexed anew by `search.complete`, which is due at once.
"""

from alembic import op

revision = "a6f03b7d9c12"
down_revision = "7b2c9e41d5a8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _store("MAIN", "SET (toast_tuple_target = 8160)", "SET (gin_pending_list_limit = 64)")


def downgrade() -> None:
    _store("EXTENDED", "RESET (toast_tuple_target)", "RESET (gin_pending_list_limit)")


def _store(storage: str, target: str, pending: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DELETE FROM indexed_texts")
    op.execute(f"ALTER TABLE indexed_texts ALTER COLUMN vector SET STORAGE {storage}")
    op.execute(f"ALTER TABLE indexed_texts {target}")
    op.execute(f"ALTER INDEX ix_indexed_texts_vector {pending}")
    op.execute("UPDATE jobs SET due_at = now() WHERE name = 'search.complete' AND done_at IS NULL")
