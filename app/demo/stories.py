"""The stories of the demo, as the files beside this one tell them; and what is known of them."""

import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.authentication import Caller
from app.accounts.models import Account, Organization
from app.accounts.permissions import GRANTS, Role
from app.audiences.models import DecisionMaker
from app.media.models import Media
from app.places.models import Place, Territory

Row = dict[str, Any]
Stories = dict[str, list[Row]]

# How rows name one another, and how deeds do.
LINKS = {
    "bundle": "bundle_id",
    "decision_maker": "decision_maker_id",
    "expectations": "expectation_ids",
    "excerpt": "excerpt_id",
    "organization": "organization_id",
    "partner_organization": "partner_organization_id",
    "place": "place_id",
    "scheme": "scheme_id",
    "territory": "territory_id",
    "testimony": "testimony_id",
    "themes": "theme_ids",
    "witness": "witness_id",
    "witnesses": "witness_ids",
    "workshop": "workshop_id",
}


def load() -> Stories:
    """The rows of every file, by table, in their order: accounts before who needs them."""
    found: Stories = defaultdict(list)
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for table, rows in tomllib.loads(path.read_text("utf-8")).items():
            found[table] += rows if isinstance(rows, list) else [rows]
    return found


def filename(key: str) -> str:
    """How the recording of this testimony is called."""
    return f"{key}.mp4"


class Known:
    """What the rows are in the database: ids by key (territories by code), callers by key."""

    def __init__(self, db: Session, stories: Stories) -> None:
        self.ids: dict[str, UUID] = dict(db.execute(select(Territory.code, Territory.id)).all())
        self.callers: dict[str, Caller] = {}
        self.media: dict[str, UUID] = {}
        self._find(db, stories["organizations"], Organization.name)
        self._find(db, stories["places"], Place.name)
        self._find(db, stories["decision_makers"], DecisionMaker.title)
        self._find_accounts(db, stories["accounts"])
        self._find_media(db, stories)

    def role(self, role: Role) -> Caller:
        """The account of this role, of which there is one."""
        return next(caller for caller in self.callers.values() if caller.role is role)

    def described(self, row: Row, *left_out: str) -> Row:
        """The row as a deed wants it: ids in the place of keys; its own key is left out."""
        return {
            LINKS.get(name, name): self._id(value) if name in LINKS else value
            for name, value in row.items()
            if name not in ("key", *left_out)
        }

    def _id(self, key: str | list[str]) -> UUID | list[UUID]:
        return self.ids[key] if isinstance(key, str) else [self.ids[k] for k in key]

    def _find(self, db: Session, rows: list[Row], name: InstrumentedAttribute[str]) -> None:
        """Those of these rows that are there, by the name that they are known by."""
        keys = {row[name.key]: row["key"] for row in rows}
        for id_, found in db.execute(select(name.class_.id, name).where(name.in_(keys))):
            self.ids[keys[found]] = id_

    def _find_accounts(self, db: Session, rows: list[Row]) -> None:
        emails = {row["email"]: row["key"] for row in rows}
        for account in db.scalars(select(Account).where(Account.email.in_(emails))):
            self.callers[emails[account.email]] = caller(account)

    def _find_media(self, db: Session, stories: Stories) -> None:
        files = {filename(row["key"]): row["key"] for row in films(stories)}
        ours = [me.id for me in self.callers.values()]
        rows = select(Media).where(Media.filename.in_(files), Media.created_by_id.in_(ours))
        for media in db.scalars(rows):
            self.media[files[media.filename]] = media.id


def caller(account: Account) -> Caller:
    """This account, as if it had logged in."""
    grants = GRANTS[account.role]
    return Caller(account.id, account.organization_id, account.role, grants, account.id)


def films(stories: Stories) -> list[Row]:
    """The testimonies that were filmed."""
    return [row for row in stories["testimonies"] if "video" in row]
