"""A backup, and a day's forgetting, which are no tables: what is kept of them is in the log."""

from uuid import uuid4

from app.core.models import Base


class Backup(Base):
    """One backup: the subject of its audit events."""

    __abstract__ = True

    def __init__(self) -> None:
        self.id = uuid4()


class Retention(Base):
    """What was forgotten at once, by one rule: the subject of its audit event."""

    __abstract__ = True

    def __init__(self) -> None:
        self.id = uuid4()
