"""Only the path of the four headline ratios: `python benchmarks/headline.py HOME WORK`.

Raw drops of the feeds behind them, landing, landing gates, the models `supervision_metrics` needs (and nothing else),
its gates, a published file; in one process, without Dagster's and dbt's start. HOME is only read; WORK is made anew.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb

from pipelines.gates.run import blocking, run_landing_gates
from pipelines.ingest.landing import land
from pipelines.settings import Settings, duckdb_limits
from pipelines.transform import compiled
from pipelines.warehouse.tables import copy_tables, fresh_file

FEEDS = ("enterprise", "policy", "endorsement", "coinsurance", "claim", "service_record", "fee_ledger")
MART = "supervision_metrics"


def ancestors(steps: tuple[compiled.Step, ...], mart: str) -> tuple[compiled.Step, ...]:
    """The steps a mart needs, itself included: those whose relation stands in the SQL of one that is needed."""
    needed = {mart}
    for step in reversed(steps):
        if step.name in needed:
            needed |= {other.name for other in steps if f'"{other.schema}"."{other.name}"' in step.sql}
    return tuple(step for step in steps if step.name in needed)


def main() -> None:
    home, work = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(work, ignore_errors=True)
    for folder in (home / "raw").glob("*/*"):
        if folder.name in FEEDS:
            target = work / "raw" / folder.parent.name / folder.name
            shutil.copytree(folder, target, copy_function=os.link)  # drops behind symbolic links are not read
    settings = Settings(home=work, hash_key="benchmark")
    project = compiled.compiled_project(home / "compiled")
    project = replace(project, steps=ancestors(project.steps, MART))
    took, began = {}, time.perf_counter()

    def done(stage: str) -> None:
        took[stage] = time.perf_counter() - began - sum(took.values())

    land(settings)
    done("landing")
    results = run_landing_gates(settings)
    done("gates")
    compiled.run(project, settings, settings.build)
    done("models")
    if blocking(results):
        raise SystemExit("a landing gate does not hold")
    with duckdb.connect(str(settings.build), config=duckdb_limits(settings)) as connection:
        fresh_file(work / "headline.duckdb", ["marts"])
        connection.execute(f"attach '{work / 'headline.duckdb'}' as headline")
        copy_tables(connection, "headline", [f"marts.{MART}"])
    done("publication")
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in took.items())
    print(f"{len(project.steps)} relations: {sum(took.values()):.1f} s ({stages})")


if __name__ == "__main__":
    main()
