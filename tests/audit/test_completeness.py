"""Every deed leaves an event: in the source, and when people do it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.core.db import Database
from tests.audit.deeds import Deeds
from tests.make import Make

READS = ("find", "require_")
NOT_RECORDED = {
    "app.exports.qda.reading.file_of": "reads",
    "app.gate.captions.listed": "reads",
    "app.gate.media.renditions": "reads",
    "app.releases.events.to_note": "reads",
    "app.remarks.quotes.quotable": "reads",
    "app.operations.service.verify_audit": "reads",
    "app.traces.chain.trace": "reads",
    "app.receipts.sessions.leave": "the session that was opened is recorded; it ends by itself too",
}


@dataclass(frozen=True)
class Module:
    """The functions of a module, and where the names that it uses come from."""

    functions: dict[str, ast.FunctionDef]
    imported: dict[str, str]


@cache
def modules() -> dict[str, Module]:
    """Every module of the application, by its name: new ones count as they come."""
    return {
        ".".join(path.with_suffix("").parts): module_of(ast.parse(path.read_text()))
        for path in Path("app").rglob("*.py")
    }


def module_of(tree: ast.Module) -> Module:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return Module(functions, imported)


def called_in(where: str, function: ast.FunctionDef) -> Iterator[str]:
    """The full names of the functions that this one calls, of those of the application."""
    module = modules()[where]
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                yield module.imported.get(name, f"{where}.{name}")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)):
                yield f"{module.imported.get(name, name)}.{attribute}"


def records(name: str, seen: set[str]) -> bool:
    """Whether this function records, or calls one that does."""
    if name == "app.audit.service.record":
        return True
    where, _, short = name.rpartition(".")
    if name in seen or where not in modules() or short not in modules()[where].functions:
        return False
    seen.add(name)
    function = modules()[where].functions[short]
    return any(records(called, seen) for called in called_in(where, function))


def deeds() -> Iterator[str]:
    """What is done by somebody, as its signature says: all but what finds, and what lists."""
    for where, module in modules().items():
        if where == "app.audit.service":
            continue  # it is what records
        for function in module.functions.values():
            arguments = {
                argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)
            }
            lists = function.returns is not None and "Select" in ast.unparse(function.returns)
            if "by" in arguments and not function.name.startswith(("_", *READS)) and not lists:
                yield f"{where}.{function.name}"


DEEDS = sorted(deeds())


@pytest.mark.parametrize("deed", DEEDS)
def test_every_deed_records_itself(deed: str) -> None:
    assert records(deed, set()) != (deed in NOT_RECORDED)


def test_there_are_deeds_of_every_feature_and_no_stale_exception() -> None:
    assert len(DEEDS) > 50
    assert NOT_RECORDED.keys() <= set(DEEDS)


# The stories listen to what people do, with the same ears: see `tests/stories/conftest.py`.


def test_a_deed_without_an_event_would_be_noticed(
    as_animator: TestClient,
    animator: Account,
    make: Make,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workshop = make.workshop(organization=animator.organization)
    heard = Deeds(database)
    heard.listen(as_animator)
    closure = f"/api/v1/workshops/{workshop.id}/closure"
    assert as_animator.get(f"/api/v1/workshops/{workshop.id}").status_code == 200
    assert as_animator.put(closure).status_code == 204
    assert heard.silent == []
    assert as_animator.put(closure).status_code == 204, "nothing more was done"
    assert heard.silent == [f"PUT {closure}"]
