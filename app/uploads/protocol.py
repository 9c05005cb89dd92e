"""The headers of tus, read strictly: versions, lengths, offsets, metadata, checksums."""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import new
from hmac import compare_digest
from typing import Protocol
from uuid import UUID

from app.core.problems import BadRequest, Invalid, Problem, UnsupportedMediaType
from app.uploads.models import LONGEST_METADATA

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
BYTES = "application/offset+octet-stream"
ALGORITHMS = ("sha256", "sha1")
DIGITS = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
FILETYPE = re.compile(r"[\w!#$&^.+-]{1,63}/[\w!#$&^.+-]{1,63}(?:;[ -~]{1,100})?", re.ASCII)
NOT_OFFERED = ("Upload-Defer-Length", "Upload-Concat")  # of extensions that are not announced


class UnsupportedProtocol(Problem):
    """Say `Tus-Resumable: 1.0.0`: it is the version of the protocol that is spoken here."""

    status = 412
    headers = {"Tus-Version": VERSION}


class ChecksumMismatch(Problem):
    """These bytes are not those that were sent: send them again."""

    status = 460  # of the protocol


class Headers(Protocol):
    """Those of a request."""

    def getlist(self, key: str) -> list[str]: ...


@dataclass(frozen=True)
class Said:
    """What a client says of a file: its name, its type, the workshop where it was made."""

    filename: str | None = None
    filetype: str | None = None
    workshop_id: UUID | None = None


@dataclass(frozen=True)
class Asked:
    """An upload as it is asked for: `metadata` is the header from which `said` was read."""

    size: int
    metadata: str
    said: Said


class Checksum:
    """Compares bytes, as they come, with what was announced of them."""

    def __init__(self, algorithm: str, expected: bytes) -> None:
        self._digest, self._expected = new(algorithm, usedforsecurity=False), expected

    def update(self, chunk: bytes) -> None:
        self._digest.update(chunk)

    def check(self) -> None:
        """Raise ChecksumMismatch unless all that came is what was announced."""
        if not compare_digest(self._digest.digest(), self._expected):
            raise ChecksumMismatch


def require_version(headers: Headers) -> None:
    """Raise UnsupportedProtocol unless the request says the version that is spoken here."""
    if headers.getlist("Tus-Resumable") != [VERSION]:
        raise UnsupportedProtocol


def read_creation(headers: Headers) -> Asked:
    """The upload that is asked for. Raises Invalid at the header that is wrong."""
    for name in NOT_OFFERED:
        if headers.getlist(name):
            raise Invalid.at(f"#/{name}", "not_offered")
    size = read_number(headers, "Upload-Length")
    if not size:
        raise Invalid.at("#/Upload-Length", "empty_file")
    lines = headers.getlist("Upload-Metadata")
    if len(lines) > 1 or sum(map(len, lines)) > LONGEST_METADATA:
        raise Invalid.at("#/Upload-Metadata", "metadata")
    metadata = "".join(lines)
    return Asked(size, metadata, read_metadata(metadata))


def read_number(headers: Headers, name: str) -> int:
    """A length or an offset: digits, and nothing else. Raises Invalid."""
    said = headers.getlist(name)
    if len(said) != 1 or not DIGITS.fullmatch(said[0]):
        raise Invalid.at(f"#/{name}", "digits")
    return int(said[0])


def read_metadata(header: str) -> Said:
    """What `Upload-Metadata` says: pairs of a known name and a value in base64. Raises Invalid."""
    found: dict[str, str] = {}
    for pair in header.split(",") if header else []:
        name, _, value = pair.strip(" ").partition(" ")
        if name not in Said.__dataclass_fields__ or name in found:
            raise Invalid.at("#/Upload-Metadata", "metadata")
        found[name] = _decode(value, f"#/Upload-Metadata/{name}")
    filetype = found.get("filetype") or None
    if filetype and not FILETYPE.fullmatch(filetype):
        raise Invalid.at("#/Upload-Metadata/filetype", "metadata")
    return Said(found.get("filename"), filetype, _read_id(found.get("workshop_id")))


def _decode(value: str, pointer: str) -> str:
    """The text of a value; of base64 as it is written, and not of what resembles it."""
    try:
        content = b64decode(value, validate=True)
        if b64encode(content).decode() == value:
            return content.decode()
    except (NotBase64, ValueError):
        pass
    raise Invalid.at(pointer, "metadata")


def _read_id(value: str | None) -> UUID | None:
    try:
        found = UUID(value) if value is not None else None
    except ValueError:
        found = None
    if value is not None and str(found) != value.lower():
        raise Invalid.at("#/Upload-Metadata/workshop_id", "unknown_id")
    return found


def read_checksum(headers: Headers) -> Checksum | None:
    """What the body must be, when the client says it. Raises BadRequest."""
    said = headers.getlist("Upload-Checksum")
    if not said:
        return None
    algorithm, _, value = said[0].partition(" ")
    try:
        expected = b64decode(value, validate=True)
    except (NotBase64, ValueError):
        raise BadRequest from None
    if len(said) > 1 or algorithm not in ALGORITHMS or len(expected) != new(algorithm).digest_size:
        raise BadRequest
    return Checksum(algorithm, expected)


def require_bytes(headers: Headers) -> None:
    """Raise UnsupportedMediaType unless what is sent is said to be bytes of a file."""
    if [said.strip().lower() for said in headers.getlist("Content-Type")] != [BYTES]:
        raise UnsupportedMediaType


def announced(headers: Headers) -> int | None:
    """The bytes that a body is said to have; None when it does not say."""
    lengths = headers.getlist("Content-Length")
    return int(lengths[0]) if lengths and lengths[0].isdecimal() else None


def brings_bytes(headers: Headers) -> bool:
    """Whether there is a body. Raises UnsupportedMediaType when it is said to be something else."""
    length = announced(headers)
    is_there = bool(headers.getlist("Transfer-Encoding")) if length is None else length > 0
    if is_there:
        require_bytes(headers)
    return is_there
