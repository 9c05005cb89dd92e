"""Whatever is sent, to whichever route, by whomever: a problem, never a 500, and nothing stored.

The requests are made from the OpenAPI document, so that a new route is attacked as it comes. What
is expected stands here, once: it is the same on both databases.
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import anyio
import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from starlette.types import Message

from app.accounts.models import Account
from app.accounts.permissions import GRANTS, Permission, Role
from app.bundles.models import Bundle
from app.core.db import Database
from app.core.edge import Edge
from app.core.models import Base
from app.core.settings import settings
from app.testimonies.models import Testimony
from tests.document import (
    MEDIA_TYPE,
    METHODS,
    Operation,
    Path,
    Schema,
    choices,
    example,
    fields,
    operations,
    put,
)
from tests.make import Make
from tests.releases.conftest import bundle, composed, consented, excerpt, payload_of, release, token

pytestmark = pytest.mark.slow  # every operation, attacked in every way

__all__ = ["bundle", "composed", "consented", "excerpt", "payload_of", "release", "token"]

ROLES = (Role.ADMINISTRATOR, Role.EDITOR, Role.ANIMATOR, Role.EVALUATOR, Role.CUSTODIAN)
MAY_GROW = {"audit_events", "tries"}  # they keep the attack itself
ONE_LINE = 254  # the longest text of one line, an e-mail address; longer ones are prose
TUS = "/api/v1/uploads"  # another protocol, which says itself what comes first: see tests/uploads
OVERRIDE = f"{TUS}/{{upload_id}}"  # whose POST is a 405, unless it says of which method
WITH_BODY = [operation for operation in operations() if operation.body]
SCHEMAS = {json.dumps(operation.body): operation for operation in WITH_BODY}  # one of each
LISTS = [operation for operation in operations() if operation.is_list]


@dataclass
class Attacks:
    """Sends requests as one role or another, and notes every answer that is not as expected."""

    server: Edge
    client: TestClient
    tokens: dict[Role, str]
    existing: dict[str, Any]
    wrong: list[str] = field(default_factory=list)

    def send(
        self, operation: Operation, url: str = "", by: Role = Role.EDITOR, **request: Any
    ) -> httpx2.Response:
        headers = [(b"Authorization", f"Bearer {self.tokens[by]}".encode())]
        headers += [(n.encode(), v.encode()) for n, v in request.pop("headers", {}).items()]
        return self.client.request(
            request.pop("method", operation.method).upper(),
            url or operation.url(),
            headers=headers,
            **request,
        )

    def reader(self, operation: Operation, url: str) -> Role:
        """Who may read this."""
        answers = ((role, self.send(operation, url, by=role)) for role in ROLES)
        return next(role for role, response in answers if response.status_code == 200)

    def expect(self, response: httpx2.Response, *statuses: int, **about: Any) -> None:
        """Note it unless it is a problem of one of these statuses; of this type, at this place."""
        mistake = _mistake(response, statuses, **about)
        if mistake:
            asked = f"{response.request.method} {response.request.url.raw_path.decode()[:150]}"
            self.wrong.append(
                f"{asked}: {mistake}, and is: {response.status_code} {_told(response)}"
            )


def _mistake(
    response: httpx2.Response,
    statuses: tuple[int, ...],
    at: str = "",
    slug: str = "",
    of: Any = "",
) -> str:
    if response.status_code not in statuses:
        return f"should be {statuses} {of!r:.60}"
    if response.headers["content-type"] != MEDIA_TYPE:
        return f"should be a problem {of!r:.60}"
    if response.request.method == "HEAD":
        return ""  # that is all it tells
    problem = response.json()
    if not problem["title"] or problem["status"] != response.status_code:
        return "should tell its title and status"
    told = (problem["request_id"], slug and problem["type"])
    if told != (response.headers["x-request-id"], slug and f"/problems/{slug}"):
        return f"should tell its request_id, and be {slug} {of!r:.60}"
    return "" if not at or _points(problem, at) else f"should point at {at} {of!r:.60}"


def _points(problem: dict[str, Any], at: str) -> bool:
    pointers = [error["pointer"] for error in problem.get("errors", [])]
    return any(pointer == at or pointer.startswith(f"{at}/") for pointer in pointers)


def _told(response: httpx2.Response) -> str:
    return response.text[:300]


def count_rows(database: Database) -> dict[str, int]:
    with database.read() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in MAY_GROW
        }


@pytest.fixture
def people(make: Make) -> dict[Role, Account]:
    return {role: make.account(role=role) for role in ROLES}


@pytest.fixture
def strangers(
    make: Make, excerpt: Any, release: Any, bundle: Any, as_editor: Any
) -> dict[str, Any]:
    """What another organization has, by the name of its path parameter."""
    url = f"/api/v1/releases/{release['id']}/deliveries"
    delivery = as_editor.post(url, json={"recipient": "Madame l'Élue (démo)"}).json()
    [section] = bundle["sections"]
    media = make.media(files={"web.mp4": b"film"})
    make.testimony(media=[media])
    with make.sessions() as db:
        said = db.get_one(Testimony, excerpt.testimony_id)
        annotated = db.get_one(Bundle, UUID(bundle["id"]))
    make.candor(said)
    group = make.group()
    return {
        "workshop_id": make.workshop().id,
        "witness_id": make.witness().id,
        "testimony_id": excerpt.testimony_id,
        "excerpt_id": excerpt.id,
        "remark_id": make.remark(said).id,
        "annotation_id": make.annotation(annotated).id,
        "proposition_id": make.proposition(excerpt).id,
        "media_id": media.id,
        "transcript_id": make.transcript(media, "Le premier jour").id,
        "bundle_id": bundle["id"],
        "release_id": release["id"],
        "item_id": section["items"][0]["id"],
        "delivery_id": delivery["id"],
        "reaction_id": make.reaction(delivery["id"]).id,
        "kind": "excerpt",
        "traced_id": excerpt.id,
        "figures_id": make.figures().id,
        "mobilization_id": make.mobilization().id,
        "group_id": group.id,
        "decision_maker_id": make.decision_maker().id,
        "expectation_id": make.expectation().id,
        "member_id": make.member(group).id,
        "protocol_id": make.protocol(group).id,
    }


@pytest.fixture
def attacks(
    app: FastAPI, database: Database, make: Make, people: dict[Role, Account], strangers: Any
) -> Iterator[Attacks]:
    """Attacks on a service that holds something; at the end, all was refused, and left no row."""
    tokens = {role: make.token(account) for role, account in people.items()}
    existing = {
        "organization_id": people[Role.EDITOR].organization_id,
        "scheme_id": make.the_scheme.id,
        "place_id": make.place().id,
        "account_id": people[Role.EDITOR].id,
        "theme_id": make.theme().id,
        "name": "methods",
        "code": "video",
        **strangers,
    }
    before = count_rows(database)
    server = Edge(app, settings())
    with TestClient(server, raise_server_exceptions=False) as client:
        attacks = Attacks(server, client, tokens, existing)
        yield attacks
    assert not attacks.wrong, "\n".join([*attacks.wrong[:60], f"{len(attacks.wrong)} in all"])
    assert count_rows(database) == before


def passing(operation: Operation) -> dict[str, Any]:
    """What a request of this operation must hold, so that only what is attacked is wrong."""
    required = [p for p in operation.parameters("query") if p.get("required")]
    passing: dict[str, Any] = {"params": {p["name"]: example(p["schema"]) for p in required}}
    if operation.body:
        passing["json"] = example(operation.body)
    return passing


# Addresses

MALFORMED = [
    *("junk", "%00", "%0A", "%FF", "%ED%A0%80", "%E2%80%AE", "é", "null", "{}", "*", "a" * 300),
    *("..%2F..%2Fetc%2Fpasswd", "'%20OR%201=1--", "9223372036854775808", "1e999", "NaN"),
    "00000000-0000-4000-8000-00000000000g",
]


@pytest.mark.once
def test_a_malformed_address(attacks: Attacks) -> None:
    for operation in operations():
        if (operation.method, operation.path) == ("post", OVERRIDE):
            continue
        for name in operation.in_path:
            for junk in MALFORMED:
                response = attacks.send(
                    operation, operation.url(**{name: junk}), **passing(operation)
                )
                attacks.expect(response, 404, slug="not-found", of=junk)


# Who may not is told so before anything is looked for.
ASKED_FIRST = {
    "accounts_show_account": Permission.MANAGE_ACCOUNTS,
    "accounts_change_account": Permission.MANAGE_ACCOUNTS,
    "accounts_suspend": Permission.MANAGE_ACCOUNTS,
    "accounts_restore": Permission.MANAGE_ACCOUNTS,
    "accounts_let_follow_up": Permission.MANAGE_ACCOUNTS,
    "accounts_end_follow_up": Permission.MANAGE_ACCOUNTS,
    "vocabularies_add_term": Permission.MANAGE_FRAME,
    "deliveries_revoke": Permission.COMPOSE,
    "operations_lift_legal_hold": Permission.HOLD,
}
WITNESSES_OWN = "/api/v1/receipt/"


def missing(operation: Operation, role: Role) -> int:
    """How this role is told that there is no such thing; at a witness's door it is nobody."""
    if operation.path.startswith(WITNESSES_OWN):
        return 401
    permission = ASKED_FIRST.get(operation.id)
    return 403 if permission and permission not in GRANTS[role] else 404


