"""What can be found, and the two tables that each database finds it by."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class TextKind(StrEnum):
    """What words are of."""

    TESTIMONY = "testimony"
    EXCERPT = "excerpt"
    TRANSCRIPT = "transcript"


class IndexedText(Base):
    """That the words of a thing can be found, under a number that grows with its date.

    `vector` holds them on PostgreSQL. SQLite has them in the FTS5 table of the kind, in the row of
    this number.
    """

    __tablename__ = "indexed_texts"
    __table_args__ = (
        Index(None, "kind", "number", unique=True),
        Index(
            None, "vector", postgresql_using="gin", sqlite_where=text("vector IS NOT NULL")
        ),  # nothing on SQLite
    )

    kind: Mapped[TextKind]
    thing_id: Mapped[UUID] = mapped_column(unique=True)
    number: Mapped[int] = mapped_column(BigInteger)
    vector: Mapped[str | None] = mapped_column(Text().with_variant(TSVECTOR, "postgresql"))


def _fts(kind: TextKind) -> Table:
    columns = [Column(name, Text) for name in COLUMNS]
    name = f"{kind}_fts"
    hidden = Column("rowid", Integer), Column("rank", Integer), Column(name, Text)
    return Table(name, MetaData(), *columns, *hidden)


COLUMNS = ("title", "title_words", "body", "body_words")  # stems, and whole words for beginnings
FTS = {kind: _fts(kind) for kind in TextKind}  # on SQLite; made by a migration
