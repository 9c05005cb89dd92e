"""A question, as a filter takes it; and what holds for the things that answer it."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import Boolean, ColumnElement, false, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.core.text import refuse_invalid
from app.textindex.languages import Where, match, tsquery
from app.textindex.sought import LONGEST, MOST, TooManyWords, read

ON_SQLITE = (
    "{} IN (SELECT said.thing_id FROM testimony_fts JOIN indexed_texts AS said"
    " ON said.number = testimony_fts.rowid AND said.kind = 'testimony'"
    " WHERE testimony_fts MATCH {})"
)
ON_POSTGRESQL = (
    "EXISTS (SELECT 1 FROM indexed_texts AS said"
    " WHERE said.thing_id = {} AND said.vector @@ CAST({} AS tsquery))"
)


def _refuse_too_many(question: str) -> str:
    try:
        read(question)
    except TooManyWords:
        raise PydanticCustomError(
            "words_sought_too_many", "At most {most} words", {"most": MOST}
        ) from None
    return question


Question = Annotated[
    str,
    Field(
        max_length=LONGEST,
        description='Words; "a phrase"; -without. The last word may be begun only.',
        examples=['tuteur "premier jour" -stage'],
    ),
    AfterValidator(refuse_invalid),
    AfterValidator(_refuse_too_many),
]


class _Says(FunctionElement[bool]):
    """The id of a testimony, the question as FTS5 takes it, and as PostgreSQL does."""

    type = Boolean()
    inherit_cache = True


def testimony_says(testimony_id: Any, question: str) -> ColumnElement[bool]:
    """Whether the testimony of this id (a column) says what a question looks for."""
    sought = read(question)
    if not sought.terms:
        return false()
    on_sqlite = literal(match(sought, Where.ANYWHERE))
    on_postgresql = literal(tsquery(sought, Where.ANYWHERE), literal_execute=True)  # see `_says`
    return _Says(testimony_id, on_sqlite, on_postgresql)


@compiles(_Says, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    testimony_id, asked, _ = element.clauses
    of_it, question = compiler.process(testimony_id, **options), compiler.process(asked, **options)
    return ON_SQLITE.format(of_it, question)


@compiles(_Says, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    testimony_id, _, asked = element.clauses
    of_it, question = compiler.process(testimony_id, **options), compiler.process(asked, **options)
    return ON_POSTGRESQL.format(of_it, question)
