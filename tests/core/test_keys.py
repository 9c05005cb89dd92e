"""Secret keys: made once, read by their owner only."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from app.core.keys import SIZE, KeyExposed, KeyUnusable, derive, load_key, read_key
from app.core.settings import Env, settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault.key"


def forget_what_was_read() -> None:
    """As another process, or the next one, would be."""
    load_key.cache_clear()


def test_a_key_is_made_on_the_first_run_and_kept(path: Path) -> None:
    made = load_key(path)
    assert len(made) == SIZE
    assert path.read_bytes() == made
    forget_what_was_read()
    assert load_key(path) == made


def test_only_its_owner_reads_it(path: Path) -> None:
    load_key(path)
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_each_key_is_another(tmp_path: Path) -> None:
    assert load_key(tmp_path / "one") != load_key(tmp_path / "two")


def test_those_who_start_together_agree(path: Path) -> None:
    ready = Barrier(16)

    def start(_: int) -> bytes:
        ready.wait(timeout=5)
        return load_key.__wrapped__(path)  # each reads for itself, as processes do

    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(start, range(16)))
    assert keys == {path.read_bytes()}
    assert [file.name for file in path.parent.iterdir()] == ["vault.key"]


@pytest.mark.parametrize("content", [b"", b"short", b"a" * 33])
def test_what_has_not_the_size_of_a_key_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(KeyUnusable, match="must hold 32 bytes"):
        load_key(path)


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420])
def test_in_production_a_key_is_its_owners_alone(
    path: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_key(path)
    forget_what_was_read()
    path.chmod(mode)
    assert load_key(path) == path.read_bytes()
    forget_what_was_read()
    monkeypatch.setattr(settings(), "env", Env.PRODUCTION)
    with pytest.raises(KeyExposed):
        load_key(path)
    path.chmod(0o400)
    assert load_key(path) == path.read_bytes()


def test_a_key_that_was_replaced_is_read_again(path: Path) -> None:
    load_key(path)
    other = path.with_name("other.key")
    new = load_key(other)
    other.replace(path)
    assert read_key(path) == new


def test_each_purpose_has_its_own_key() -> None:
    assert len({derive(key, purpose) for key in (b"a", b"b") for purpose in ("x", "y")}) == 4
    assert len(derive(b"a", "x")) == SIZE
