"""How an export is answered: streamed, to be saved, and ended however its reader leaves."""

from collections.abc import Iterator
from typing import Annotated, Any, Protocol

from anyio import CancelScope
from fastapi import Header
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.exports import watermark
from app.exports.models import Export
from app.exports.schemas import PurposeHeader
from app.exports.sending import MEDIA_TYPE

Why = Annotated[
    PurposeHeader | None,
    Header(alias="X-Export-Purpose", description="What the export is for, without `purpose=`."),
]
ZIPPED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file: a zip.", "content": {MEDIA_TYPE: {}}}
}


class Ending(Protocol):
    """An export that was started."""

    export: Export

    def __iter__(self) -> Iterator[bytes]: ...

    def end(self) -> None:
        """Record how it ended."""


def saved(name: str, export: Export, ending: str) -> dict[str, str]:
    """A file to be saved, and kept nowhere on the way, that says which export it is."""
    file = watermark.name_of_file(name, export, ending)
    return {
        **watermark.headers(export),
        "Content-Disposition": f'attachment; filename="{file}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }


class Exported(StreamingResponse):
    """The bytes of an export, which is ended however its reader leaves."""

    def __init__(self, stream: Ending, name: str, ending: str, media_type: str) -> None:
        self.stream = stream
        headers = saved(name, stream.export, ending)
        super().__init__(iter(stream), 200, headers, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self.stream.end)
