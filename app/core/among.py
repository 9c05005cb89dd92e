"""Which rows are among many: all their ids are one parameter of a statement that stays the same.

So the statement is compiled and planned once, whatever their number, which no limit of parameters
bounds.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Dialect, String, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


class _Ids(TypeDecorator[Sequence[UUID]]):
    """Many ids: an array of PostgreSQL's, or on SQLite a list in JSON."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(Uuid()))

    def process_bind_param(self, value: Sequence[UUID] | None, dialect: Dialect) -> Any:
        ids = [*(value or ())]
        return json.dumps([*map(str, ids)]) if dialect.name == "sqlite" else ids


class _Among(FunctionElement[Any]):
    """`_Among(column, ids)`.

    No boolean to SQLAlchemy, which would compare it with 1 on SQLite, where no index finds that.
    """

    type = NullType()
    inherit_cache = True


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: Any, **options: Any) -> str:
    column, ids = element.clauses
    given = func.json_each(ids).table_valued("value")
    return str(compiler.process(column.in_(select(given.c.value)), **options))


@compiles(_Among)
def _in_array(element: _Among, compiler: Any, **options: Any) -> str:
    column, ids = element.clauses
    return str(compiler.process(column == func.any(ids), **options))


def among(column: Any, name: str) -> ColumnElement[bool]:
    """Whether the id in this column is one of those that the parameter of this name lists."""
    return _Among(column, bindparam(name, type_=_Ids()))
