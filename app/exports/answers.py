"""How an export is answered: streamed, to be saved, and ended however its reader leaves."""

from collections.abc import Iterator
from typing import Protocol

from anyio import CancelScope
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.core.models import now


class Ending(Protocol):
    """An export that was started."""

    def __iter__(self) -> Iterator[bytes]: ...

    def end(self) -> None:
        """Record how it ended."""


def saved(name: str, ending: str) -> dict[str, str]:
    """A file of today, to be saved and kept nowhere on the way."""
    return {
        "Content-Disposition": f'attachment; filename="{name}-{now():%Y-%m-%d}.{ending}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }


class Exported(StreamingResponse):
    """The bytes of an export, which is ended however its reader leaves."""

    def __init__(self, export: Ending, name: str, ending: str, media_type: str) -> None:
        self.export = export
        super().__init__(iter(export), 200, saved(name, ending), media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self.export.end)
