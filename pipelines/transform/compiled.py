"""The dbt project compiled once and run as plain SQL: warehouses of past days in seconds.

What belongs here: compiling the project independently of any home and running the result in DuckDB. What does
not: any definition (dbt_project/); the nightly build, which dbt runs itself, with its tests.

Starting dbt and going through a hundred small models costs it ten seconds, whatever the data; a comparison of
two knowledge dates needs two such builds. tests/transform/test_compiled.py proves both ways give the same tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.settings import DBT_PROJECT, Settings, duckdb_limits, tree_fingerprint
from pipelines.transform.project import PROJECT_TREES, feeds, finding_rules, reference_tables, run_dbt

# Stand in the compiled SQL for what differs between homes and days.
LANDING, AS_OF, DATABASE = "@landing@", "@as_of@", "compiled_project"


@dataclass(frozen=True)
class Step:
    """One relation to make."""

    schema: str
    name: str
    materialized: str
    sql: str
    types: dict[str, str]


@dataclass(frozen=True)
class Project:
    """The steps in an order that can be run, and dbt's manifest they come from."""

    steps: tuple[Step, ...]
    manifest: Path


def compiled_project(cache: Path) -> Project:
    """The project as it is now; compiled when the cache has it not yet."""
    folder = cache / tree_fingerprint(PROJECT_TREES)
    manifest = folder / "manifest.json"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "ANZE_LANDING": LANDING,
            "ANZE_AS_OF": AS_OF,
            "ANZE_BUILD": str(folder / f"{DATABASE}.duckdb"),
            "ANZE_PUBLISHING": str(folder / "publishing.duckdb"),
            "ANZE_SPILL": str(folder / "spill"),
            "ANZE_FINDING_RULES": finding_rules(),
            "ANZE_FEEDS": feeds(),
            "ANZE_REFERENCE": reference_tables(),
            "DBT_TARGET_PATH": str(folder),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_PROFILES_DIR": str(DBT_PROJECT),
            "DBT_PROJECT_DIR": str(DBT_PROJECT),
        }
        run_dbt(["compile", "--exclude", "test_type:data", "test_type:unit"], environment)
        (folder / "done").touch()
    return Project(tuple(steps(json.loads(manifest.read_text(encoding="utf-8"))["nodes"])), manifest)


def steps(nodes: dict[str, Any]) -> list[Step]:
    """What is to be made of the nodes of dbt's manifest, in an order that can be run."""
    wanted = {
        key: node
        for key, node in nodes.items()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    }

    def inputs(key: str) -> set[str]:
        """What a node reads, through ephemeral models too: these stand inside its own SQL."""
        found: set[str] = set()
        for other in nodes[key].get("depends_on", {}).get("nodes", []):
            found |= {other} if other in wanted else (inputs(other) if other in nodes else set())
        return found

    order = TopologicalSorter({key: inputs(key) for key in wanted}).static_order()
    return [_step(wanted[key]) for key in order]


def _step(node: dict[str, Any]) -> Step:
    columns = node["columns"].values()
    enforced = node["config"].get("contract", {}).get("enforced", False)
    return Step(
        node["schema"],
        node["alias"],
        node["config"]["materialized"],
        (node.get("compiled_code") or "").replace(f'"{DATABASE}".', ""),
        {column["name"]: column["data_type"] for column in columns} if enforced else {},
    )


def run(project: Project, settings: Settings, build: Path, as_of: str = "") -> None:
    """Makes every relation in a fresh file.

    Args:
        as_of: knowledge date; empty: the newest received date.
    """
    day = as_of or newest_received(settings).isoformat()
    date.fromisoformat(day)  # goes into SQL
    build.parent.mkdir(parents=True, exist_ok=True)
    build.unlink(missing_ok=True)
    with duckdb.connect(str(build), config=duckdb_limits(settings)) as connection:
        connection.execute("begin")  # a commit after each of some 250 small models would be a quarter of the time
        for schema in sorted({step.schema for step in project.steps}):
            connection.execute(f'create schema if not exists "{schema}"')
        for step in project.steps:
            connection.execute(_statement(step, settings, day))
        connection.execute("commit")


def newest_received(settings: Settings) -> date:
    """The newest received date of the landed files."""
    newest = pl.read_parquet(settings.landing / "files.parquet", columns=["received_at"])["received_at"].dt.date().max()
    assert isinstance(newest, date)
    return newest


def _statement(step: Step, settings: Settings, day: str) -> str:
    relation = f'"{step.schema}"."{step.name}"'
    sql = step.sql.replace(LANDING, str(settings.landing).replace("'", "''")).replace(AS_OF, day)
    if step.materialized == "view":
        return f"create view {relation} as {sql}"
    if step.types:
        # A contract: the columns in its order, of its types.
        cast = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in step.types.items())
        sql = f"select {cast} from ({sql}\n) as model"
    return f"create table {relation} as {sql}"
