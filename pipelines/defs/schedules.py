"""When the warehouse is built: every night, and when new drops have come.

What belongs here: jobs, schedules, sensors. What does not: what a run does.
"""

import hashlib
from collections.abc import Iterator

import dagster as dg

from pipelines.defs.incidents import incident_note
from pipelines.ingest.landing import pending
from pipelines.night.dagster_home import DEAD_RUN
from pipelines.settings import settings

nightly_job = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    hooks={incident_note},
    description="夜间作业：落地、闸门、指标、闸门、发布、网页。",
)

nightly_schedule = dg.ScheduleDefinition(
    name="nightly_at_two",
    job=nightly_job,
    cron_schedule="0 2 * * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="每日 02:00（北京时间）。",
)


@dg.sensor(
    job=nightly_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="有新报送文件且已静置一分钟时，触发一次作业。",
)
def new_drops(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    drops = pending(settings())
    if not drops:
        yield dg.SkipReason("没有新文件")
        return
    key = hashlib.sha256("\n".join(f"{drop.path} {drop.size} {drop.mtime_ns}" for drop in drops).encode()).hexdigest()[
        :16
    ]
    # The same set of files must be seen twice: a file still being copied changes in between.
    if context.cursor != key:
        context.update_cursor(key)
        yield dg.SkipReason(f"发现 {len(drops)} 个新文件，等待复制完成")
        return
    # What a run was to load that died (power cut) is asked for again; a run that failed for a reason is not repeated.
    dead = context.instance.get_runs_count(dg.RunsFilter(tags=DEAD_RUN))
    yield dg.RunRequest(run_key=f"{key}-{dead}", tags={"anze/new_files": str(len(drops))})
