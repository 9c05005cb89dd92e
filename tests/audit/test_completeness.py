"""Every deed leaves an event: in the source, and when people do it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

READINGS = ("find", "search", "visible", "of_", "read", "require", "is_", "tell", "touched")
WRITES = {"add", "add_all", "delete", "flush", "merge"}
STATEMENTS = {"insert", "update", "delete", "insert_new"}

Functions = Mapping[str, ast.FunctionDef]


def packages() -> Iterator[tuple[str, Functions]]:
    """Each feature, and all functions of its modules by name."""
    for folder in sorted(path.parent for path in Path("app").glob("*/__init__.py")):
        found = {}
        for path in sorted(folder.glob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef):
                    found[f"{path.stem}.{node.name}"] = node
        yield folder.name, found


def calls_of(function: ast.FunctionDef) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name, node


def writes(function: ast.FunctionDef) -> bool:
    """Whether it changes rows by itself."""
    for name, node in calls_of(function):
        match node.func:
            case ast.Attribute(value=ast.Name(id="db" | "writing")) if name in WRITES:
                return True
        if name in STATEMENTS and isinstance(node.func, ast.Name):
            return True
        if name in ("setattr", "touch", "insert_new"):
            return True
    return any(
        isinstance(t, ast.Attribute)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for t in node.targets
    )


if __name__ == "__main__":
    for package, functions in packages():
        by_name = {}
        for key, f in functions.items():
            by_name.setdefault(key.partition(".")[2], []).append(key)

        def reach(key, test, seen=None):
            seen = seen if seen is not None else set()
            if key in seen:
                return False
            seen.add(key)
            f = functions[key]
            if test(f):
                return True
            return any(reach(k, test, seen) for n, _ in calls_of(f) for k in by_name.get(n, []))

        rec = lambda f: any(n == "record" for n, _ in calls_of(f))
        for key, f in functions.items():
            args = {a.arg for a in [*f.args.args, *f.args.kwonlyargs]}
            if args & {"by"} and not f.name.startswith("_"):
                r, w = reach(key, rec), reach(key, writes)
                if not r or not w:
                    print(package, key, "records" if r else "-", "writes" if w else "-")