def test_an_id_of_nothing(attacks: Attacks) -> None:
    for operation in operations():
        is_override = (operation.method, operation.path) == ("post", OVERRIDE)
        if set(operation.in_path) <= {"format"} or is_override:
            continue
        for role in ROLES:
            response = attacks.send(operation, by=role, **passing(operation))
            attacks.expect(response, missing(operation, role))


def test_what_a_stranger_has(attacks: Attacks, strangers: dict[str, Any]) -> None:
    """It is what is not there: the same bytes, but for `request_id`."""
    for operation in operations():
        theirs = {name: strangers[name] for name in operation.in_path if name in strangers}
        if not theirs or operation.is_public:
            continue
        about, told = passing(operation), []
        for ids in (theirs, {}):
            response = attacks.send(operation, operation.url(**ids), by=Role.ANIMATOR, **about)
            attacks.expect(response, missing(operation, Role.ANIMATOR))
            told.append(response.json() | {"request_id": ""})
        if told[0] != told[1]:
            attacks.wrong.append(f"{operation.id} tells {told[0]} of what is a stranger's")


# Parameters


@pytest.mark.once
def test_an_unknown_parameter(attacks: Attacks) -> None:
    for operation in operations():
        response = attacks.send(operation, params={"nonsense": "1"})
        attacks.expect(response, 422, at="#/nonsense")


