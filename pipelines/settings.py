"""Where things lie and which limits hold.

What belongs here: folders, environment variables, limits, the fingerprint of the code that lies there. What does not:
thresholds of the law (pipelines/feeds/reference/ref_rule.csv) and meanings of columns (pipelines/feeds/*.yaml).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parents[1]
"""A checkout, or the folder a wheel was installed to: both have dbt_project/ and expectations/ beside pipelines/."""
IS_CHECKOUT = (PROJECT_ROOT / "pyproject.toml").exists()
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
BUNDLED = PROJECT_ROOT / "data" / "raw" / "_reference"
"""Reference data of the bundled sample; a wheel carries them too."""
# Suites of one's own may lie elsewhere.
EXPECTATIONS = Path(os.environ.get("ANZE_EXPECTATIONS", PROJECT_ROOT / "expectations"))
CHINA = ZoneInfo("Asia/Shanghai")

# Every dependency that would call home is told not to, before it is imported.
TELEMETRY_OFF = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
}


class Settings(BaseSettings):
    """Read from the environment (prefix ANZE_); the command line may override the home."""

    model_config = SettingsConfigDict(env_prefix="ANZE_")

    home: Path = Field(default_factory=lambda: PROJECT_ROOT / "data" if IS_CHECKOUT else Path.cwd())
    hash_key: str | None = None
    history: int = Field(default=7, ge=0, description="older publications kept")
    max_file_mb: int = Field(default=4096, gt=0)
    max_expanded_mb: int = Field(default=8192, gt=0, description="an archive may not unfold to more")
    max_cell_characters: int = Field(default=1_000_000, gt=0)
    engine: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="what computes the warehouse (docs/scale.md)"
    )
    spark_master: str = Field(default="", description="spark://host:port, yarn …; empty: the cores of this machine")
    spark_landing: str = Field(
        default="", description="the landing folder as the cluster sees it (file, hdfs, s3a …); empty: its local path"
    )
    spark_tables: str = Field(
        default="", description="where Spark writes its tables, emptied every night; empty: beside the private build"
    )
    runs_kept: int = Field(default=200, ge=1, description="records of runs that Dagster keeps; older ones go")
    spark_conf: Path | None = Field(
        default=None, description="lines added to spark-defaults.conf: executors, memory, keys of a store"
    )
    threads: int = Field(default_factory=lambda: os.cpu_count() or 2, ge=1)
    memory_limit: str = "3GB"
    reader_memory_mb: int = Field(
        default=4096, gt=0, description="a process that reads drops may not use more; what needs more is refused"
    )
    reader_seconds: int = Field(
        default=300,
        gt=0,
        description="reading a drop, and each further 100 MB of it, may take so long; what takes longer is refused",
    )
    site_audiences: str = Field(
        default="", description="comma-separated providers that get pages; empty: all that have rights"
    )
    dashboard_look_again: float = Field(default=15, gt=0, description="seconds between two looks for a new publication")
    oidc_secrets: Path | None = Field(
        default=None, description="accounts of people: [auth] and [audiences] (pipelines/access/people.py)"
    )
    counter_hosts: str = Field(
        default="",
        description="comma-separated names by which a proxy reaches the server; by any other name it is not answered",
    )
    counter_upload_mb: int = Field(default=512, gt=0, description="a file handed in at the counter may not be larger")
    lang: str = Field(default="zh", description="of the program's own words: zh or en (pipelines/cli/english.py)")
    webhook_url: str = Field(default="", description="told when a night fails; empty: nobody is")
    override_gates: str = Field(
        default="",
        description="comma-separated names of gates an operator lets pass this once (recorded)",
    )

    @property
    def raw(self) -> Path:
        return self.home / "raw"

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse"

    @property
    def published(self) -> Path:
        """The warehouse analysts open."""
        return self.warehouse / "anze.duckdb"

    @property
    def build(self) -> Path:
        """The private file dbt writes; nobody but the nightly run opens it."""
        return self.warehouse / ".build" / "build.duckdb"

    @property
    def publishing(self) -> Path:
        """The next publication while it is made: dbt writes published tables here and views of them into the build."""
        return self.build.with_name("publishing.duckdb")

    @property
    def docs(self) -> Path:
        return self.home / "docs"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def key_file(self) -> Path:
        return self.raw / ".hash_key"

    def key_fingerprint(self) -> str:
        """Tells one key from another without being one; empty: there is none yet."""
        key = self.hash_key or (self.key_file.read_text().strip() if self.key_file.exists() else "")
        return hashlib.sha256(f"fingerprint of {key}".encode()).hexdigest()[:16] if key else ""

    def personal_data_key(self) -> str:
        """The key that personal data is hashed with; made once per home, readable by its owner only.

        It lies beside the raw files, so that a warehouse rebuilt from raw hashes alike.
        """
        if self.hash_key:
            return self.hash_key
        path = self.key_file
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
        return path.read_text().strip()


@lru_cache(maxsize=1)
def _from_environment() -> Settings:
    return Settings()


def settings(home: Path | None = None) -> Settings:
    """The settings in force; `home` overrides ANZE_HOME."""
    if home is None:
        return _from_environment()
    return _from_environment().model_copy(update={"home": home.resolve()})


def duckdb_limits(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    """How a DuckDB connection that works on whole tables is opened: within memory, spilling beside the build, calling nobody."""
    return {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(settings.build.parent / "spill"),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def use_home(home: Path | None) -> Settings:
    """The settings of a home, which whoever asks from here on (Dagster's definitions, other processes) gets too."""
    _from_environment.cache_clear()
    chosen = settings(home)
    os.environ["ANZE_HOME"] = str(chosen.home)
    _from_environment.cache_clear()
    return chosen


def tree_fingerprint(folders: list[Path]) -> str:
    """Fingerprint of all source files below some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if (
                path.suffix in (".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".html", ".js", ".css")
                and "target" not in path.parts
                and "__pycache__" not in path.parts
            ):
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def code_fingerprint() -> str:
    """Fingerprint of everything that decides what is published."""
    return tree_fingerprint([PROJECT_ROOT / "pipelines", DBT_PROJECT, EXPECTATIONS])


def quiet_dependencies() -> None:
    """Switches off telemetry; called before any dependency that has some is imported."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)


@contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """A variable that processes started meanwhile see (Polars looks at its own when it is imported)."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
