"""What is deployed: the image, the services, the lock files. They are read, not built."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from app.core.settings import Settings

ROOT = Path(__file__).parents[1]
LOCKS = ["run.txt", "dev.txt"]


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: `("FROM", "python:…")`."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, " ".join(rest.split())) for word, _, rest in (x.partition(" ") for x in lines)]


def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def settings_named_in(text: str) -> set[str]:
    return {name.lower() for name in re.findall(r"\bAPP_([A-Z_]+)\b", text)}


def locked(name: str) -> Iterator[str]:
    """Each requirement of a lock file, with its hashes."""
    text = re.sub(r"\\\n", " ", (ROOT / "requirements" / name).read_text())
    yield from (line for line in text.splitlines() if line and not line.lstrip().startswith("#"))


def test_the_image_does_not_run_as_root_and_asks_itself_whether_it_lives() -> None:
    found = dict(instructions())  # the last of each: those of the last stage
    assert found["USER"] == "10001:10001"
    assert "/healthz" in found["HEALTHCHECK"], "a store that is down stops no process"
    assert found["ENTRYPOINT"] == '["python", "-m", "app"]'
    words = [word for word, _ in instructions()]
    assert words.index("USER") > max(i for i, word in enumerate(words) if word == "RUN")


def test_the_health_check_is_a_program() -> None:
    command = dict(instructions())["HEALTHCHECK"].partition(" CMD ")[2]
    _, _, program = yaml.safe_load(command)
    compile(program, "HEALTHCHECK", "exec")


def test_images_have_a_version() -> None:
    images = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    images += [service["image"] for service in compose()["services"].values()]
    for image in images:
        assert re.search(r":\d", image), f"{image} may be anything tomorrow"


def test_the_image_installs_from_the_lock_only() -> None:
    (pip,) = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert "--require-hashes" in pip
    assert "--only-binary :all:" in pip
    assert not any("apt" in rest for word, rest in instructions() if word == "RUN")


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = [x[1:] for x in (ROOT / ".dockerignore").read_text().splitlines() if x.startswith("!")]
    for word, rest in instructions():
        if word in {"COPY", "ADD"} and "--from=" not in rest:
            source = rest.split()[0]
            assert (ROOT / source).exists()
            assert source in kept
    assert all((ROOT / path).exists() for path in kept)


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_only_settings_that_exist_are_set(name: str) -> None:
    named = settings_named_in((ROOT / name).read_text())
    assert named
    assert named <= Settings.model_fields.keys()


def test_services_have_keys_of_their_own_wait_for_the_migration_and_gain_no_right() -> None:
    found = compose()
    assert found["services"].keys() == {"db", "migrate", "web", "worker"}
    for name in ("migrate", "web", "worker"):
        service = found["services"][name]
        assert Path(service["environment"]["APP_VAULT_KEY_FILE"]).parent == Path("/keys")
        assert service["environment"]["APP_ENV"] == "production"
        assert service["cap_drop"] == ["ALL"]
        assert service["volumes"] == ["data:/data", "./keys:/keys:ro"]
        waits_for = service["depends_on"]
        assert "db" in waits_for or waits_for["migrate"] == {
            "condition": "service_completed_successfully"
        }
    assert found["services"]["db"]["healthcheck"]["test"][1] == "pg_isready"
    assert found["services"]["web"]["ports"] == ["127.0.0.1:8000:8000"]


@pytest.mark.parametrize("name", LOCKS)
def test_everything_locked_has_a_version_and_hashes_and_no_address(name: str) -> None:
    found = list(locked(name))
    assert len(found) > 30
    for requirement in found:
        assert re.match(r"[\w.-]+(\[[\w,]+\])?==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement
    assert "://" not in (ROOT / "requirements" / name).read_text()


def test_what_we_need_is_locked_and_what_we_run_is_what_we_test() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    versions = {name: dict(x.split()[0].split("==") for x in locked(name)) for name in LOCKS}
    needed = {"run.txt": project["project"]["dependencies"]}
    needed["dev.txt"] = needed["run.txt"] + project["dependency-groups"]["dev"]
    for name, requirements in needed.items():
        bare = {re.split(r"[>=<]", requirement)[0] for requirement in requirements}
        assert {re.sub(r"\[.*", "", x) for x in bare} <= {
            re.sub(r"\[.*", "", x) for x in versions[name]
        }
    assert versions["run.txt"].items() <= versions["dev.txt"].items()
