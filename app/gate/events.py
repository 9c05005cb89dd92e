"""How far the work on a media is, told as it goes on: server-sent events.

The database is asked again each second, in a short read in which the caller is authenticated and
the gate passed anew: so a withdrawal, a logout or another process is noticed at once, and nothing
is held in between. Of an account, each process serves a few of these at a time.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any, ClassVar
from uuid import UUID

import anyio
import anyio.to_thread
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from app.calls.call import ApiCall
from app.core.problems import Problem, RateLimited
from app.gate import media as gated
from app.media.models import ORIGINAL, Media, Status
from app.media.service import names_of

PAUSE, HEARTBEAT, LIFE = 1.0, 15.0, 600.0  # seconds
MOST = 10  # of one account at a time, in this process
NAME = "media"
ENDED = (Status.READY, Status.REJECTED)
THREADS = anyio.CapacityLimiter(2)  # that look, for all who follow: others are for requests

Seen = dict[str, Any]


class Followed(EventSourceResponse):
    """The events of one media, for one account: counted as long as they are sent."""

    following: ClassVar[Counter[UUID]] = Counter()

    def __init__(self, call: ApiCall, account_id: UUID, media_id: UUID, seen: Seen) -> None:
        """Raises RateLimited."""
        if self.following[account_id] >= MOST:
            raise RateLimited(retry_after=int(PAUSE) * 5)
        headers = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
        super().__init__(tell(call, media_id, seen), headers=headers)
        self._account_id = account_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.following[self._account_id] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.following.subtract([self._account_id])
            if not self.following[self._account_id]:
                del self.following[self._account_id]


def seen(db: Session, media: Media) -> Seen:
    """What is told of a media that somebody may see."""
    return {
        "status": media.status,
        "reason": media.reason,
        "progress": media.progress,
        "renditions": sorted(names_of(db, media) - {ORIGINAL}),
    }


async def tell(call: ApiCall, media_id: UUID, now: Seen) -> AsyncIterator[bytes]:
    """An event now, and one for each change; a comment when nothing changes for long.

    It ends when the work does, when the caller may not see the media any more, and after ten
    minutes in any case.
    """
    told, said_at, ends_at = None, monotonic(), monotonic() + LIFE
    while True:
        if now != told:
            yield format_sse_event(event=NAME, data_str=json.dumps(now))
            told, said_at = now, monotonic()
        elif monotonic() - said_at >= HEARTBEAT:
            yield KEEPALIVE_COMMENT
            said_at = monotonic()
        if now["status"] in ENDED or monotonic() >= ends_at:
            return
        await anyio.sleep(PAUSE)
        try:
            now = await anyio.to_thread.run_sync(_look, call, media_id, limiter=THREADS)
        except (Problem, SQLAlchemyError):
            return  # whoever asks again is told why


def _look(call: ApiCall, media_id: UUID) -> Seen:
    """Raises NotFound, NotAuthenticated."""
    me = call.authenticate()
    with call.database.read() as db:
        return seen(db, gated.find(db, media_id, by=me))
