"""Listen to what clients do: a deed that is answered well and adds no audit event is kept."""

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.audit.service import EVENTS
from app.core.db import Database

SAFE = ("GET", "HEAD", "OPTIONS")


class Deeds:
    """`silent`: method and address of the requests that changed something unrecorded."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.silent: list[str] = []

    def listen(self, client: TestClient) -> TestClient:
        client.event_hooks = {"request": [self._before], "response": [self._after]}
        return client

    def _before(self, request: Any) -> None:
        request.extensions["events"] = self._count()

    def _after(self, response: Any) -> None:
        request = response.request
        if request.method in SAFE or not response.is_success:
            return
        if self._count() == request.extensions["events"]:
            self.silent.append(f"{request.method} {request.url.path}")

    def _count(self) -> int:
        with self._database.read() as db:
            return db.scalar(select(func.count()).select_from(EVENTS)) or 0
