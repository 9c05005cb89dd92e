"""The OpenAPI document: what FastAPI derives from the routes, completed with what holds for all.

The problem document, the sizes and types that every JSON body is held to, bytes that are no JSON,
and a sentence for each operation: the first of its docstring.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.core.problems import ContentTooLarge, UnsupportedMediaType, documented

Described = dict[str, Any]

IDEMPOTENCY_KEY, REASON = "Idempotency-Key", "X-Reason"
BYTES: Described = {"type": "string", "format": "binary"}
MISTAKE: Described = {
    "type": "object",
    "title": "Mistake",
    "description": "One mistake in what was sent.",
    "required": ["pointer", "detail", "code"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "A JSON pointer (RFC 6901) into the body, the query or the headers.",
            "examples": ["#/title"],
        },
        "detail": {"type": "string", "description": "What is wrong, for a person."},
        "code": {"type": "string", "description": "What is wrong, for a program."},
    },
}
PROBLEM: Described = {
    "type": "object",
    "title": "Problem",
    "description": "A problem document (RFC 9457). Some problems have more members: their facts.",
    "required": ["type", "title", "status", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "pattern": "^/problems/[a-z]+(-[a-z0-9]+)*$",
            "description": "Which problem it is; this address explains it.",
            "examples": ["/problems/not-found"],
        },
        "title": {
            "type": "string",
            "description": "What went wrong: in French, or as Accept-Language prefers, in English.",
        },
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "To quote when you ask for help."},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Mistake"}},
    },
}


def operation_id(route: APIRoute) -> str:
    """`workshops_index`: the tag, and the name of the function."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def describe(app: FastAPI) -> None:
    """Make the application describe itself in full."""
    derive = app.openapi

    def openapi() -> Described:
        if not app.openapi_schema:
            app.openapi_schema = _complete(derive())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: Described) -> Described:
    for path in document["paths"].values():
        for method, operation in path.items():
            operation["summary"] = _first_sentence(operation.get("description", ""))
            _forget_useless_headers(method, operation)
            _limit(operation)
            for kind, content in _contents(operation):
                if kind != "application/json":
                    content.setdefault("schema", BYTES)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"Problem": PROBLEM, "Mistake": MISTAKE}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _first_sentence(description: str) -> str:
    """Up to the first stop that ends a sentence; the whole when there is none."""
    text = " ".join(description.split())
    return text.partition(". ")[0].removesuffix(".")


def _forget_useless_headers(method: str, operation: Described) -> None:
    """Every call has both: a POST of JSON, or of nothing, takes a key, and a GET a reason."""
    body = operation.get("requestBody", {}).get("content", {"application/json": {}})
    useless = {IDEMPOTENCY_KEY, REASON}
    if method == "post" and "application/json" in body:
        useless.remove(IDEMPOTENCY_KEY)
    if method == "get":
        useless.remove(REASON)
    kept = [p for p in operation.get("parameters", []) if p["name"] not in useless]
    operation.pop("parameters", None)
    if kept:
        operation["parameters"] = kept


def _limit(operation: Described) -> None:
    """What every body may be told: that it is too large, or of another type."""
    if "requestBody" not in operation:
        return
    for status, response in documented(ContentTooLarge, UnsupportedMediaType).items():
        operation["responses"].setdefault(str(status), response)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _contents(operation: Described) -> Iterator[tuple[str, Described]]:
    """The type and the description of all that is sent and answered."""
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from part.get("content", {}).items()
