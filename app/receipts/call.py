"""One request by a witness: the token is that of the session which their code opened."""

from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.calls.call import SAFE_METHODS, Bearer, IdempotencyHeader, RequestCall, received
from app.receipts import sessions
from app.receipts.sessions import Holder


class WitnessCall(RequestCall[Holder]):
    """Entering it keeps the session from being idle."""

    def __enter__(self) -> tuple[Session, Holder]:
        if self.request.method in SAFE_METHODS:
            self.authenticate()  # which writes now and then; the call itself reads
        return super().__enter__()

    def authenticate(self) -> Holder:
        """Who calls, and that they are there. Raises NotAuthenticated."""
        return sessions.keep(self.database, self._token)

    def _bearer(self, db: Session) -> Holder:
        return sessions.find(db, self._token)


async def receive_witness(
    request: Request, bearer: Bearer, idempotency_key: IdempotencyHeader = None
) -> WitnessCall:
    """A witness's call: async, so that no thread is needed for it."""
    return await received(WitnessCall, request, bearer, idempotency_key)


Witnessed = Annotated[WitnessCall, Depends(receive_witness)]
