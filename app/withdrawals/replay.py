"""What the ledger holds and the database does not know is taken back again.

A database that comes from a backup knows nothing of what was withdrawn since. Whoever opens one for
people calls `replay` first.
"""

from itertools import islice
from operator import attrgetter

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database, locked
from app.withdrawals import ledger, service
from app.withdrawals.ledger import Entry
from app.withdrawals.models import Withdrawal
from app.witnesses.decision import Cell, Medium, Purpose
from app.witnesses.models import Witness

BATCH = 500


def replay(database: Database) -> int:
    """Do again every withdrawal that this database does not know; how many that was.

    One transaction for each, in their order. A witness whom the database does not know said nothing
    that is kept there. Cheap when there is nothing new: keys are compared, objects are not read.
    Raises LedgerDamaged.
    """
    with database.read() as db:
        unknown = _unknown(db)
    done = 0
    for entry in unknown:
        with database.write.begin() as db:
            done += _do_again(db, entry)
    return done


def replay_within(db: Session) -> int:
    """The same, all in the transaction of this session."""
    return sum(_do_again(db, entry) for entry in _unknown(db))


def _unknown(db: Session) -> list[Entry]:
    """The entries of which there is no withdrawal here, the oldest first: few, and short."""
    found = []
    everything = ledger.every_key()
    while batch := list(islice(everything, BATCH)):
        by_id = {ledger.id_in(key): key for key in batch}
        known = set(db.scalars(select(Withdrawal.id).where(Withdrawal.id.in_(by_id))))
        found += [ledger.read(key) for id_, key in by_id.items() if id_ not in known]
    return sorted(found, key=attrgetter("at"))


def _do_again(db: Session, entry: Entry) -> bool:
    """Whether there was something to do: of two processes that start at once, one does it."""
    witness = db.scalar(locked(db, select(Witness).where(Witness.id == entry.witness_id)))
    known = db.get(Withdrawal, entry.id) if witness else None
    if not witness or known:
        return False
    service.again(db, witness, _asked(entry), entry.at, entry.id)
    return True


def _asked(entry: Entry) -> service.Asked:
    """What was taken back, as `withdraw` is told."""
    cells = frozenset(
        Cell(Medium(medium), audience, form, Purpose(purpose) if purpose else "")
        for medium, audience, form, purpose in entry.cells
    )
    return service.Asked(entry.everything, cells, entry.choices)
