"""A form of one file, read as it comes: `multipart/form-data` (RFC 7578), never whole in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi.exceptions import RequestValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.core.problems import BadRequest, ContentTooLarge, UnsupportedMediaType

CHUNK = 1024**2  # bytes given on at once
AROUND = 64 * 1024  # bytes of a form that are not its file
FIELD = "file"

Write = Callable[[bytes], Awaitable[None]]


class FileForm:
    """Reads the one part `file` of a form, and gives its bytes on."""

    def __init__(self, content_type: str, most: int) -> None:
        """Raises UnsupportedMediaType, BadRequest. At most `most` bytes of a file are taken."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            raise UnsupportedMediaType
        callbacks = {
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_begin": self._on_part_begin,
            "on_end": self._on_end,
        }
        try:
            self._parser = MultipartParser(options.get(b"boundary", b""), callbacks)  # type: ignore[arg-type]
        except FormParserError:
            raise BadRequest from None
        if not options.get(b"boundary"):
            raise BadRequest
        self.filename: str | None = None
        self._most, self._read, self._content = most, 0, 0
        self._pending = bytearray()
        self._field, self._value = b"", b""
        self._disposition = b""
        self._parts, self._complete = 0, False

    async def read(self, stream: AsyncIterator[bytes], write: Write) -> None:
        """Write the bytes of the file, in chunks of about 1 MiB.

        Raises ContentTooLarge; BadRequest when this is no form; RequestValidationError, at the
        part that is missing or too much.
        """
        try:
            async for piece in stream:
                self._read += len(piece)
                if self._read > self._most + AROUND:
                    raise ContentTooLarge(max=self._most)
                self._parser.write(piece)
                if len(self._pending) >= CHUNK:
                    await self._flush(write)
            self._parser.finalize()
        except FormParserError:
            raise BadRequest from None
        if not self._complete:
            raise BadRequest
        if not self._parts:
            raise _refused("missing", FIELD)
        await self._flush(write)

    async def _flush(self, write: Write) -> None:
        chunk, self._pending = bytes(self._pending), bytearray()
        await write(chunk)

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name != FIELD or self._parts:
            raise _refused("extra_forbidden", name)
        if b"filename" not in options:
            raise _refused("missing", FIELD)
        self._parts += 1
        self.filename = options[b"filename"].decode("utf-8", "replace")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._content += end - start
        if self._content > self._most:
            raise ContentTooLarge(max=self._most)
        self._pending += data[start:end]

    def _on_end(self) -> None:
        self._complete = True


def _refused(code: str, name: str) -> RequestValidationError:
    """The mistake of a form, as of any other body."""
    what = "Field required" if code == "missing" else "Extra inputs are not permitted"
    return RequestValidationError([{"type": code, "loc": ("body", name[:64]), "msg": what}])
