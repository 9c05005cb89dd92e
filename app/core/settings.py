"""What the operator decides, from `APP_*` environment variables or an `.env` file.

One object for the whole process: `settings()`. Sizes are in bytes, durations in seconds unless the
name says otherwise. The table in README.md lists every field; a test compares the two.
"""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KIB, MIB, GIB = 1024, 1024**2, 1024**3
MINUTE, HOUR, DAY = 60, 3600, 86400
STORAGE_URL = r"^(file:///.+|s3://[^/]+(/.*)?)?$"


class Env(StrEnum):
    """Where the service runs. Production refuses defaults that protect nobody."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Engine(StrEnum):
    """Who writes down what is said in recordings: people alone, or a program first."""

    NONE = "none"
    COMMAND = "command"


def split(value: object) -> object:
    """`a, b` -> `["a", "b"]`, as lists are written in an environment variable."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class Settings(BaseSettings):
    """Every setting and limit of the service."""

    model_config = SettingsConfigDict(
        env_prefix="APP_", env_file=".env", extra="ignore", env_ignore_empty=True
    )

    env: Env = Field(Env.DEVELOPMENT, description="`development` or `production`.")
    data_dir: Path = Field(Path("var"), description="Database, files and keys of an embedded run.")
    database_url: str = Field("", description="Default: a SQLite file in the data directory.")
    storage_url: str = Field(
        "",
        pattern=STORAGE_URL,
        description="`file:///folder` or `s3://bucket/prefix`. Default: in the data directory.",
    )
    storage_timeout: float = Field(
        10, gt=0, description="One exchange with an S3 store; then it is said to be down."
    )
    storage_allow_http: bool = Field(
        False, description="Whether the endpoint of an S3 store may be `http://`."
    )
    ledger_url: str = Field(
        "",
        pattern=STORAGE_URL,
        description="Where withdrawals are kept apart from the database. Default: in the storage.",
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="How people reach the service; links begin with it."
    )
    secret_key_file: Path | None = Field(None, description="Signs addresses of files. 32 bytes.")
    vault_key_file: Path | None = Field(None, description="Encrypts identities. 32 bytes.")
    inline_workers: int | None = Field(
        None, ge=0, le=16, description="Job threads in the web process: 2, in production 0."
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        [], description="Origins of front ends, separated by commas."
    )
    trusted_hosts: Annotated[list[str], NoDecode] = Field(
        ["*"], description="Host names that are served, separated by commas."
    )
    ffmpeg: str = Field("", description="The ffmpeg binary. Default: the one of the lock file.")
    asr_engine: Engine = Field(
        Engine.NONE, description="Who writes down recordings: `none`, or `command`."
    )
    asr_command: str = Field(
        "",
        description="A program that reads `{wav}` and prints SRT. Default: the one of `asr`.",
    )
    asr_model_dir: Path | None = Field(
        None, description="The folder of a speech model, which is never fetched: `{model}`."
    )
    log_level: str = Field(
        "info",
        pattern="(?i)^(debug|info|warning|error)$",
        description="`debug`, `info`, `warning` or `error`.",
    )

    json_body_max: int = Field(MIB, description="A JSON body.")
    headers_max: int = Field(16 * KIB, description="All the headers of a request.")
    media_post_max: int = Field(20 * MIB, description="A file posted to `/media` at once.")
    video_max: int = Field(2 * GIB, description="A video file.")
    audio_max: int = Field(300 * MIB, description="An audio file.")
    image_max: int = Field(20 * MIB, description="A picture.")
    media_min_ms: int = Field(200, description="The shortest recording, in milliseconds.")
    media_max_ms: int = Field(45 * MINUTE * 1000, description="The longest one, in milliseconds.")
    media_max_pixels: int = Field(8_912_896, description="Pixels of a frame.")
    image_max_pixels: int = Field(50_000_000, description="Pixels of a picture.")
    media_max_fps: float = Field(121, description="Frames per second.")
    media_max_streams: int = Field(8, description="Streams of a file.")
    media_timeout: float = Field(1800, description="CPU and clock time of one media tool run.")
    media_url_ttl: float = Field(15 * MINUTE, description="Life of a signed file address.")
    upload_ttl: float = Field(24 * HOUR, description="Life of an upload that is not finished.")
    upload_ttl_animator: float = Field(7 * DAY, description="The same, of an animator's.")
    uploads_open_max: int = Field(20, description="Unfinished uploads of one account.")
    upload_patience: float = Field(
        30, description="An upload that sends nothing this long is cut; what came is kept."
    )
    disk_reserve: int = Field(2 * GIB, description="Below this, deposits get a 507.")

    practice_share_min: float = Field(
        0.5, description="A bundle of fewer practices gets a warning."
    )
    voice_share_max: float = Field(
        0.5, gt=0, le=1, description="So does one where a witness speaks in more than this share."
    )
    workshop_share_max: float = Field(
        0.5, gt=0, le=1, description="Or of which a workshop gave more than this share."
    )
    voices_min: int = Field(6, ge=0, description="Or in which fewer people speak.")
    panel_words_max: int = Field(150, ge=1, description="Words of a quote on a panel, likewise.")
    note_words_max: int = Field(2000, ge=1, description="Words of a note, likewise.")
    expectation_required: bool = Field(
        False, description="Whether a bundle that answers no expectation cannot be published."
    )

    figures_k_public: int = Field(
        11, ge=3, description="No figure that everybody reads is about fewer testimonies or people."
    )
    figures_k_restricted: int = Field(
        5, ge=3, description="The same, of figures for recipients, and for who may not export."
    )
    figures_rounded_to: float = Field(
        0.05, gt=0, le=0.25, description="Shares in such figures are rounded to this."
    )
    figures_employers_min: int = Field(
        3, ge=2, description="No public figure about employers is about fewer of them."
    )
    figures_employer_share_max: float = Field(
        0.85, gt=0, le=1, description="Nor is one employer more than this share of a public figure."
    )

    session_ttl: float = Field(12 * HOUR, description="Life of a login.")
    fresh_login: float = Field(10 * MINUTE, description="A disclosure wants a login this recent.")
    login_rate: int = Field(5, description="Logins a minute for one account from one address.")
    share_rate: int = Field(5, description="Wrong tries in 15 minutes on one link.")
    share_ttl: float = Field(90 * DAY, description="Life of a personal link.")
    receipt_idle: float = Field(
        5 * MINUTE, description="A witness's session ends when it was idle this long."
    )
    receipt_ttl: float = Field(HOUR, description="And after this long in any case.")
    receipt_rate: int = Field(5, description="Wrong receipt codes in 15 minutes of one address.")
    receipt_rate_in_all: int = Field(
        50, description="Wrong receipt codes in 15 minutes of all addresses together."
    )
    idempotency_ttl: float = Field(24 * HOUR, description="How long an answer can be replayed.")

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: object) -> object:
        if isinstance(values, dict):
            for name in ("cors_origins", "trusted_hosts"):
                if name in values:
                    values[name] = split(values[name])
        return values

    @model_validator(mode="after")
    def _no_default_keys_in_production(self) -> "Settings":
        if self.env is Env.PRODUCTION and not (self.secret_key_file and self.vault_key_file):
            raise ValueError(
                "In production, APP_SECRET_KEY_FILE and APP_VAULT_KEY_FILE must name key files."
            )
        return self

    @model_validator(mode="after")
    def _an_engine_needs_a_program(self) -> "Settings":
        nothing = not self.asr_command and not self.asr_model_dir
        if self.asr_engine is Engine.COMMAND and nothing:
            raise ValueError(
                "APP_ASR_ENGINE=command needs APP_ASR_MODEL_DIR, or a program in APP_ASR_COMMAND."
            )
        return self

    @property
    def database(self) -> str:
        """The URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'retours.db'}"

    @property
    def storage(self) -> str:
        """The URL of the storage."""
        return self.storage_url or f"file://{(self.data_dir / 'blobs').resolve()}"

    @property
    def ledger(self) -> str:
        """The URL of the storage where withdrawals are kept, below `ledger/`."""
        return self.ledger_url or self.storage

    @property
    def workers(self) -> int:
        """How many job threads live in the web process."""
        if self.inline_workers is not None:
            return self.inline_workers
        return 0 if self.env is Env.PRODUCTION else 2

    @property
    def secret_key_path(self) -> Path:
        return self.secret_key_file or self.data_dir / "keys" / "secret.key"

    @property
    def vault_key_path(self) -> Path:
        return self.vault_key_file or self.data_dir / "keys" / "vault.key"


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
