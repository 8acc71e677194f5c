"""Dagster's own folder in the home: its configuration, and the runs whose process went away.

What belongs here: what must be in order before Dagster may run. What does not: the run (nightly.py), jobs and schedules
(pipelines/defs).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipelines.ingest.manifest import write_atomically
from pipelines.settings import Settings, quiet_dependencies

if TYPE_CHECKING:
    import dagster as dg

DAGSTER_YAML = """\
# Written by anze. No telemetry, no first-run pop-up, one run at a time (one writer).
telemetry:
  enabled: false
nux:
  enabled: false
freshness:
  enabled: true
concurrency:
  runs:
    max_concurrent_runs: 1
"""

DEAD_RUN = {"anze/ended": "dead"}
"""Tag of runs whose process went away."""


def prepare_dagster_home(settings: Settings) -> None:
    """Dagster's own folder and configuration."""
    quiet_dependencies()
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    path = settings.dagster_home / "dagster.yaml"
    content = DAGSTER_YAML.encode()
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["ANZE_HOME"] = str(settings.home)


def end_dead_runs() -> int:
    """Marks runs as failed that Dagster takes for running although their process is gone (power cut, kill -9).

    Its queue would wait for them for ever. Called by whoever holds the writer's lock: nobody else is running then.

    Returns:
        how many there were; the sensor asks anew for what they were to load (defs/schedules.py).
    """
    import dagster as dg  # noqa: PLC0415

    going_on = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    with dg.DagsterInstance.get() as instance:
        dead = instance.get_runs(dg.RunsFilter(statuses=going_on))
        for run in dead:
            instance.add_run_tags(run.run_id, DEAD_RUN)
            instance.report_run_failed(run, "运行的进程已不在（断电或被终止），由下一次启动登记为失败。")
    return len(dead)


def prune_runs(instance: dg.DagsterInstance, kept: int) -> None:
    """Records of runs, the oldest first, that are more than are kept: each night adds a megabyte of events, and nobody would
    ever delete them."""
    for run in instance.get_runs()[kept:]:
        if run.is_finished:
            instance.delete_run(run.run_id)
