"""Running dbt for the private build.

What belongs here: where dbt writes, what it is told, keeping its manifest fresh. What does not: any
definition (dbt_project/).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.feeds.contracts import FOLDER as FEEDS
from pipelines.feeds.contracts import NOT_DECLARED, about_records, contracts, reference_contracts
from pipelines.settings import DBT_PROJECT, Settings, quiet_dependencies, tree_fingerprint
from pipelines.transform.spark.session import check as check_spark
from pipelines.transform.spark.session import configure
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS
from pipelines.warehouse.tables import fresh_file

PROJECT_TREES = [DBT_PROJECT, FEEDS]
"""What dbt's manifest and compiled models depend on."""


def dbt_environment(settings: Settings, as_of: str = "") -> dict[str, str]:
    """What dbt_project's profile and sources read.

    Databases are named from the folder in which dbt runs: what dbt has parsed then holds for a home that was moved or
    copied too (it parses everything again when its profile changes).

    Args:
        as_of: knowledge date YYYY-MM-DD; empty: the newest received date.
    """
    target = settings.home / "dbt"
    return {
        "ANZE_LANDING": str(settings.landing),
        "ANZE_BUILD": seen_from(target, settings.build),
        "ANZE_PUBLISHING": seen_from(target, settings.publishing),
        "ANZE_AS_OF": as_of,
        "ANZE_FINDING_RULES": finding_rules(),
        "ANZE_FEEDS": feeds(),
        "ANZE_REFERENCE": reference_tables(),
        "ANZE_SPILL": seen_from(target, settings.build.parent / "spill"),
        "ANZE_THREADS": str(settings.threads),
        "ANZE_MEMORY_LIMIT": settings.memory_limit,
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target / "logs"),
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_PROJECT_DIR": str(DBT_PROJECT),
    }


def seen_from(folder: Path, path: Path) -> str:
    """A path as a process that runs in the folder names it; either may be a link."""
    return os.path.relpath(path.resolve(), folder.resolve())


def finding_rules() -> str:
    """The models in the folder of rules of supervision, for macros/findings.sql: dbt cannot list a folder."""
    return ",".join(sorted(path.stem for path in (DBT_PROJECT / "models/marts/findings/rules").glob("*.sql")))


def feeds() -> str:
    """What the contracts say of whose record a row is (macros/knowledge.sql) and by what a declaration of it is checked
    (macros/declarations.sql): feed → title, sender, identity, key, columns, control; as JSON."""
    return json.dumps(
        {
            name: {
                "title": contract.title,
                "sender": contract.sender,
                "identity": contract.identity,
                "key": contract.key,
                "columns": [column for column in contract.columns if column not in about_records()],
                "control": contract.control.model_dump(),
                "is_declared": name not in NOT_DECLARED,
            }
            for name, contract in contracts().items()
        }
    )


def reference_tables() -> str:
    """Tables of reference data, for macros/feeds.sql: name → title, key, columns, as JSON."""
    return json.dumps(
        {
            name: {
                "title": contract.title,
                "key": contract.key,
                "columns": [name for name in contract.columns if name not in about_records()],
            }
            for name, contract in reference_contracts().items()
        }
    )


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
    for folder in (settings.home / "dbt", settings.build.parent):
        folder.mkdir(parents=True, exist_ok=True)
    if not settings.publishing.exists():
        fresh_file(settings.publishing, PUBLISHED_SCHEMAS)
    if settings.engine == "spark":
        os.environ.update(configure(settings))


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pipelines.transform.dbt_process", str(os.getpid()), *arguments]


def run_dbt(arguments: list[str], environment: dict[str, str]) -> None:
    """One dbt command in a process of its own, run in the folder dbt writes to.

    Args:
        environment: as `dbt_environment` gives it; DBT_TARGET_PATH is the folder.
    Raises:
        RuntimeError: dbt failed; the message holds the end of what it said.
    """
    quiet_dependencies()
    target = Path(environment["DBT_TARGET_PATH"])
    target.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(
        _command([*arguments, "--quiet"]),
        capture_output=True,
        text=True,
        cwd=target,
        check=False,
        env=os.environ | environment,
    )
    if result.returncode:
        raise RuntimeError(f"dbt {arguments[0]}: {result.stdout[-2000:]}{result.stderr[-2000:]}")


@dataclass(frozen=True)
class Made:
    """A model that dbt has made: its name, and how many seconds it took."""

    name: str
    seconds: float


def build_models(settings: Settings, chosen: Sequence[str] = ()) -> Iterator[Made]:
    """Builds models in the environment of `use_environment`, each given out once it is made.

    Args:
        chosen: their names; empty: all.
    Raises:
        RuntimeError: dbt failed; the message holds what it said of errors.
    """
    if settings.engine == "spark":
        check_spark(settings)
    folder = settings.home / "dbt"
    arguments = [
        "build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test", "--target", settings.engine,
        # Nobody reads the manifest that dbt would write after the build: it takes as long as fifty models.
        "--no-write-json",
        "--log-format", "json", "--target-path", str(folder / "last_run"),
    ]  # fmt: skip
    if (parsed := folder / "partial_parse.msgpack").exists():
        arguments += ["--partial-parse-file-path", str(parsed)]
    if settings.engine == "duckdb":
        arguments += ["--threads", str(models_at_once(settings))]
    if chosen:
        arguments += ["--select", *chosen]
    errors: list[str] = []
    with (
        dbt_log(settings).open("w", encoding="utf-8") as log,
        subprocess.Popen(
            _command(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            encoding="utf-8",
            errors="replace",
        ) as dbt,
    ):
        assert dbt.stdout is not None
        try:
            for line in dbt.stdout:
                event = _event(line)
                words = event["info"]["msg"] if event else line.rstrip()
                print(words, file=log, flush=True)
                if event is None or event["info"]["level"] == "error":
                    errors.append(words)
                elif event["info"]["name"] == RESULT:
                    yield Made(event["data"]["node_info"]["node_name"], event["data"]["execution_time"])
        except BaseException:
            dbt.terminate()  # whoever asked for models asks no more
            raise
    if dbt.returncode:
        if settings.engine == "spark":
            check_spark(settings)  # a cluster that went away meanwhile is said in words
        raise RuntimeError(f"dbt exit code {dbt.returncode}\n{chr(10).join(errors)[-4000:]}")


RESULT = "LogModelResult"
"""The event of dbt that tells how a model ended."""


def _event(line: str) -> dict[str, Any] | None:
    """An event of dbt's structured log (of level error where a model failed); None: a line that somebody else wrote."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "info" in found else None


def manifest_path(settings: Settings) -> Path:
    return settings.home / "dbt" / "manifest.json"


def dbt_log(settings: Settings) -> Path:
    """What dbt said in the last run."""
    return settings.home / "dbt" / "last_run.log"


def fresh_manifest(settings: Settings) -> Path:
    """dbt's manifest, parsed again only when the project has changed."""
    quiet_dependencies()
    path = manifest_path(settings)
    stamp = path.with_name("manifest.fingerprint")
    fingerprint = f"{tree_fingerprint(PROJECT_TREES)} {settings.memory_limit}"
    if path.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return path
    settings.build.parent.mkdir(parents=True, exist_ok=True)
    run_dbt(["parse"], dbt_environment(settings))
    stamp.write_text(fingerprint)
    return path
