"""People who log in."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts import passwords
from app.accounts.models import Account
from app.accounts.passwords import hash_password
from tests.conftest import ClientFor
from tests.make import Make

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)  # once: it takes its time
SESSIONS = "/api/v1/sessions"


@pytest.fixture
def berthe(make: Make) -> Account:
    """An animator with a password."""
    return make.account(email="berthe@example.org", password_hash=HASH)


LogIn = Callable[..., Any]


@pytest.fixture
def log_in(as_anonymous: TestClient) -> LogIn:
    """Try to log in; the answer."""

    def log_in(email: str = "berthe@example.org", password: str = PASSWORD) -> Any:
        return as_anonymous.post(SESSIONS, json={"email": email, "password": password})

    return log_in


@pytest.fixture
def as_bearer(client_for: ClientFor) -> Callable[[str], TestClient]:
    """A client which calls with this token."""

    def as_bearer(token: str) -> TestClient:
        client = client_for(None)
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    return as_bearer


class Spy:
    """Counts the passwords that are verified in full, and hashed."""

    def __init__(self, hasher: Any) -> None:
        self._hasher = hasher
        self.verified = self.hashed = 0

    def verify(self, kept: str, password: str) -> bool:
        self.verified += 1
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), "as long as any other"
        return bool(self._hasher.verify(kept, password))

    def hash(self, password: str) -> str:
        self.hashed += 1
        return str(self._hasher.hash(password))


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", spy)
    return spy
