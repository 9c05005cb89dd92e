"""What every table has in common: ids, moments, versions."""

import enum
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import (
    CHAR,
    JSON,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    MetaData,
    String,
    Uuid,
    bindparam,
    type_coerce,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

KNOWN = 10_000  # ids that need not be read again


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware when written, aware and in UTC when read, whatever the database.

    SQLite keeps it as RFC 3339 text of fixed width, so that it sorts, compares, and can be shown
    as it is. A naive datetime is refused with ValueError (a StatementError in SQLAlchemy).
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(CHAR(27) if sqlite else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} says no time zone.")
        moment = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return moment
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """At once, as the driver gives it: nothing lies between."""
        return _read if dialect.name == "sqlite" else _in_utc


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


At = datetime | ColumnElement[datetime]  # a moment that is known, or the present one
# The present of whoever executes it: for statements that are built once.
PRESENT: ColumnElement[datetime] = bindparam("present", callable_=now, type_=UtcDateTime())


class Guid(TypeDecorator[UUID]):
    """A random UUID: PostgreSQL's own type, or on SQLite the text that people read."""

    impl = Uuid
    cache_ok = True

    @property
    def python_type(self) -> type[UUID]:
        return UUID

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(CHAR(36) if dialect.name == "sqlite" else Uuid())

    def process_bind_param(self, value: UUID | str | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value if isinstance(value, str) else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Of SQLite's text at once: nothing lies between, and most of a page's rows are ids."""
        if dialect.name == "sqlite":
            return _uuid
        return super().result_processor(dialect, coltype)


@lru_cache(KNOWN)
def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


class _AsStored(TypeDecorator[Any]):
    """A column as the driver gives it: text on SQLite, PostgreSQL's own types elsewhere."""

    impl = String
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else self.kind)


AS_STORED = {UtcDateTime: _AsStored(DateTime(timezone=True)), Guid: _AsStored(Uuid())}


@cache
def as_stored(column: Any) -> ColumnElement[Any]:
    """This column, read without making Python objects of its ids, moments and words.

    Pydantic understands them as they are; on SQLite it halves the cost of a list.
    """
    kind = String() if isinstance(column.type, Enum) else AS_STORED.get(type(column.type))
    return type_coerce(column, kind) if kind else column


class Base(DeclarativeBase):
    """A row with a random id, which tells neither its order nor its date."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        UUID: Guid,
        dict[str, Any]: JSON,
        list[str]: JSON,
        # Stored as plain words, without a CHECK: a new word needs no migration.
        enum.Enum: Enum(
            enum.Enum,
            native_enum=False,
            length=40,
            values_callable=lambda words: [word.value for word in words],
        ),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Versioned(Base):
    """A row that people change: it counts its versions.

    Changing a row which another transaction changed meanwhile raises StaleDataError.
    """

    __abstract__ = True

    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"version_id_col": cls.version}

    def touch(self) -> None:
        """Say that something which belongs to this row changed: it gets a new version."""
        self.updated_at = now()
