"""Alembic's entry: the tables are those of every feature, the database that of the settings.

SQLite changes a table by copying and dropping it (batch mode). With foreign keys enforced, the
drop would fail, or delete the rows which point to it: they are checked at the end instead.
"""

import re
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic import context
from sqlalchemy import Column

from app.core.db import dialect_of, make_engine
from app.core.models import Base, Guid, UtcDateTime
from app.core.settings import settings

for path in Path(__file__).parents[1].glob("app/*/models.py"):
    import_module(f"app.{path.parent.name}.models")

# SQLite does not tell the direction of an index: these are compared on PostgreSQL only.
DESCENDING = {
    index.name
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if not all(isinstance(part, Column) for part in index.expressions)
}
warnings.filterwarnings("ignore", message="autogenerate skipping metadata-specified expression")

FTS5 = re.compile(r"_fts(_|$)")
PLAIN = {
    UtcDateTime: 'sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")',
    Guid: 'sa.Uuid().with_variant(sa.CHAR(36), "sqlite")',
}


def render_item(_kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Migrations do not depend on our types: they may change."""
    return PLAIN.get(type(item), False)


def include_name(name: str | None, kind: str, _: object) -> bool:
    """Leave alone what is in the database already, but cannot be compared there.

    And the tables that FTS5 keeps, of which the models know nothing.
    """
    if kind == "table":
        return not (sqlite and name and FTS5.search(name))
    return not (sqlite and kind == "index" and name in DESCENDING)


def include_object(item: Any, name: str | None, kind: str, *_: object) -> bool:
    """Leave it alone in the models too."""
    return include_name(name, kind, item)


url = context.config.attributes.get("url") or settings().database
sqlite = dialect_of(url) == "sqlite"
engine = make_engine(url, {"foreign_keys": "OFF"} if sqlite else {"statement_timeout": "0"})

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        include_name=include_name,
        include_object=include_object,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if sqlite:
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if orphans:
                raise RuntimeError(f"These rows point to nothing: {orphans}")
engine.dispose()