OPAQUE = {"cursor", "expires", "signature"}  # any text: what it is not worth is told otherwise


def test_a_parameter_that_cannot_be(attacks: Attacks) -> None:
    tried: set[str] = set()
    for operation in operations():
        for parameter in operation.parameters("query"):
            kind = json.dumps(parameter, sort_keys=True)
            if parameter["name"] in OPAQUE or kind in tried:
                continue
            tried.add(kind)
            for junk in _refused_of(parameter["schema"], in_body=False):
                params = {**passing(operation)["params"], parameter["name"]: junk}
                response = attacks.send(operation, by=Role.EVALUATOR, params=params)
                attacks.expect(response, 422, of=(parameter["name"], junk))


POSITIONS: list[Any] = [
    *([], [None], ["a", "b"], [2**63, str(uuid4())], [str(uuid4())] * 3),
    *(["\x00", str(uuid4())], ["2026-02-30T00:00:00Z", str(uuid4())], [1e308, "a"], [[[]]], {}),
    *(["0001-01-01T00:00:00+14:00", "a"], ["2026-01-05T10:00:00Z", "\x00"]),
]
FORGED = [
    *("", "junk", "é", "\x00", "%00", "a" * 2000, "a" * 2001, "WzFd", "e30=", "bnVsbA=="),
    *(urlsafe_b64encode(json.dumps(position).encode()).decode() for position in POSITIONS),
    urlsafe_b64encode(b"[" * 1000).decode(),
    urlsafe_b64encode(b'["\\ud800"]').decode(),
]


def test_a_forged_cursor(attacks: Attacks) -> None:
    assert len(LISTS) > 15
    for operation in LISTS:
        url = operation.url(**attacks.existing)
        reader = attacks.reader(operation, url)
        for cursor in FORGED:
            response = attacks.send(operation, url, by=reader, params={"cursor": cursor})
            attacks.expect(response, 422, of=cursor)


