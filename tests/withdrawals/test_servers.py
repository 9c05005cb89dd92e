"""Withdrawals between real processes: of a server stopped and started, and of two side by side.

No worker runs: what is promised at once needs none.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from app.core.db import Database
from app.withdrawals import ledger
from tests.conftest import DATA_DIR, ClientFor
from tests.make import Make
from tests.postgres import free_port
from tests.processes import Place
from tests.withdrawals.world import API, CANARY, NOISE, World, build

pytestmark = pytest.mark.slow
ALONE = {"APP_INLINE_WORKERS": "0", "APP_DISK_RESERVE": "0"}
BEGINNING = {"Range": "bytes=0-99"}

Asked = Callable[[World, httpx.Client], tuple[str, dict[str, str]]]


@pytest.fixture(autouse=True)
def _own_ledger() -> Iterator[None]:
    yield
    for key in list(ledger.every_key()):
        ledger.ledger().delete(key)


@contextmanager
def served(url: str) -> Iterator[httpx.Client]:
    """A client of a real server on this database, with the files and keys of the tests."""
    port = free_port()
    with Place(DATA_DIR, url).started("serve", "--port", str(port), **ALONE) as server:
        assert server.answers(port).status_code == 200
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
        server.stop()


def bearer(client: object) -> dict[str, str]:
    """The token of one of the world's people, for a real request."""
    return {"Authorization": client.headers["Authorization"]}  # type: ignore[attr-defined]


def take_back(world: World, client: httpx.Client) -> None:
    asked = {"witness_id": str(world.witness.id), "all": True}
    answer = client.post(f"{API}/withdrawals", json=asked, headers=bearer(world.animator))
    assert answer.status_code == 201, answer.text


# What held the words: an address and headers, for whoever may read it there.


def words(world: World, _: httpx.Client) -> tuple[str, dict[str, str]]:
    return f"{API}/testimonies/{world.testimony.id}", bearer(world.editor)


def signed_address(world: World, client: httpx.Client) -> tuple[str, dict[str, str]]:
    media = client.get(f"{API}/media/{world.media.id}", headers=bearer(world.editor)).json()
    return httpx.URL(media["renditions"][0]["url"]).raw_path.decode(), {}


def shared_link(world: World, _: httpx.Client) -> tuple[str, dict[str, str]]:
    return f"{API}/shared/{world.token}", {}


def page_with_a_pass(world: World, client: httpx.Client) -> tuple[str, dict[str, str]]:
    let_in = client.post(f"/r/{world.token}")
    cookie = let_in.headers["Set-Cookie"].partition(";")[0]
    client.cookies.clear()
    return f"/dossiers/{world.release_id}", {"Cookie": cookie}


def export(world: World, _: httpx.Client) -> tuple[str, dict[str, str]]:
    return f"{API}/exports/testimonies.jsonl?purpose=essai", bearer(world.evaluator)


def receipt_page(world: World, _: httpx.Client) -> tuple[str, dict[str, str]]:
    return "/suivi/mes-paroles", {"Cookie": f"suivi={world.make.receipt(world.witness)}"}


# To the witnesses themselves a title still says which of their words they took back.
EVERYWHERE: list[tuple[Asked, str]] = [
    *((held, CANARY) for held in (words, signed_address, shared_link, page_with_a_pass, export)),
    (receipt_page, f"Je raconte {CANARY}"),
]


def test_what_is_taken_back_through_one_server_the_next_request_to_the_other_does_not_find(
    make: Make, database: Database, client_for: ClientFor, url: str
) -> None:
    with served(url) as first, served(url) as second:
        pairs = cycle([(first, second), (second, first)])
        for (held, word), (one, other) in zip(EVERYWHERE, pairs, strict=False):
            world = build(make, database, client_for)
            address, headers = held(world, other)
            before = other.get(address, headers=headers)
            assert word.encode() in before.content, f"{held.__name__} would show it"
            tag = {"If-None-Match": before.headers.get("ETag", '"none"')}
            take_back(world, one)
            for more in (tag, BEGINNING, tag | BEGINNING, {}):
                after = other.get(address, headers=headers | more)
                assert word.encode() not in after.content, (held.__name__, more)
                assert after.status_code not in (206, 304), (held.__name__, more)
                assert after.status_code < 500, after.text


def test_yesterdays_file_put_back_by_hand_shows_nothing_that_was_taken_since(
    world: World, url: str, tmp_path: Path
) -> None:
    if make_url(url).get_backend_name() != "sqlite":
        pytest.skip("a database server has no file to put back by hand")
    today, yesterday = tmp_path / "today.db", tmp_path / "yesterday.db"
    with (
        closing(sqlite3.connect(make_url(url).database or "")) as source,
        closing(sqlite3.connect(yesterday)) as target,
    ):
        source.backup(target)
    shutil.copy(yesterday, today)
    here = f"sqlite:///{today}"
    with served(here) as client:
        assert CANARY in client.get(f"{API}/shared/{world.token}").text
        asked = [held(world, client) for held, word in EVERYWHERE if word == CANARY]
        take_back(world, client)
    for name in ("", "-wal", "-shm"):
        today.with_name(today.name + name).unlink(missing_ok=True)
    shutil.copy(yesterday, today)

    with served(here) as client:
        first = client.get(f"{API}/shared/{world.token}")
        assert first.status_code == 200
        assert CANARY not in first.text
        assert NOISE in first.text
        for address, headers in asked:
            assert CANARY not in client.get(address, headers=headers).text
