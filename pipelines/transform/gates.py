"""The gates of a stage, run where the night computes.

What belongs here: DuckDB's gates in the process that waits for them, or Spark's. What does not: what they check
(expectations/), how suites are run (pipelines/gates).
"""

from __future__ import annotations

from collections.abc import Collection

from pipelines.gates import process
from pipelines.gates.run import GateResult, load_results, run_landing_gates, run_mart_gates
from pipelines.settings import Settings
from pipelines.transform.spark.session import in_process


def landing_gates(settings: Settings, tables: Collection[str] = ()) -> list[GateResult]:
    """The gates of every feed, or of some tables, over the landing files, on the engine in force."""
    if settings.engine == "spark":
        return _on_spark(settings, "landing", tables)
    return process.run(run_landing_gates, settings, tables)


def mart_gates(settings: Settings, tables: Collection[str] = ()) -> list[GateResult]:
    """The gates of the marts, or of some of them, on the engine in force."""
    if settings.engine == "spark":
        return _on_spark(settings, "marts", tables)
    return process.run(run_mart_gates, settings, tables)


def _on_spark(settings: Settings, stage: str, tables: Collection[str]) -> list[GateResult]:
    """The same suites over the tables of Spark, in a process of its own; there all of a stage are looked at."""
    in_process(settings, f"{stage}_gates")
    found = [result for result in load_results(settings) if result.stage == stage]
    return [result for result in found if not tables or result.table_name in tables]
