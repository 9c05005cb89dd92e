"""Ready-made rows for tests: say what matters, the rest is made up.

Each is committed at once, as if an earlier request had made it.
"""

from datetime import date, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.authentication import TOKEN, fingerprint
from app.accounts.models import Account, ApiToken, Organization
from app.accounts.models import Kind as OrganizationKind
from app.accounts.permissions import Role
from app.core.models import Base, now
from app.places.models import Place, PlaceKind, Territory
from app.schemes.models import Scheme
from app.workshops.models import Kind, Workshop

Row = TypeVar("Row", bound=Base)
number = count(1)


class Make:
    """One method for each kind of row."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions
        self._scheme: Scheme | None = None

    def organization(self, **given: Any) -> Organization:
        return self._save(
            Organization,
            given,
            name=f"Association {next(number)}",
            kind=OrganizationKind.ASSOCIATION,
        )

    def account(self, **given: Any) -> Account:
        given["organization"] = given.get("organization") or self.organization()
        email = f"someone{next(number)}@example.org"
        return self._save(
            Account, given, email=email, role=Role.ANIMATOR, display_name="Quelqu'un (démo)"
        )

    def token(self, account: Account, **given: Any) -> str:
        token = f"{TOKEN}token-{next(number)}"
        owner = {"account_id": account.id, "fingerprint": fingerprint(token)}
        self._save(ApiToken, given, **owner, name="tests")
        return token

    def territory(self, code: str = "83126") -> Territory:
        """One of the reference data, by its INSEE code."""
        with self.sessions() as db:
            return db.scalars(select(Territory).where(Territory.code == code)).one()

    def scheme(self, **given: Any) -> Scheme:
        """A scheme of one's own; `make.the_scheme` is the one that others are about."""
        return self._save(
            Scheme,
            given,
            code=f"dispositif-{next(number)}",
            name="Emplois d'avenir",
            public_title="Vos emplois d'avenir",
            question="Comment ça se passe, en vrai ?",
            starts_on=date(2012, 11, 1),
        )

    @property
    def the_scheme(self) -> Scheme:
        if self._scheme is None:
            self._scheme = self.scheme()
        return self._scheme

    def place(self, **given: Any) -> Place:
        organization = given.pop("organization", None) or self.organization()
        return self._save(
            Place,
            given,
            organization_id=organization.id,
            territory_id=self.territory().id,
            name="ERIC-Cyber-base Berthe",
            kind=PlaceKind.ERIC_CYBER_BASE,
        )

    def workshop(self, **given: Any) -> Workshop:
        """A workshop which started an hour ago, in `place` or at `organization`'s."""
        organization = given.pop("organization", None)
        place = given.pop("place", None) or self.place(organization=organization)
        return self._save(
            Workshop,
            given,
            scheme_id=self.the_scheme.id,
            place_id=place.id,
            owner_organization_id=place.organization_id,
            kind=Kind.WORKSHOP,
            method="video",
            title="Atelier vidéo à l'ERIC de La Seyne",
            starts_at=now() - timedelta(hours=1),
            roles_expected=[],
        )

    def _save(self, model: type[Row], given: dict[str, Any], /, **made_up: Any) -> Row:
        row = model(**(made_up | given))
        with self.sessions.begin() as db:
            db.add(row)
        return row
