"""S3 stores for tests, each a process of its own on a free port of 127.0.0.1.

`moto` knows what S3 means (conditional creation, listing, parts) and takes anybody's word; `nanio`
verifies every signature, and keeps its objects in a folder, over a restart too.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx

from tests.postgres import free_port

BUCKET = "tests"
PATIENCE = 60.0  # seconds to start
KEY, SECRET, REGION = "someone", "not-much-of-a-secret", "eu-west-3"


def environment_of(port: int) -> dict[str, str]:
    """What a process must be told to reach the store of this port."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "APP_STORAGE_ALLOW_HTTP": "true",
    }


class Bucket:
    """A store with one bucket, `tests`, which may be stopped and started again."""

    def __init__(self, command: Sequence[str], port: int, log: Path) -> None:
        self.port, self._command, self._log = port, command, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.port)

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=os.environ | {"NANIO_ACCESS_KEY": KEY, "NANIO_SECRET_KEY": SECRET},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert monotonic() < deadline, self._log.read_text()
            sleep(0.05)

    def stop(self) -> None:
        """At once, as a machine that loses its power."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        try:
            httpx.get(self.endpoint, timeout=5)
        except httpx.TransportError:
            return False
        return True


@contextmanager
def moto(folder: Path, port: int | None = None) -> Iterator[Bucket]:
    """A store which forgets all when it stops."""
    port = port or free_port()
    command = [sys.executable, "-m", "moto.server", "--host=127.0.0.1", f"--port={port}"]
    bucket = Bucket(command, port, folder / "moto.log")
    try:
        bucket.start()
        where = f"<LocationConstraint>{REGION}</LocationConstraint>"
        asked = f"<CreateBucketConfiguration>{where}</CreateBucketConfiguration>"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/s3/x"}
        made = httpx.put(f"{bucket.endpoint}/{BUCKET}", content=asked, headers=signed)
        assert made.status_code == 200, made.text
        yield bucket
    finally:
        bucket.stop()


@contextmanager
def nanio(folder: Path) -> Iterator[Bucket]:
    """A store which keeps its objects in this folder."""
    (folder / "data" / BUCKET).mkdir(parents=True)
    port = free_port()
    options = ["--host=127.0.0.1", f"--port={port}", f"--region={REGION}"]
    options += [f"--data-dir={folder / 'data'}", "--log-level=warning", "--no-access-log"]
    bucket = Bucket([sys.executable, "-m", "nanio", "serve", *options], port, folder / "nanio.log")
    try:
        bucket.start()
        yield bucket
    finally:
        bucket.stop()
