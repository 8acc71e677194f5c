"""The gates of a stage, run where the night computes.

What belongs here: DuckDB's gates in the process that waits for them, or Spark's. What does not: what they check
(expectations/), how suites are run (pipelines/gates).
"""

from __future__ import annotations

from pipelines.gates import process
from pipelines.gates.run import GateResult, load_results, run_landing_gates, run_mart_gates
from pipelines.settings import Settings
from pipelines.transform.spark.session import in_process


def landing_gates(settings: Settings) -> list[GateResult]:
    """The gates of every feed over the landing files, on the engine in force."""
    if settings.engine == "spark":
        return _on_spark(settings, "landing")
    return process.run(run_landing_gates, settings)


def mart_gates(settings: Settings) -> list[GateResult]:
    """The gates of the marts, on the engine in force."""
    if settings.engine == "spark":
        return _on_spark(settings, "marts")
    return process.run(run_mart_gates, settings)


def _on_spark(settings: Settings, stage: str) -> list[GateResult]:
    """The same suites over the tables of Spark, in a process of its own."""
    in_process(settings, f"{stage}_gates")
    return [result for result in load_results(settings) if result.stage == stage]
