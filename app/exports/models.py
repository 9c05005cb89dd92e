"""An export, which is no table: its events in the audit log are what is kept of it."""

from uuid import uuid4

from app.core.models import Base


class Export(Base):
    """One export: the subject of its audit events."""

    __abstract__ = True

    def __init__(self) -> None:
        self.id = uuid4()
