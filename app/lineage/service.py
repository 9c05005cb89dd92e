"""Remember what was made of what; find all that was made of something, however indirectly."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import and_, delete, insert, literal, or_, select
from sqlalchemy.orm import Session

from app.core.models import Base
from app.lineage.models import Derivation

DERIVATIONS = Derivation.metadata.tables["derivations"]
Rows = dict[str, set[UUID]]  # ids by table


def made(db: Session, output: Base, inputs: Iterable[tuple[type[Base], UUID | None]]) -> None:
    """Keep that this row was made from those: (model, id) pairs; a null id says nothing.

    What it was made from before is forgotten: the output is made anew.
    """
    db.flush()
    name = output.__tablename__
    db.execute(
        delete(DERIVATIONS).where(
            DERIVATIONS.c.output_id == output.id, DERIVATIONS.c.output == name
        )
    )
    known = {(model.__tablename__, id_) for model, id_ in inputs if id_}
    if known:
        made_of = {"output": name, "output_id": output.id}
        rows = [
            made_of | {"input": table, "input_id": id_} for table, id_ in sorted(known, key=str)
        ]
        db.execute(insert(Derivation), rows)


def made_from(db: Session, start: Mapping[str, Collection[UUID]]) -> Rows:
    """All that was made of these rows, directly or not, by table; the rows themselves excepted."""
    found: Rows = {}
    new: Rows = {table: set(ids) for table, ids in start.items() if ids}
    known: Rows = {table: set(ids) for table, ids in new.items()}
    while new:
        below: Rows = {}
        inputs = [
            and_(DERIVATIONS.c.input == literal(table), DERIVATIONS.c.input_id.in_(ids))
            for table, ids in new.items()
        ]
        rows = select(DERIVATIONS.c.output, DERIVATIONS.c.output_id).where(or_(*inputs))
        for table, id_ in db.execute(rows):
            if id_ not in known.setdefault(table, set()):
                known[table].add(id_)
                below.setdefault(table, set()).add(id_)
                found.setdefault(table, set()).add(id_)
        new = below
    return found


def forget(db: Session, table: str, ids: Collection[UUID]) -> None:
    """These outputs are gone, and so is what is known of their making."""
    if ids:
        gone = DERIVATIONS.c.output == table, DERIVATIONS.c.output_id.in_(ids)
        db.execute(delete(DERIVATIONS).where(*gone))


def forget_made_of(db: Session, table: str, ids: Collection[UUID]) -> None:
    """These rows are gone, with all that was made of them: so is what is known of that."""
    if ids:
        gone = DERIVATIONS.c.input == table, DERIVATIONS.c.input_id.in_(ids)
        db.execute(delete(DERIVATIONS).where(*gone))