# Bodies

NOT_AN_OBJECT = [b"[]", b'"text"', b"1", b"null", b"true", b"", b"{", b"\x00", b"nul", b"{'a': 1}"]
NOT_JSON = [
    *(b"[" * 1000 + b"]" * 1000, b'{"a":' * 1000 + b"1" + b"}" * 1000, b"[" * 500_000),
    *(b'{"a": NaN}', b'{"a": [Infinity]}', b'{"a": {"b": -Infinity}}', b'{"a": 1, "a": 2}'),
    *(b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}'),
    *(b"\xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-32"), b"1" * 5000),
]
AS_JSON = {"Content-Type": "application/json"}


@pytest.mark.once
def test_a_body_that_is_no_object(attacks: Attacks) -> None:
    for operation in WITH_BODY:
        is_array = (operation.body or {}).get("type") == "array"
        for content in NOT_AN_OBJECT[is_array:] + NOT_JSON:
            response = attacks.send(operation, content=content, headers=AS_JSON)
            attacks.expect(response, 422, at="#", of=content[:20])


OTHER_TYPES = [
    *("text/plain", "text/json", "application/x-www-form-urlencoded", "application/json+xml"),
    *("application/xml", "application/jsonl", "application/hal+json", "application/octet-stream"),
    *("junk", "", "application/jsonx; a=b", "a" * 5000, "application/json\x0b"),
]


@pytest.mark.once
def test_a_body_of_another_type(attacks: Attacks) -> None:
    for operation in operations():
        if not operation.about.get("requestBody") or operation.path.startswith(TUS):
            continue
        content = json.dumps(example(operation.body or {"type": "null"})).encode()
        for content_type in OTHER_TYPES:
            headers = {"Content-Type": content_type} if content_type else {}
            response = attacks.send(operation, by=Role.ANIMATOR, content=content, headers=headers)
            attacks.expect(response, 415, of=content_type)


@pytest.mark.once
def test_a_member_that_does_not_exist(attacks: Attacks) -> None:
    for operation in SCHEMAS.values():
        body = example(operation.body or {}, whole=True)
        for path, schema in fields(operation.body or {}, body):
            if "properties" not in schema:
                continue
            for name in ("nonsense", "__proto__", "a/b~c", "\x00", "é" * 1000):
                made = put(body, path, {**_at(body, path), name: 1})
                response = attacks.send(operation, json=made)
                escaped = name.replace("~", "~0").replace("/", "~1")
                pointer = "/".join(["#", *map(str, path), escaped])
                attacks.expect(response, 422, at="#" if path else pointer, of=(path, name[:9]))


def test_a_value_that_cannot_be(attacks: Attacks) -> None:
    """Each member of each body in turn, whatever the others are: it is the one pointed at.

    Members of one name and schema are one; so are parameters.
    """
    tried: set[Any] = set()
    for operation in SCHEMAS.values():
        body = example(operation.body or {}, whole=True)
        for path, schema in fields(operation.body or {}, body):
            named = path[:-1] if "const" in schema else path  # which of several: of the whole
            pointer = "/".join(["#", *map(str, named)])
            kind = (path[-1:], json.dumps(schema, sort_keys=True))
            if kind in tried:
                continue
            tried.add(kind)
            for junk in _refused_of(schema, in_body=True):
                made = json.dumps(put(body, path, junk))
                for name, literal in LITERALS.items():
                    made = made.replace(f'"{name}"', literal)
                response = attacks.send(operation, content=made.encode(), headers=AS_JSON)
                whole = isinstance(junk, str) and (junk in ("NAN", "INFINITY") or "\ud800" in junk)
                attacks.expect(response, 422, at="#" if whole else pointer, of=(pointer, junk))


LITERALS = {"NAN": "NaN", "INFINITY": "-Infinity", "HUGE": "1e999", "LONG": "1" + "0" * 400}
NEVER = ["\x00", "a\x00b", "\x01", "\x1b[2J", "\x7f", "\x85", "\ufdd0", "\uffff", "\U0010ffff"]
NOT_IN_A_LINE = ["a\nb", "a\tb", "a\u2028b", "\u202egpj.exe", "a\u200fb", "a\u2066b"]


