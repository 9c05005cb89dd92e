"""The OpenAPI document, as what tests are made from: operations, and bodies that pass."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from app.core.db import Database
from app.main import create_app

Schema = dict[str, Any]
METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})
MEDIA_TYPE = "application/problem+json"
PATTERNED = ("fr", "a", "#00ff00", "83", "0" * 32)  # one of them passes every pattern
# What passes where a schema cannot tell: members that exclude one another.
MEMBERS: dict[str, Schema] = {
    "ConsentIn": {"cells": []},
    "ExcerptIn": {"nature": "feeling"},
    "TurnIn": {"title": "Accueil"},
    "ReactionIn": {"understood": True},
    "TakenBack": {"all": True},
    "WithdrawalIn": {"all": True},
    "TestimonyIn": {"body": "Le premier jour"},
}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    about: Schema

    @property
    def id(self) -> str:
        return str(self.about["operationId"])

    def parameters(self, where: str) -> list[Schema]:
        return [p for p in self.about.get("parameters", []) if p["in"] == where]

    @property
    def in_path(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_public(self) -> bool:
        return not self.about.get("security")

    @property
    def body(self) -> Schema | None:
        """The schema of its JSON body."""
        content = self.about.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("schema")  # type: ignore[no-any-return]

    @property
    def is_list(self) -> bool:
        """Whether it answers a page."""
        content = self.about["responses"].get("200", {}).get("content", {})
        schema = resolve(content.get("application/json", {}).get("schema", {}))
        return "next_cursor" in schema.get("properties", {})

    def url(self, **given: Any) -> str:
        """Its address, with these path parameters, or with random ids and names."""
        return re.sub(r"{(\w+)}", lambda m: str(given.get(m[1], made_up(m[1]))), self.path)


def made_up(name: str) -> str:
    """What a path parameter may be, and nothing is called."""
    if name.endswith("_id"):
        return str(uuid4())
    return {"format": "csv", "version": "1"}.get(name, "nothing")


@cache
def document() -> Schema:
    """The document of this application; no database is opened for it."""
    return create_app(Database("sqlite:///never-opened.db")).openapi()


@cache
def operations() -> list[Operation]:
    """Every operation of the API."""
    return [
        Operation(method, path, about)
        for path, methods in document()["paths"].items()
        for method, about in methods.items()
        if method in METHODS
    ]


def resolve(schema: Schema) -> Schema:
    """The schema, where it is a reference the one it refers to."""
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def choices(schema: Schema) -> list[Schema]:
    """The schemas of which one must hold, without null."""
    found = resolve(schema)
    several = found.get("anyOf") or found.get("oneOf")
    if not several:
        return [found]
    return [one for part in several for one in choices(part) if one.get("type") != "null"]


def example(schema: Schema, whole: bool = False) -> Any:
    """A value that passes; `whole` has every member, even those that exclude one another."""
    found = choices(schema)[0]
    if "const" in found or "enum" in found:
        return found.get("const", found.get("enum", [None])[0])
    kind = found.get("type", "null")
    made: Any = EXAMPLES[kind](found, whole)
    return made


def _object(schema: Schema, whole: bool) -> Any:
    members = schema.get("properties", {})
    told = MEMBERS.get(schema.get("title", ""), {})
    names = members if whole else [*schema.get("required", []), *told]
    made = {name: example(members[name], whole) for name in names}
    return made | ({} if whole else told)


def _array(schema: Schema, whole: bool) -> Any:
    wanted = max(schema.get("minItems", 0), int(whole and schema.get("maxItems") != 0))
    return [example(schema["items"], whole) for _ in range(wanted)]


def _string(schema: Schema, _: bool) -> Any:
    by_format = {
        "uuid": str(uuid4()),
        "date": "2026-01-05",
        "date-time": "2026-01-05T10:00:00Z",
        "email": "someone@example.org",
    }
    if "format" in schema:
        return by_format[schema["format"]]
    if pattern := schema.get("pattern"):
        least = schema.get("minLength", 0)
        fit = (text for text in PATTERNED if len(text) >= least)
        return next(text for text in fit if re.search(pattern, text))
    return "a" * max(1, schema.get("minLength", 1))


EXAMPLES: dict[str, Callable[[Schema, bool], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": lambda schema, _: max(1, schema.get("minimum", 1)),
    "number": lambda schema, _: max(1.0, schema.get("minimum", 1.0)),
    "boolean": lambda *_: False,
    "null": lambda *_: None,
}

Path = tuple[str | int, ...]


def fields(schema: Schema, value: Any, path: Path = ()) -> Iterator[tuple[Path, Schema]]:
    """Every place of this value, with the schema that holds there."""
    found = choices(schema)[0]
    yield path, found
    if isinstance(value, dict):
        for name, below in value.items():
            if name in found.get("properties", {}):
                yield from fields(found["properties"][name], below, (*path, name))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from fields(found["items"], below, (*path, index))


def put(value: Any, path: Path, new: Any) -> Any:
    """The same value, with something else at this place."""
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy
