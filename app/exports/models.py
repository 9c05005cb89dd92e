"""An export, which is no table: its events in the audit log are what is kept of it."""

from uuid import uuid4

from app.core.models import Base, now


class Export(Base):
    """One export: the subject of its audit events. `who` made it is told for people to read."""

    __abstract__ = True

    def __init__(self, who: str = "", purpose: str = "", is_followed: bool = False) -> None:
        self.id = uuid4()
        self.made_at = now()
        self.who, self.purpose, self.is_followed = who, purpose, is_followed
