"""docs/uploads.md: what it tells people to type does what it says."""

import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from app.core.db import Database
from app.core.settings import GIB, MIB, settings
from app.uploads.service import MOST_PIECES
from tests.uploads.conftest import URL
from tests.uploads.test_clients import (
    Server,
    bearer,
    digest_of,
    film,
    place,
    server,
)

__all__ = ["bearer", "film", "place", "server"]

PAGE = Path("docs/uploads.md").read_text()


@pytest.mark.once
@pytest.mark.slow
def test_the_lines_of_python_send_a_file(
    server: Server, bearer: dict[str, str], database: Database, film: Path
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {"URL": f"{server.url}{URL}", "FILE": str(film), "TOKEN": bearer["Authorization"][7:]}
    exec(code, names)
    assert digest_of(database, names["media_id"]) == sha256(film.read_bytes()).hexdigest()


@pytest.mark.once
@pytest.mark.slow
def test_the_lines_of_curl_send_a_file(
    server: Server, bearer: dict[str, str], database: Database, film: Path
) -> None:
    """The offset and the id of the page are made up: here are those that were told."""
    lines = re.search(r"## With curl\n\n(.*?)\n\n`GET", PAGE, re.DOTALL)
    assert lines
    begin, ask, bring = (
        part for part in re.split(r"# \d\. .*\n", lines[1].replace("\n    ", "\n"))[1:]
    )
    told = {
        "URL": f"{server.url}{URL}",
        "FILE": film.name,
        "TOKEN": bearer["Authorization"].removeprefix("Bearer "),
    }

    def typed(script: str) -> str:
        given = "\n".join(f"{name}='{value}'" for name, value in told.items())
        done = subprocess.run(
            ["bash", "-ec", f"{given}\n{script}"], cwd=film.parent, capture_output=True, check=True
        )
        return done.stdout.decode()

    place = re.search(r"location: \S+/(\S+)", typed(begin))
    assert place
    assert "upload-offset: 0" in typed(ask.replace("6f0c…", place[1]))
    brought = re.search(r"media-id: (\S+)", typed(bring.replace("6f0c…", place[1])))
    assert brought
    assert digest_of(database, brought[1]) == sha256(film.read_bytes()).hexdigest()


def test_it_tells_the_limits_that_hold() -> None:
    known = settings()
    assert f"video {known.video_max // GIB} GiB" in PAGE
    assert f"audio {known.audio_max // MIB} MiB" in PAGE
    assert f"picture {known.image_max // MIB} MiB" in PAGE
    assert f"{known.uploads_open_max} of one account" in PAGE
    assert f"{MOST_PIECES:,}".replace(",", " ") in PAGE
    assert f"nothing for {known.upload_patience:g} s" in PAGE
