"""The transaction, the caller and the response of one request.

    @router.post("", response_model=WorkshopOut, status_code=201)
    def plan(payload: WorkshopIn, call: Call) -> Response:
        with call as (db, me):
            return call.created(WorkshopOut, service.plan(db, payload, by=me))

Entering authenticates the caller, keeps a custodian's `X-Reason`, begins the transaction (GET and
HEAD cannot write), and reserves the `Idempotency-Key` of a POST. Leaving commits; an exception
rolls back.

`response_model` describes the response to the API's readers: the call itself serializes it, once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, Generic, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, NotAuthenticated, authenticate
from app.accounts.permissions import Role
from app.calls.case import LONGEST, SHORTEST, X_REASON, note_reading, read_reason
from app.calls.idempotency import Key, reserve
from app.calls.models import IdempotencyKey
from app.core.db import Database
from app.core.models import Versioned
from app.core.pages import (
    Details,
    MirrorPage,
    MirrorParams,
    Order,
    Page,
    PageParams,
    link_to,
    read_page,
)
from app.core.preconditions import is_expected, is_known, make_etag
from app.core.problems import PreconditionFailed, preferred_language
from app.core.schemas import Out, to_json

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN = re.compile(r"[\w.~+/-]{1,200}=*", re.ASCII)  # RFC 6750
JSON = "application/json"

Row = TypeVar("Row", bound=Versioned)


class Someone(Protocol):
    """Who calls: idempotency keys are theirs."""

    @property
    def id(self) -> UUID: ...


Me = TypeVar("Me", bound=Someone)


class AlreadyAnswered(Exception):
    """Stops a request whose `Idempotency-Key` has its answer: the caller receives it again."""

    def __init__(self, response: Response) -> None:
        self.response = response


class RequestCall(Generic[Me]):
    """One request, by the bearer of `token`. Its methods work inside `with call`."""

    def __init__(
        self, request: Request, token: str, key: UUID | None = None, content: bytes = b""
    ) -> None:
        self.request, self.headers = request, request.headers
        self._token, self._key, self._content = token, key, content
        self._response: Response | None = None

    def __enter__(self) -> tuple[Session, Me]:
        self._transaction = self._begin()
        return self._transaction.__enter__()

    def __exit__(self, *error: Any) -> bool | None:
        return self._transaction.__exit__(*error)

    @property
    def database(self) -> Database:
        return self.request.app.state.database  # type: ignore[no-any-return]

    @contextmanager
    def _begin(self) -> Iterator[tuple[Session, Me]]:
        if self.request.method in SAFE_METHODS:
            self._prepare()
            with self.database.read.begin() as self._db:
                yield self._db, self._bearer(self._db)
            return
        self._prepare()
        me = self.authenticate()  # a stranger never waits for, nor holds, the right to write
        with self.database.write.begin() as self._db:
            key = Key(me.id, self._key, self._content) if self._key else None
            reserved = reserve(self._db, key) if key else None
            if key and reserved and reserved.answer:
                raise AlreadyAnswered(key.decrypt(reserved.answer))
            yield self._db, me
            if key and reserved:
                self._keep_answer(key, reserved)

    @contextmanager
    def traced(self) -> Iterator[tuple[Session, Me]]:
        """For a read that leaves a trace: a short transaction that writes it, before any byte."""
        self._prepare()
        me = self.authenticate()
        with self.database.write.begin() as db:
            yield db, me

    def _prepare(self) -> None:
        """What must be committed before anything is read or done."""

    def authenticate(self) -> Me:
        """Who calls, in a short read of its own. Raises NotAuthenticated."""
        with self.database.read() as reading:
            return self._bearer(reading)

    def _bearer(self, db: Session) -> Me:
        """Who holds the token. Raises NotAuthenticated."""
        raise NotImplementedError

    def _keep_answer(self, key: Key, reserved: IdempotencyKey) -> None:
        if self._response is None:  # the endpoint answers by itself, a stream for instance
            self._db.delete(reserved)
        else:
            reserved.answer = key.encrypt(self._response)

    @property
    def language(self) -> str:
        """The language which the caller prefers: `fr` or `en`."""
        return preferred_language(self.headers.get("Accept-Language", ""))

    def unchanged(self, row: Row) -> Row:
        """The row, to be changed. Raises PreconditionFailed unless If-Match allows this version."""
        if not is_expected(row.version, self.headers.get("If-Match", "*")):
            raise PreconditionFailed
        return row

    def ok(self, out: type[Out], row: Any, more: Mapping[str, Any] | None = None) -> Response:
        """The row, and `more` that is known of it; or 304 when the caller has it as it is."""
        return self._show(out, row, more, 200)

    def created(
        self,
        out: type[Out],
        row: Any,
        more: Mapping[str, Any] | None = None,
        at: str | None = None,
    ) -> Response:
        """The new row, and its Location: `at`, or its id below the list it was posted to."""
        self._db.flush()
        place = at or f"{self.request.url.path}/{row.id}"
        return self._show(out, row, more, 201, Location=place)

    def parts(self, out: type[Out], rows: Sequence[Any], of: Versioned) -> Response:
        """All the parts of something, which change with it; or 304 when the caller has them."""
        self._db.flush()
        body = to_json(list[out], rows)  # type: ignore[valid-type]
        return self._unless_known(body, 200, {"ETag": make_etag(of.version)})

    def page(
        self,
        out: type[Out],
        rows: Select[Any] | Sequence[Select[Any]],
        params: PageParams,
        order: Order,
        details: Details | None = None,
    ) -> Response:
        """A page of `rows`. See `read_page`."""
        return self.paged(out, read_page(self._db, out, rows, params, order, details))

    def mirror(
        self,
        out: type[Out],
        rows: Sequence[Select[Any]],
        params: MirrorParams,
        order: Order,
        details: Details,
    ) -> Response:
        """The same of what clients keep copies of: `details` bury what was taken back."""
        found = read_page(self._db, out, rows, params, order, details)
        return self.paged(out, found, MirrorPage if params.updated_since else Page)

    def paged(
        self, out: type[Out], found: Mapping[str, Any], page: type[Page[Any]] = Page
    ) -> Response:
        """A page that was read, and the Link to the next one (RFC 8288)."""
        headers = {}
        if cursor := found["next_cursor"]:
            asked = self.request.query_params.multi_items()
            headers["Link"] = link_to(self.request.url.path, asked, cursor)
        return self.answer(to_json(page[out], found), 200, headers)  # type: ignore[index]

    def shown(self, out: type[Out], found: object, status: int = 200) -> Response:
        """Something that is no row: computed, or shown once."""
        self._db.flush()
        return self.answer(to_json(out, found), status, {"Cache-Control": "no-store"})

    def once(self, out: type[Out], found: object) -> Response:
        """Something that is shown this once: a retry is another deed, whatever its key."""
        headers = {"Cache-Control": "no-store"}
        return Response(to_json(out, found), 201, headers, JSON)

    def nothing(self) -> Response:
        """Done, and there is nothing to show."""
        return self.answer(b"", 204, {})

    def _show(
        self,
        out: type[Out],
        row: Any,
        more: Mapping[str, Any] | None,
        status: int,
        **headers: str,
    ) -> Response:
        self._db.flush()
        known = more or {}
        found = {
            name: getattr(row, name)
            for name in out.model_fields
            if name not in known and hasattr(row, name)
        }
        body = to_json(out, {**found, **known})
        if isinstance(row, Versioned):
            derived = bool(more) or bool(out.model_computed_fields)
            headers["ETag"] = make_etag(row.version, body if derived else b"")
        return self._unless_known(body, status, headers)

    def _unless_known(self, body: bytes, status: int, headers: dict[str, str]) -> Response:
        """These bytes; or 304 when the caller reads them again and has them."""
        safe = self.request.method in SAFE_METHODS
        if safe and is_known(headers.get("ETag", ""), self.headers.get("If-None-Match", "")):
            return self.answer(b"", 304, headers)
        return self.answer(body, status, headers)

    def answer(self, body: bytes, status: int, headers: dict[str, str]) -> Response:
        """These bytes, as JSON; kept for a retry."""
        self._response = Response(body, status, headers, JSON if body else None)
        return self._response


class ApiCall(RequestCall[Caller]):
    """One request by an account: the token is a session's, or an API token.

    `reason` is the `X-Reason` header: with it a custodian is on a case.
    """

    reason: str | None = None
    _on_case = False

    def _bearer(self, db: Session) -> Caller:
        me = authenticate(db, self._token)
        return replace(me, on_case=True) if self._on_case else me

    def _prepare(self) -> None:
        """A custodian who says why is on a case from now on: that is committed first."""
        if self.reason is None or (me := self.authenticate()).role is not Role.CUSTODIAN:
            return
        said = read_reason(self.reason)
        with self.database.write.begin() as db:
            note_reading(db, self.request.scope["route"].path, said, by=me)
        self._on_case = True


Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
IdempotencyHeader = Annotated[
    UUID | None,
    Header(
        alias="Idempotency-Key",
        description="A UUID of your own: the same request again gets the same answer again.",
    ),
]
ReasonHeader = Annotated[
    str | None,
    Header(
        alias=X_REASON,
        description="For custodians: why you read what people said. It is kept. Others ignore it.",
        json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST},
    ),
]


Received = TypeVar("Received", bound=RequestCall[Any])


async def received(
    kind: type[Received],
    request: Request,
    bearer: HTTPAuthorizationCredentials | None,
    idempotency_key: UUID | None,
) -> Received:
    """A call of this kind, before it enters the database.

    Only a POST whose body is JSON, or empty, takes an `Idempotency-Key`: uploads are not read
    twice. Raises NotAuthenticated when there is no token, or what cannot be one.
    """
    if not bearer or not TOKEN.fullmatch(bearer.credentials):
        raise NotAuthenticated
    if getattr(request.scope.get("route"), "max_body_size", None) is not None:
        idempotency_key = None  # bytes that stream: they are not read here, however they are called
    content = request.headers.get("Content-Type", JSON).partition(";")[0].strip(" \t").lower()
    if not idempotency_key or request.method != "POST" or content != JSON:
        return kind(request, bearer.credentials)
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return kind(request, bearer.credentials, idempotency_key, asked + await request.body())


async def receive(
    request: Request,
    bearer: Bearer,
    idempotency_key: IdempotencyHeader = None,
    reason: ReasonHeader = None,
) -> ApiCall:
    """An account's call: async, so that no thread is needed for it."""
    call = await received(ApiCall, request, bearer, idempotency_key)
    call.reason = reason
    return call


Call = Annotated[ApiCall, Depends(receive)]


def install_replays(app: FastAPI) -> None:
    """Make the application give kept answers again."""

    @app.exception_handler(AlreadyAnswered)
    async def replay(_: Request, answered: AlreadyAnswered) -> Response:
        return answered.response
