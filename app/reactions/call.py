"""One request by whoever holds a personal link: the token in its address is all that they have."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from app.calls.call import IdempotencyHeader, RequestCall
from app.releases import deliveries

Passcode = Annotated[
    str | None, Header(alias="X-Passcode", max_length=200), AfterValidator(deliveries.from_header)
]


@dataclass(frozen=True)
class Recipient:
    """The delivery whose link was followed: idempotency keys are its own."""

    id: UUID


class LinkCall(RequestCall[Recipient]):
    """Entering it opens the link: its passcode is asked for, its first opening is kept."""

    passcode: str | None = None

    def _prepare(self) -> None:
        deliveries.enter(self.database, self._token, self.passcode)

    def _bearer(self, db: Session) -> Recipient:
        return Recipient(deliveries.find(db, self._token).id)


async def receive_link(
    token: str,
    request: Request,
    passcode: Passcode = None,
    idempotency_key: IdempotencyHeader = None,
) -> LinkCall:
    """A recipient's call: async, so that no thread is needed for it."""
    asked = b""
    if idempotency_key:
        asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
        asked += await request.body()
    call = LinkCall(request, token, idempotency_key, asked)
    call.passcode = passcode
    return call


Linked = Annotated[LinkCall, Depends(receive_link)]
