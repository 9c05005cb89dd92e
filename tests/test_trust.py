"""docs/trust.md says which test holds each promise: the tests that it names are there."""

import ast
import re
from pathlib import Path

PROMISES = Path("docs/trust.md")
ROW = re.compile(r"^\| (?P<promise>.+?) \| (?P<tests>.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FEWEST = 120  # promises: a table that loses rows is noticed


def rows() -> list[tuple[str, str]]:
    found = [(row["promise"], row["tests"]) for row in ROW.finditer(PROMISES.read_text())]
    return [row for row in found if row[0] not in ("promise", "---")]


def test_every_promise_names_a_test() -> None:
    told = rows()
    assert len(told) >= FEWEST
    for promise, tests in told:
        assert NAMED.search(tests), f"Nothing holds: {promise}"


def test_every_test_that_is_named_is_there() -> None:
    known: dict[str, set[str]] = {}
    for path, name in NAMED.findall(PROMISES.read_text()):
        if path not in known:
            tree = ast.parse(Path(path).read_text())
            known[path] = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        assert name in known[path], f"{path} has no {name}"
