"""Running dbt for the private build.

What belongs here: where dbt writes, what it is told, keeping its manifest fresh. What does not: any
definition (dbt_project/).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipelines.publish.dictionary import PUBLISHED_SCHEMAS
from pipelines.publish.tables import fresh_file
from pipelines.settings import DBT_PROJECT, EXPECTATIONS, PROJECT_ROOT, Settings, quiet_dependencies
from pipelines.spark.session import configure


def dbt_environment(settings: Settings, as_of: str = "") -> dict[str, str]:
    """What dbt_project's profile and sources read.

    Args:
        as_of: knowledge date YYYY-MM-DD; empty: the newest received date.
    """
    target = settings.home / "dbt"
    return {
        "ANZE_LANDING": str(settings.landing),
        "ANZE_BUILD": str(settings.build),
        "ANZE_PUBLISHING": str(settings.publishing),
        "ANZE_AS_OF": as_of,
        "ANZE_FINDING_RULES": finding_rules(),
        "ANZE_SPILL": str(settings.build.parent / "spill"),
        "ANZE_THREADS": str(settings.threads),
        "ANZE_MEMORY_LIMIT": settings.memory_limit,
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target / "logs"),
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_PROJECT_DIR": str(DBT_PROJECT),
    }


def finding_rules() -> str:
    """The models in the folder of rules of supervision, for macros/findings.sql: dbt cannot list a folder."""
    return ",".join(sorted(path.stem for path in (DBT_PROJECT / "models/marts/findings/rules").glob("*.sql")))


LARGE_LANDING = 64 << 20
"""Bytes of landing (the drops are some thirty times as much) from which models are made one after another."""


def models_at_once(settings: Settings) -> int:
    """How many models dbt makes side by side.

    Small ones each wait for dbt more than for the processor, so that several at once save time. Large ones keep all
    cores busy alone, and two of them would share the memory: not everything can be written to disk, and builds of
    22 and of 55 million rows ran out of memory so.
    """
    landed = sum(path.stat().st_size for path in settings.landing.glob("*/*.parquet"))
    return 1 if landed > LARGE_LANDING else settings.threads


def use_environment(settings: Settings, as_of: str = "") -> None:
    """Sets dbt's environment for this process and its children; makes the folders it writes to."""
    quiet_dependencies()
    os.environ.update(dbt_environment(settings, as_of))
    settings.build.parent.mkdir(parents=True, exist_ok=True)
    if not settings.publishing.exists():
        fresh_file(settings.publishing, PUBLISHED_SCHEMAS)
    if settings.engine == "spark":
        os.environ.update(configure(settings))


def run_dbt(arguments: list[str], environment: dict[str, str]) -> None:
    """One dbt command in a process of its own.

    Raises:
        RuntimeError: dbt failed; the message holds the end of what it said.
    """
    result = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *arguments, "--quiet"],
        capture_output=True,
        text=True,
        cwd=DBT_PROJECT,
        check=False,
        env=os.environ | environment,
    )
    if result.returncode:
        raise RuntimeError(f"dbt {arguments[0]}: {result.stdout[-2000:]}{result.stderr[-2000:]}")


def manifest_path(settings: Settings) -> Path:
    return settings.home / "dbt" / "manifest.json"


def dbt_log(settings: Settings) -> Path:
    """What dbt said in the last run."""
    return settings.home / "dbt" / "last_run.log"


RUNS_KEPT = 2


def forget_old_runs(settings: Settings) -> None:
    """Dagster gives each run of dbt a folder of its own (ten megabytes); the newest few stay."""
    runs = sorted((settings.home / "dbt").glob("dbt-*"), key=lambda path: path.stat().st_mtime)
    for path in runs[:-RUNS_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def fresh_manifest(settings: Settings) -> Path:
    """dbt's manifest, parsed again only when the project has changed."""
    quiet_dependencies()
    path = manifest_path(settings)
    stamp = path.with_name("manifest.fingerprint")
    fingerprint = tree_fingerprint([DBT_PROJECT]) + str(settings.landing)
    if path.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return path
    settings.build.parent.mkdir(parents=True, exist_ok=True)
    run_dbt(["parse"], dbt_environment(settings))
    stamp.write_text(fingerprint)
    return path


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
