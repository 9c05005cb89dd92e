"""What the operator may decide, and the limits that hold when nothing was decided."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from app.accounts.passwords import LONGEST, SHORTEST
from app.core import text
from app.core.bodies import DEEPEST
from app.core.pages import PageParams
from app.core.settings import Settings

KIB, MIB, GIB = 1024, 1024**2, 1024**3
MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60

# The table "Limits" of design/trust.md: bytes, seconds, milliseconds, code points.
LIMITS = {
    "json_body_max": MIB,
    "headers_max": 16 * KIB,
    "video_max": 2 * GIB,
    "audio_max": 300 * MIB,
    "image_max": 20 * MIB,
    "media_post_max": 20 * MIB,
    "media_min_ms": 200,
    "media_max_ms": 45 * 60 * 1000,
    "media_max_pixels": 8_912_896,
    "media_max_fps": 121,
    "media_max_streams": 8,
    "media_url_ttl": 15 * MINUTE,
    "upload_ttl": DAY,
    "upload_ttl_animator": 7 * DAY,
    "uploads_open_max": 20,
    "upload_patience": 30,
    "disk_reserve": 2 * GIB,
    "login_rate": 5,
    "share_rate": 5,
    "share_ttl": 90 * DAY,
    "fresh_login": 10 * MINUTE,
    "idempotency_ttl": 24 * HOUR,
}


@pytest.fixture(autouse=True)
def _nothing_decided(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"APP_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)  # where there is no .env


def test_the_limits_are_those_that_were_promised() -> None:
    decided = Settings().model_dump()
    assert {name: decided[name] for name in LIMITS} == LIMITS


def test_so_are_those_that_nobody_may_change() -> None:
    longest = {name: get_args(getattr(text, name))[1].longest for name in ("Body", "Line", "Word")}
    assert longest == {"Body": 20_000, "Line": 200, "Word": 64}
    assert DEEPEST == 32
    assert (SHORTEST, LONGEST) == (12, 200)
    assert PageParams().limit == 50
    assert PageParams(limit=200).limit == 200
    for limit in (0, 201):
        with pytest.raises(ValidationError):
            PageParams(limit=limit)


def test_production_refuses_keys_that_nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"APP_SECRET_KEY_FILE": "/run/secret.key", "APP_VAULT_KEY_FILE": "/run/vault.key"}
    monkeypatch.setenv("APP_ENV", "production")
    for given in ({}, *({name: path} for name, path in keys.items())):
        with monkeypatch.context() as environment:
            for name, path in given.items():
                environment.setenv(name, path)
            with pytest.raises(ValidationError, match="must name key files"):
                Settings()
    for name, path in keys.items():
        monkeypatch.setenv(name, path)
    assert Settings().secret_key_path == Path("/run/secret.key")
    assert Settings().vault_key_path == Path("/run/vault.key")


def test_an_embedded_run_needs_no_decision() -> None:
    decided = Settings()
    assert decided.database == "sqlite:///var/retours.db"
    assert decided.storage == f"file://{Path.cwd() / 'var' / 'blobs'}"
    assert decided.secret_key_path == Path("var/keys/secret.key")
    assert decided.workers == 2


def test_what_is_kept_stays_in_the_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_DATA_DIR", "/srv/retours")
    decided = Settings()
    assert decided.database == "sqlite:////srv/retours/retours.db"
    assert decided.storage == "file:///srv/retours/blobs"
    assert decided.vault_key_path == Path("/srv/retours/keys/vault.key")


def test_in_production_work_is_done_by_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ENV", "production"), ("SECRET_KEY_FILE", "a"), ("VAULT_KEY_FILE", "b")):
        monkeypatch.setenv(f"APP_{name}", value)
    assert Settings().workers == 0
    monkeypatch.setenv("APP_INLINE_WORKERS", "1")
    assert Settings().workers == 1


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_TRUSTED_HOSTS", "retours.example.org, 127.0.0.1,")
    monkeypatch.setenv("APP_CORS_ORIGINS", "")
    assert Settings().trusted_hosts == ["retours.example.org", "127.0.0.1"]
    assert Settings().cors_origins == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENV", "staging"),
        ("INLINE_WORKERS", "17"),
        ("INLINE_WORKERS", "-1"),
        ("JSON_BODY_MAX", "x"),
    ],
)
def test_what_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"APP_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize("name", ["APP_STORAGE_URL", "APP_LEDGER_URL"])
def test_files_are_in_a_folder_or_in_a_bucket(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("file:///srv/blobs", "s3://words", "s3://words/2026/here"):
        monkeypatch.setenv(name, url)
        assert getattr(Settings(), name.removeprefix("APP_").lower()) == url
    for url in ("/srv/blobs", "file://", "s3://", "s3:///words", "https://example.org/words"):
        monkeypatch.setenv(name, url)
        with pytest.raises(ValidationError):
            Settings()
