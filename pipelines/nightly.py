"""The main job as the command line runs it: Dagster's nightly job, in this process.

What belongs here: knowing when there is nothing to do, running the job, saying how it ended. What does
not: the stages (pipelines/defs).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from pipelines import transform
from pipelines.gates import process as gates_process
from pipelines.gates.run import GateResult, blocking, load_results
from pipelines.ingest.landing import damaged, pending
from pipelines.ingest.manifest import write_atomically
from pipelines.lock import AlreadyRunning, writer_lock
from pipelines.publish.publication import Publication, is_whole, last_publication, opens
from pipelines.settings import Settings, quiet_dependencies
from pipelines.site.current import is_current
from pipelines.spark.session import check as check_spark

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
event_log_storage:
  module: pipelines.defs.event_log
  class: EventLog
  config:
    base_dir: {event_log}
"""

DEAD_RUN = {"anze/ended": "dead"}
"""Tag of runs whose process went away."""

DISK_FULL = 32 << 20
"""Bytes free below which whatever went wrong went wrong for want of space."""

Status = Literal["published", "nothing_new", "blocked", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How a night ended. `gates` are those that blocked; `error` says why it failed."""

    status: Status
    publication: Publication | None = None
    gates: tuple[GateResult, ...] = ()
    error: str = ""
    stages: tuple[tuple[str, float], ...] = ()
    """Seconds of each stage (Dagster's steps), in order; what the night needed besides is its start-up."""


def input_fingerprint(settings: Settings, as_of: str) -> str:
    """Fingerprint of all that decides what is published: landed files, code, knowledge date, filings."""
    files = settings.landing / "files.parquet"
    content = files.read_bytes() if files.exists() else b""
    filed = ",".join(sorted(path.parent.name for path in settings.home.glob("filings/*/*/*/filing.json")))
    parts = [hashlib.sha256(content).hexdigest(), transform.code_fingerprint(), as_of, settings.override_gates, filed]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def prepare_dagster_home(settings: Settings) -> None:
    """Dagster's own folder and configuration."""
    quiet_dependencies()
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    path = settings.dagster_home / "dagster.yaml"
    event_log = settings.dagster_home / "history" / "runs"  # where Dagster itself would put it
    content = DAGSTER_YAML.format(event_log=json.dumps(str(event_log), ensure_ascii=False)).encode()
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = "1000"  # what a run plans is one transaction (defs/event_log.py)
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


def nothing_new(settings: Settings, as_of: str) -> Publication | None:
    """The publication in force, if a run would publish the same again."""
    publication = last_publication(settings)
    if publication is None or not is_whole(settings, publication):
        return None
    if publication.fingerprint != input_fingerprint(settings, as_of) or pending(settings):
        return None
    return None if damaged(settings) else publication


def run(settings: Settings, as_of: str = "", full: bool = False) -> Outcome:
    """One night. Whatever the machine does (disk full, no permission, no memory) ends in words, not in a traceback.

    Args:
        as_of: knowledge date YYYY-MM-DD; empty: the newest received date.
        full: read every file and build everything again.
    Raises:
        AlreadyRunning: another process is writing this warehouse.
    """
    try:
        return _run(settings, as_of, full)
    except AlreadyRunning:
        raise
    except Exception as error:
        return Outcome(
            "failed", last_publication(settings), error=in_words(settings, f"{type(error).__name__}：{error}")
        )


def in_words(settings: Settings, text: str) -> str:
    """An error with what to do about it, for the faults of a machine that an operator can mend."""
    # A full disk shows under many names (SQLite: "disk I/O error").
    if "No space left" in text or shutil.disk_usage(settings.home).free < DISK_FULL:
        return (
            f"磁盘空间不足。请腾出空间（旧的 warehouse/history、site、as_of 可以删除）后重新运行 anze nightly。\n{text}"
        )
    # Of a process that is gone: concurrent.futures, dagster-dbt, and whoever had just begun to tell it something.
    if any(words in text for words in ("terminated abruptly", "exit code `-9`", "Broken pipe")):
        return f"一个进程被系统终止，多半是内存不足。请调小 ANZE_MEMORY_LIMIT 或关闭别的程序后重新运行 anze nightly。\n{text}"
    if any(words in text for words in ("Permission denied", "readonly database", "Read-only file system")):
        return f"没有写入权限。请检查数据目录的属主与权限（anze doctor）。\n{text}"
    return text


def _run(settings: Settings, as_of: str, full: bool) -> Outcome:
    with writer_lock(settings):
        if full:
            for folder in (settings.landing, settings.build.parent):
                shutil.rmtree(folder, ignore_errors=True)
        else:
            publication = nothing_new(settings, as_of)
            if publication:
                _bring_site_up_to_date(settings, publication)
                return Outcome("nothing_new", publication)
        _forget_gate_results(settings)
        if not opens(settings.build):
            # A crash of the machine, a bad disk: the private build is made again from landing.
            shutil.rmtree(settings.build.parent)
        return _run_dagster(settings, as_of)


def _bring_site_up_to_date(settings: Settings, publication: Publication) -> None:
    """Makes up for a night whose pages failed after its publication."""
    if not is_current(settings, publication.publication_id):
        from pipelines.site.site import write_sites  # noqa: PLC0415 - seconds of imports that other nights do not need

        write_sites(settings)


def _forget_gate_results(settings: Settings) -> None:
    for path in settings.build.parent.glob("gate_results_*.json"):
        path.unlink()


def _run_dagster(settings: Settings, as_of: str) -> Outcome:
    if settings.engine == "spark":
        check_spark(settings)
    prepare_dagster_home(settings)
    transform.use_environment(settings, as_of)

    # dbt parses, and Great Expectations is loaded, in processes of their own while Dagster is imported: several seconds
    # each, and a night with nothing new pays for none of it.
    if settings.engine == "duckdb":
        gates_process.begin()
    with ThreadPoolExecutor(1) as pool:
        parsing = pool.submit(transform.fresh_manifest, settings)
        import dagster as dg  # noqa: PLC0415
        import dagster_dbt  # noqa: F401, PLC0415

        parsing.result()

    from pipelines.definitions import defs  # noqa: PLC0415

    end_dead_runs()
    job = defs.resolve_job_def("nightly")
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": {"progress": {}}}
        )
    blocked = blocking(load_results(settings))
    if result.success and not blocked:
        stages = tuple(
            (str(event.step_key), event.step_success_data.duration_ms / 1000)
            for event in result.all_events
            if event.is_step_success
        )
        return Outcome("published", last_publication(settings), stages=stages)
    if blocked:
        return Outcome("blocked", last_publication(settings), tuple(blocked))
    failures = [event for event in result.all_events if event.is_step_failure]
    causes = []
    for event in failures:
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        causes.append(f"{event.step_key}：{error.message.strip() if error else '未知错误'}")
    return Outcome("failed", last_publication(settings), error=in_words(settings, "\n".join(causes) or "运行失败"))
