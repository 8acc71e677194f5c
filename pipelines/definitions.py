"""The Dagster code location: the only file that puts assets, checks, jobs, schedules, sensors and resources together.

What belongs here: which of them there are. What does not: any of them (pipelines/defs).
"""

from __future__ import annotations

import os
from datetime import timedelta

import dagster as dg

from pipelines.defs.gates.checks import landing_gates, publication_gates
from pipelines.defs.ingest.assets import landing
from pipelines.defs.progress import progress_logger
from pipelines.defs.publish.assets import publication, static_site
from pipelines.defs.resources import Home
from pipelines.defs.schedules import new_drops, nightly_job, nightly_schedule
from pipelines.defs.transform.assets import dbt_models
from pipelines.settings import settings
from pipelines.transform.project import use_environment

use_environment(settings(), os.environ.get("ANZE_AS_OF", ""))

# A night that did not come, or did not end well, shows in the console by ten in the morning.
EVERY_NIGHT = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=32), warn_window=timedelta(hours=26))


def operated(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Every asset has an owner and must be made every night."""
    return spec.replace_attributes(owners=["team:data-engineering"], freshness_policy=EVERY_NIGHT)


defs = dg.Definitions(
    assets=dg.map_asset_specs(operated, [landing, dbt_models, publication, static_site]),
    asset_checks=[landing_gates, publication_gates],
    jobs=[nightly_job],
    schedules=[nightly_schedule],
    sensors=[new_drops],
    loggers={"progress": progress_logger},
    resources={"home": Home(path=str(settings().home), as_of=os.environ.get("ANZE_AS_OF", ""))},
)
