"""The territories that every installation starts with, by INSEE code; `migrate` adds them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import insert_new
from app.places.models import Level, Territory

TERRITORIES = [
    (Level.REGION, "93", "Provence-Alpes-Côte d'Azur", None),
    (Level.DEPARTMENT, "04", "Alpes-de-Haute-Provence", "93"),
    (Level.DEPARTMENT, "05", "Hautes-Alpes", "93"),
    (Level.DEPARTMENT, "06", "Alpes-Maritimes", "93"),
    (Level.DEPARTMENT, "13", "Bouches-du-Rhône", "93"),
    (Level.DEPARTMENT, "83", "Var", "93"),
    (Level.DEPARTMENT, "84", "Vaucluse", "93"),
    (Level.MUNICIPALITY, "04070", "Digne-les-Bains", "04"),
    (Level.MUNICIPALITY, "13055", "Marseille", "13"),
    (Level.MUNICIPALITY, "13056", "Martigues", "13"),
    (Level.MUNICIPALITY, "83126", "La Seyne-sur-Mer", "83"),
]


def install(db: Session) -> None:
    """Add the territories that are not there yet."""
    known: dict[str, UUID] = {}
    for level, code, name, parent in TERRITORIES:
        parent_id = known[parent] if parent else None
        insert_new(db, Territory, level=level, code=code, name=name, parent_id=parent_id)
        here = Territory.level == level, Territory.code == code
        known[code] = db.scalars(select(Territory.id).where(*here)).one()