def _refused_of(schema: Schema, in_body: bool) -> list[Any]:
    """What cannot be where this schema holds."""
    found = choices(schema)[0]
    if not in_body and found.get("type") == "array":
        found = choices(found["items"])[0]
    if "enum" in found or "const" in found:
        junk = ["junk", "\x00", "a" * 5000, *([5, True, [], {}] if in_body else [])]
    else:
        junk = REFUSED[found.get("type", "null")](found, in_body)
    texts = [text for text in junk if isinstance(text, str)]
    return junk + (["NAN", "INFINITY", "a\ud800b"] if in_body else []) if in_body else texts


def _no_text(schema: Schema, in_body: bool) -> list[Any]:
    junk: list[Any] = [5, True, 1.5, [], {}, ["a"]] if in_body else []
    if "format" in schema:
        return [*junk, *NO_FORMAT[schema["format"]], "junk", "\x00", "a" * 5000, "", "é"]
    if "pattern" in schema:
        return [*junk, *NEVER, *NOT_IN_A_LINE, "", " ", "é" * 5, "a" * 5000]
    longest = schema.get("maxLength")
    if longest is None:
        return junk
    junk += [*NEVER, "a" * (longest + 1)]
    return junk + (NOT_IN_A_LINE if longest <= ONE_LINE else [])


