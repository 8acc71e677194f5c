"""The failure hook of the nightly job.

What belongs here: what Dagster knows of a failure. What does not: the note (pipelines/night/incident.py).
"""

import dagster as dg

from pipelines.defs.progress import STEPS
from pipelines.gates.run import blocking, load_results
from pipelines.night.incident import record
from pipelines.settings import settings


@dg.failure_hook
def incident_note(context: dg.HookContext) -> None:
    step = context.step_key
    error: BaseException | None = context.op_exception
    while error is not None and error.__cause__ is not None:
        error = error.__cause__
    note = record(
        settings(),
        step,
        STEPS.get(step, step),
        f"{type(error).__name__}: {error}" if error else "",
        context.run_id,
        blocking(load_results(settings())) if step.endswith("gates") else [],
    )
    context.log.error(f"已写入事件说明：{note}")
