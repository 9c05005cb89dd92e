"""How a file is answered, once it is decided that it may be: whole, or a range of it."""

from hashlib import sha256

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.core.preconditions import is_known
from app.media.models import ORIGINAL
from app.media.service import Kept, deliver, etag_of
from app.storage.service import storage
from app.transcripts.formats import Format

SAFE = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
}
INLINE = ("image/", "video/", "audio/", "application/json")


def send(request: Request, file: Kept, range_: str | None, if_range: str | None) -> Response:
    """This file, or the range asked for: decided already, and no session is open."""
    headers = {**SAFE, "ETag": etag_of(file), "Content-Disposition": disposition(file)}
    if is_known(headers["ETag"], request.headers.get("If-None-Match", "")):
        return Response(status_code=304, headers=headers)
    delivery = deliver(storage(), file, range_, if_range)
    headers |= delivery.range.headers
    if request.method == "HEAD":
        return Response(None, delivery.range.status, headers, delivery.content_type)
    return StreamingResponse(delivery.chunks, delivery.range.status, headers, delivery.content_type)


def send_text(request: Request, name: str, text: str, form: Format) -> Response:
    """A short text that was just written, whole; or 304 to who has it as it is."""
    content = text.encode()
    headers = {
        **SAFE,
        "ETag": f'"{sha256(content).hexdigest()[:32]}"',
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    if is_known(headers["ETag"], request.headers.get("If-None-Match", "")):
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, form.content_type)


def disposition(file: Kept) -> str:
    """Shown where it can be, else saved; under our own name, never under a sender's."""
    shown = file.content_type.startswith(INLINE) and file.name != ORIGINAL
    return f'{"inline" if shown else "attachment"}; filename="{file.name}"'
