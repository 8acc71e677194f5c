"""The main job as the command line runs it: Dagster's nightly job, in this process.

What belongs here: running the job, saying how it ended. What does not: whether there is anything to do (inputs.py), the
job itself and its stages (pipelines/definitions.py, pipelines/defs): a night is handed the job it is to run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pipelines.gates import process as gates_process
from pipelines.gates.run import GateResult, blocking, load_results
from pipelines.ingest.landing import read_again
from pipelines.ingest.manifest import NewerHome, check_schema
from pipelines.night.dagster_home import end_dead_runs, prepare_dagster_home, prune_runs
from pipelines.night.holding import moved_by, note_cities_held_back
from pipelines.night.home import set_right
from pipelines.night.inputs import nothing_new
from pipelines.night.lock import AlreadyRunning, writer_lock
from pipelines.publish.publication import Publication, last_publication, opens
from pipelines.settings import Settings
from pipelines.site.current import is_current
from pipelines.transform.project import fresh_manifest, use_environment
from pipelines.transform.spark.session import check as check_spark

if TYPE_CHECKING:
    import dagster as dg

Job = Callable[[], "dg.JobDefinition"]
"""Gives the job of a night (pipelines.definitions); called once dbt's project has been read and only if it is to run."""

DISK_FULL = 32 << 20
"""Bytes free below which whatever went wrong went wrong for want of space."""

Status = Literal["published", "held_back", "nothing_new", "blocked", "failed"]
"""held_back: published, and a city's gates do not hold, so that it stays at a day before (holding.py)."""


@dataclass(frozen=True)
class Outcome:
    """How a night ended. `gates` are those that blocked, `moved_by` the files that moved what they stopped; `error` says why it
    failed."""

    status: Status
    publication: Publication | None = None
    gates: tuple[GateResult, ...] = ()
    error: str = ""
    moved_by: tuple[str, ...] = ()
    stages: tuple[tuple[str, float], ...] = ()
    """Seconds of each stage (Dagster's steps), in order; what the night needed besides is its start-up."""
    notices: tuple[str, ...] = ()
    """Faults of the home that the night got over (home.py)."""


def run(settings: Settings, job: Job, as_of: str = "", full: bool = False) -> Outcome:
    """One night. Whatever the machine does (disk full, no permission, no memory) ends in words, not in a traceback.

    Args:
        job: what runs.
        as_of: knowledge date YYYY-MM-DD; empty: the newest received date.
        full: read every file and build everything again.
    Raises:
        AlreadyRunning: another process is writing this warehouse.
    """
    try:
        return _run(settings, job, as_of, full)
    except AlreadyRunning:
        raise
    except NewerHome as newer:
        return Outcome("failed", last_publication(settings), error=str(newer))
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
    # Of a process that is gone: concurrent.futures, dbt, and whoever had just begun to tell it something.
    if any(words in text for words in ("terminated abruptly", "exit code -9", "Broken pipe")):
        return f"一个进程被系统终止，多半是内存不足。请调小 ANZE_MEMORY_LIMIT 或关闭别的程序后重新运行 anze nightly。\n{text}"
    if any(words in text for words in ("Permission denied", "readonly database", "Read-only file system")):
        return f"没有写入权限。请检查数据目录的属主与权限（anze doctor）。\n{text}"
    return text


def _run(settings: Settings, job: Job, as_of: str, full: bool) -> Outcome:
    with writer_lock(settings):
        check_schema(settings.landing)
        notices = tuple(set_right(settings))
        return replace(_run_locked(settings, job, as_of, full), notices=notices)


def _run_locked(settings: Settings, job: Job, as_of: str, full: bool) -> Outcome:
    if full:
        read_again(settings)
        shutil.rmtree(settings.build.parent, ignore_errors=True)
    else:
        publication = nothing_new(settings, as_of)
        if publication:
            _bring_site_up_to_date(settings, publication)
            return Outcome("held_back" if publication.held_back else "nothing_new", publication)
    _forget_gate_results(settings)
    if not opens(settings.build):
        # A crash of the machine, a bad disk: the private build is made again from landing.
        shutil.rmtree(settings.build.parent)
    return _run_dagster(settings, job, as_of)


def _bring_site_up_to_date(settings: Settings, publication: Publication) -> None:
    """Makes up for a night whose pages failed after its publication."""
    if not is_current(settings, publication.publication_id):
        from pipelines.site.site import write_sites  # noqa: PLC0415 - seconds of imports that other nights do not need

        write_sites(settings)


def _forget_gate_results(settings: Settings) -> None:
    for path in settings.build.parent.glob("gate_results_*.json"):
        path.unlink()


def _run_dagster(settings: Settings, job: Job, as_of: str) -> Outcome:
    if settings.engine == "spark":
        check_spark(settings)
    prepare_dagster_home(settings)
    use_environment(settings, as_of)

    # dbt parses, and Great Expectations is loaded, in processes of their own while Dagster is imported: several seconds
    # each, and a night with nothing new pays for none of it.
    if settings.engine == "duckdb":
        gates_process.begin()
    with ThreadPoolExecutor(1) as pool:
        parsing = pool.submit(fresh_manifest, settings)
        import dagster as dg  # noqa: PLC0415
        import dagster_dbt  # noqa: F401, PLC0415

        parsing.result()

    nightly = job()
    end_dead_runs()
    with dg.DagsterInstance.get() as instance:
        result = nightly.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": {"progress": {}}}
        )
        prune_runs(instance, settings.runs_kept)
    blocked = blocking(load_results(settings))
    publication = last_publication(settings)
    files = tuple(moved_by(settings, blocked))
    if result.success:
        stages = tuple(
            (str(event.step_key), event.step_success_data.duration_ms / 1000)
            for event in result.all_events
            if event.is_step_success
        )
        if not blocked:
            return Outcome("published", publication, stages=stages)
        note_cities_held_back(settings, result.run_id, blocked, files)
        return Outcome("held_back", publication, tuple(blocked), moved_by=files, stages=stages)
    if blocked:
        return Outcome("blocked", publication, tuple(blocked), moved_by=files)
    failures = [event for event in result.all_events if event.is_step_failure]
    causes = []
    for event in failures:
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        causes.append(f"{event.step_key}：{error.message.strip() if error else '未知错误'}")
    return Outcome("failed", last_publication(settings), error=in_words(settings, "\n".join(causes) or "运行失败"))
