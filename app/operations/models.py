"""A backup, which is no table: its events in the audit log are what is kept of it here."""

from uuid import uuid4

from app.core.models import Base


class Backup(Base):
    """One backup: the subject of its audit events."""

    __abstract__ = True

    def __init__(self) -> None:
        self.id = uuid4()
