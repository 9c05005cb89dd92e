"""A zip that is sent while it is written: nothing of it is kept but its directory."""

from collections.abc import Iterable, Iterator
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

LARGE = 2**31 - 1  # bytes: beyond it an entry needs ZIP64
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of what zips can tell: entries tell no time


class Archive:
    """Entries are added; `taken` is what they came to since it was last asked for."""

    def __init__(self) -> None:
        self._written = _Written()
        self._zip = ZipFile(self._written, "w", ZIP_DEFLATED)  # type: ignore[call-overload]

    def add(self, name: str, content: bytes) -> None:
        """An entry of these bytes."""
        self._zip.writestr(_entry(name, ZIP_DEFLATED), content)

    def add_chunks(
        self, name: str, chunks: Iterable[bytes], size: int = 0, packed: bool = True
    ) -> Iterator[bytes]:
        """An entry of these chunks, of about this many bytes: what it came to, bit by bit."""
        entry = _entry(name, ZIP_DEFLATED if packed else ZIP_STORED)
        with self._zip.open(entry, "w", force_zip64=size > LARGE) as file:
            for chunk in chunks:
                file.write(chunk)
                yield self.taken()

    def taken(self) -> bytes:
        """The bytes of the archive that were not taken yet."""
        return self._written.taken()

    def finish(self) -> None:
        """Write the directory: from now on, what was sent can be opened."""
        self._zip.close()


class _Written:
    """A file that nobody can go back in: the zip then tells sizes behind the entries."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, chunk: bytes) -> int:
        self._chunks.append(bytes(chunk))
        return len(chunk)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


def _entry(name: str, compression: int) -> ZipInfo:
    entry = ZipInfo(name, FIRST_DAY)
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    return entry
