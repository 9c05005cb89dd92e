"""One output, one of its inputs. No foreign keys: both are rows of features above."""

from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Derivation(Base):
    """That the row `output_id` of the table `output` holds something of the row `input_id`."""

    __tablename__ = "derivations"
    __table_args__ = (
        Index(None, "input_id", "input"),
        Index(None, "output_id", "output", "input_id", "input", unique=True),
    )

    output: Mapped[str] = mapped_column(String(40))
    output_id: Mapped[UUID]
    input: Mapped[str] = mapped_column(String(40))
    input_id: Mapped[UUID]