NO_FORMAT = {
    "uuid": ["0" * 31, "g" * 32, "1"],
    "date": [
        "2026-02-30",
        "10000-01-01",
        "2026-1-5",
        "0",
        "1767571200",
        "-1",
        "2026-01-05T10:00:00Z",
    ],
    "date-time": [
        *("2026-01-05T10:00:00", "2026-02-30T10:00:00Z", "0", "1767571200", "1e999"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z"),
    ],
    "email": ["a@", "@b", "a b@c.d"],
}


def _no_integer(schema: Schema, in_body: bool) -> list[Any]:
    junk: list[Any] = ["junk", "", "1.5", "1e999", "NaN", str(2**31), str(2**63), "9" * 400, "\x00"]
    junk += ["-1"] if schema.get("minimum", -1) >= 0 else []
    return junk + ([2**31, 2**63, -(2**63) - 1, 1.5, True, [], "HUGE", "LONG"] if in_body else [])


REFUSED: dict[str, Callable[[Schema, bool], list[Any]]] = {
    "string": _no_text,
    "integer": _no_integer,
    "number": lambda *_: ["junk", "", "NaN", "inf", "1e999"],
    "boolean": lambda _, in_body: ["junk", "", "2", *([2, 1.5, [], {}] if in_body else [])],
    "array": lambda schema, _: [
        *("text", 5, True, {}),
        *([[None] * (schema["maxItems"] + 1)] if "maxItems" in schema else []),
    ],
    "object": lambda *_: ["text", 5, True, []],
    "null": lambda *_: ["text", 5, []],
}


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


# Sizes

MOST = 50 * 1024**2


@dataclass
class Sender:
    """A body of 50 MB, in pieces; what was taken of it."""

    piece: bytes = b" " * 65_536
    taken: int = 0
    status: int = 0
    answer: bytes = b""

    async def receive(self) -> Message:
        self.taken += len(self.piece)
        return {"type": "http.request", "body": self.piece, "more_body": self.taken < MOST}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.answer += message.get("body", b"")


@pytest.mark.once
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_50_mb(attacks: Attacks, announced: bool) -> None:
    """No more of it is taken than a body may hold: so memory stays flat."""
    for operation in WITH_BODY:
        sender = Sender()
        headers = {
            b"authorization": f"Bearer {attacks.tokens[Role.EDITOR]}".encode(),
            b"content-type": b"application/json",
            **({b"content-length": str(MOST).encode()} if announced else {}),
        }
        path = operation.url()
        scope = {
            "type": "http",
            "method": operation.method.upper(),
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": list(headers.items()),
            "client": ("127.0.0.1", 5),
        }
        anyio.run(attacks.server, scope, sender.receive, sender.send)
        problem = json.loads(sender.answer)
        if (sender.status, problem["type"]) != (413, "/problems/content-too-large"):
            attacks.wrong.append(f"{operation.id}: {sender.status} {problem}")
        most = 0 if announced else settings().json_body_max + len(sender.piece)
        assert sender.taken <= most, f"{operation.id} took {sender.taken} bytes"


HEADERS = ("X-Junk", "Accept-Language", "Cookie", "If-Match", "Idempotency-Key")


@pytest.mark.once
def test_headers_that_are_huge(attacks: Attacks) -> None:
    for operation, name in zip(operations(), cycle(HEADERS), strict=False):
        response = attacks.send(operation, headers={name: "a" * 16_384})
        attacks.expect(response, 431, slug="request-header-fields-too-large")


# Methods and headers


@pytest.mark.once
def test_an_unknown_method(attacks: Attacks) -> None:
    known: dict[str, set[str]] = {}
    for operation in operations():
        known.setdefault(operation.path, set()).add(operation.method)
    for path in known:  # `/things/{id}.txt` is an id for `/things/{id}` too
        known[path] |= known.get(re.sub(r"(?<=})\.\w+$", "", path), set())
    for operation in operations():
        if operation.path.startswith(TUS):
            continue
        for method in sorted((METHODS | {"brew", "propfind"}) - known[operation.path] - {"head"}):
            response = attacks.send(operation, method=method)
            attacks.expect(response, 405, slug="method-not-allowed", of=method)
            allowed = {m.strip().lower() for m in response.headers.get("allow", "").split(",")}
            if not known[operation.path] <= allowed:
                attacks.wrong.append(f"{operation.path} allows {known[operation.path]}: {allowed}")


LANGUAGES = [
    *("", "*", ";;;q=,", "fr;q=9e9", "en;q=1.9999,fr;q=-1", "en-" + "a" * 9000, "é", "\x01"),
    *(", " * 5000, "fr;q=" + "1" * 9000, "en;q=0.0000000001", "fr" + " " * 9000),
]


@pytest.mark.once
def test_languages_that_are_none(attacks: Attacks) -> None:
    for operation, junk in zip(operations(), cycle(LANGUAGES), strict=False):
        response = attacks.send(
            operation, params={"nonsense": 1}, headers={"Accept-Language": junk}
        )
        attacks.expect(response, 422, of=junk)
        if (language := response.headers["content-language"]) not in ("fr", "en"):
            attacks.wrong.append(f"{operation.id} answers in {language}")


JUNK_ETAGS = [
    "",
    "junk",
    '"',
    '""',
    '"0"',
    'W/"1"',
    '"1',
    "1",
    '"1;2"',
    '"' * 999,
    '"é"',
    f'"{10**400}"',
]


ASKED = {
    "/api/v1/media/{media_id}/transcription",  # asked for, and changed by machines alone
    "/api/v1/releases/{release_id}/event",  # of events only: releases/test_event.py
}


@pytest.mark.once
def test_a_version_that_is_none(attacks: Attacks) -> None:
    """`If-Match` junk is never the version that is there, and `If-None-Match` never the same."""
    changes = {o.path: o for o in operations() if o.method == "put"}
    for operation in operations():
        if operation.method != "get" or operation.path not in changes or operation.path in ASKED:
            continue
        url, change = operation.url(**attacks.existing), changes[operation.path]
        reader = attacks.reader(operation, url)
        for etag in JUNK_ETAGS:
            conditions = {"If-Match": etag}
            response = attacks.send(change, url, reader, headers=conditions, **passing(change))
            attacks.expect(response, 412, slug="precondition-failed", of=etag)
            same = attacks.send(operation, url, reader, headers={"If-None-Match": etag})
            if same.status_code != 200 and etag != 'W/"1"':  # weakly, it may be the same
                attacks.wrong.append(f"{operation.id} answers {same.status_code} to {etag!r:.40}")


def test_an_idempotency_key_that_is_none(attacks: Attacks) -> None:
    for operation in operations():
        if "Idempotency-Key" not in [p["name"] for p in operation.parameters("header")]:
            continue
        for key in ("", "junk", "1", "\x01", "é", "a" * 9000, "{}", "*", "null"):
            response = attacks.send(
                operation, headers={"Idempotency-Key": key}, **passing(operation)
            )
            attacks.expect(response, 422, at="#/Idempotency-Key", of=key)
