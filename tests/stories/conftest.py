"""A town where the stories happen: an administrator makes it, by the API."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from app.accounts.permissions import Role
from app.core.db import Database
from app.worker import Workers, start
from tests.audit.deeds import Deeds
from tests.conftest import ClientFor
from tests.jobs.desk import Desk
from tests.make import Make
from tests.stories.people import PASSWORD, Animator, Editor, Person, Thing

number = count(1)


class Town:
    """Where people of organizations meet, and are given accounts."""

    def __init__(self, administrator: Person, client_for: ClientFor) -> None:
        self.administrator, self._client_for = administrator, client_for
        self.scheme = administrator.posts(
            "/schemes",
            {
                "code": "emplois-avenir",
                "name": "Emplois d'avenir",
                "public_title": "Paroles d'avenir",
                "question": "Comment ça se passe, en vrai ?",
                "starts_on": "2012-11-01",
            },
        )
        self.team = self.organization("Service d'évaluation (essai)", "region_service")

    def organization(self, name: str, kind: str, in_mapping: bool = True) -> Thing:
        told = {"name": name, "kind": kind, "in_mapping": in_mapping}
        return self.administrator.posts("/organizations", told)

    def place(self, name: str, kind: str, organization: Thing, territory: str) -> Thing:
        where = self.administrator.territory(territory)
        told = {"name": name, "kind": kind, "organization_id": organization["id"]}
        return self.administrator.posts("/places", told | {"territory_id": where})

    def animator(self, organization: Thing) -> Animator:
        return Animator(self._logged_in(Role.ANIMATOR, organization), self.scheme["id"])

    def editor(self) -> Editor:
        return Editor(self._logged_in(Role.EDITOR, self.team), self.scheme["id"])

    def evaluator(self) -> Person:
        return Person(self._logged_in(Role.EVALUATOR, self.team))

    def custodian(self) -> Person:
        return Person(self._logged_in(Role.CUSTODIAN, self.team))

    def somebody(self) -> Person:
        """Without any account."""
        return Person(self._client_for(None))

    def _logged_in(self, role: Role, organization: Thing) -> Any:
        """A client of somebody who was given an account, and logged in with their password."""
        email = f"personne{next(number)}@example.org"
        self.administrator.posts(
            "/accounts",
            {
                "email": email,
                "display_name": "Quelqu'un (essai)",
                "role": role,
                "organization_id": organization["id"],
                "password": PASSWORD,
            },
        )
        client = self._client_for(None)
        session = Person(client).posts("/sessions", {"email": email, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {session['token']}"
        return client


@pytest.fixture
def client_for(client_for: ClientFor, database: Database) -> Iterator[ClientFor]:
    """The same, and at the end of the story all that was done has left its event."""
    heard = Deeds(database)
    yield lambda account: heard.listen(client_for(account))
    assert heard.silent == []


@pytest.fixture
def town(make: Make, client_for: ClientFor) -> Town:
    administrator = make.account(role=Role.ADMINISTRATOR)
    return Town(Person(client_for(administrator)), client_for)


@pytest.fixture
def machines(database: Database) -> Callable[[], None]:
    """Do all that waits to be done."""
    return Desk(database).work_all


@pytest.fixture
def workers(database: Database) -> Iterator[Workers]:
    """Threads at work, until somebody stops them."""
    team = start(database)
    yield team
    team.stop()
