"""Bring a database to the present version, with the reference data that every one has."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config

from app.core.db import Database
from app.places import reference as places
from app.schemes import reference as schemes
from app.witnesses import reference as witnesses

ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"
logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells each look at the version
REFERENCES = (schemes.install, places.install, witnesses.install)


def migrations(url: str) -> Config:
    """Alembic's configuration, for this database."""
    return Config(str(ALEMBIC_INI), attributes={"url": url})


def migrate(url: str) -> None:
    """Bring this database to the present version. Repeating it changes nothing."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(migrations(url), "head")
    database = Database(url)
    try:
        install_reference_data(database)
    finally:
        database.dispose()


def install_reference_data(database: Database) -> None:
    """Vocabularies, territories, notices: what is missing of them."""
    with database.write.begin() as db:
        for install in REFERENCES:
            install(db)
