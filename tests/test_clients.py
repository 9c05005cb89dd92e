"""`docs/clients.md`: its examples run exactly as they are written there, against the demo."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas
import pytest

from app.demo.service import PASSWORD
from tests.processes import Place

pytestmark = [pytest.mark.slow, pytest.mark.once]
DOCS = Path(__file__).parents[1] / "docs" / "clients.md"
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES: dict[str, str] = {
    f"{n} {kind}": code for n, (kind, code) in enumerate(FENCED.findall(DOCS.read_text()))
}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def example(kind: str, number: int = 0) -> str:
    """What is written there in this language."""
    return [code for name, code in EXAMPLES.items() if name.endswith(f" {kind}")][number]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server with the demo."""
    folder = tmp_path_factory.mktemp("clients")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    place = Place(folder, f"sqlite:///{folder / 'retours.db'}", APP_INLINE_WORKERS="0")
    with place.started("run", "--port", str(port)) as server:
        assert server.answers(port).status_code == 200
        yield f"http://127.0.0.1:{port}"


def run(command: list[str], api: str, folder: Path) -> list[str]:
    """What it prints; it must end well."""
    done = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env={"API": api, "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_it_says_the_password_of_the_demo() -> None:
    codes = [code for name, code in EXAMPLES.items() if not name.endswith(" r")]
    assert len(EXAMPLES) == 5
    assert all(PASSWORD in code for code in codes)


def test_curl(api: str, tmp_path: Path) -> None:
    pages, file, first, second = run(["sh", "-c", example("sh")], api, tmp_path)
    assert int(pages.split()[0]) > 1
    assert re.fullmatch(r"testimonies-[\d-]{10}-[0-9a-f]{8}\.xlsx", file)
    sheet = pandas.read_excel(tmp_path / file)
    assert len(sheet) > 0
    assert first == second
    assert ID.fullmatch(first)


def test_httpx(api: str, tmp_path: Path) -> None:
    found, export, deposited = run([sys.executable, "-c", example("python")], api, tmp_path)
    assert int(found.split()[0]) > 10
    assert ID.search(export)
    assert deposited == "1 testimony"
    lines = (tmp_path / "testimonies.jsonl").read_text().split("\n")
    assert {json.loads(line)["nature"] for line in lines if line} == {"practice"}


def test_pandas(api: str, tmp_path: Path) -> None:
    printed = "\n".join(run([sys.executable, "-c", example("python", 1)], api, tmp_path))
    assert "young_person" in printed
    assert "audience" in printed
    assert "schemes.code" in printed
    assert "Évaluateur (démo)" in printed


def test_javascript(api: str, tmp_path: Path) -> None:
    if not (node := shutil.which("node")):
        pytest.skip("node is not installed here")
    file = tmp_path / "example.mjs"
    file.write_text(example("js"))
    testimonies, excerpts, first, second = run([node, str(file)], api, tmp_path)
    assert int(testimonies.split()[0]) > 10
    assert int(excerpts.split()[0]) > 0
    assert ID.search(excerpts)
    assert first == second


def test_r(api: str, tmp_path: Path) -> None:
    if not (r := shutil.which("Rscript")):
        pytest.skip("R is not installed here")
    file = tmp_path / "example.R"
    file.write_text(example("r"))
    run([r, "-e", f"invisible(parse({str(file)!r}))"], "", tmp_path)
    if subprocess.run([r, "-e", "library(httr2)"], check=False, capture_output=True).returncode:
        pytest.skip("It is R; httr2, which it asks for, is not installed here")
    testimonies, *roles = run([r, str(file)], api, tmp_path)
    assert int(testimonies.split()[1]) > 10  # "[1] 23"
    assert "young_person" in " ".join(roles)


def test_the_demo_answers_in_problems(api: str) -> None:
    """Which is what the JavaScript example shows of a refusal."""
    answer = httpx.get(f"{api}/api/v1/exports/testimonies.csv")
    assert (answer.status_code, bool(answer.json()["title"])) == (401, True)
