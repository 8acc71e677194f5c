"""Gates as asset checks: after landing and before publication.

What belongs here: a check per table and its metadata. What does not: running gates (pipelines/transform/gates.py).
"""

from collections.abc import Callable, Collection, Iterator
from itertools import groupby

import dagster as dg

from pipelines.defs.progress import stopwatch
from pipelines.defs.resources import Home
from pipelines.gates.page import write_page
from pipelines.gates.run import GateResult, held_back, load_results
from pipelines.gates.suites import landing_suites, mart_suites
from pipelines.settings import Settings
from pipelines.transform import gates

LANDING = {dg.AssetKey(["landing", suite.table]): suite.table for suite in landing_suites()}
MARTS = {dg.AssetKey(suite.table.split(".")): suite.table for suite in mart_suites()}
LANDING_CHECKS = [
    dg.AssetCheckSpec(
        "landing_gate", asset=key, blocking=True, description="落地闸门：不符则不再往下做，原有发布不变。"
    )
    for key in LANDING
]
MART_CHECKS = [
    dg.AssetCheckSpec(
        "publication_gate", asset=key, blocking=True, description="发布闸门：不符则不发布，原有发布不变。"
    )
    for key in MARTS
]


@dg.multi_asset_check(name="landing_gates", specs=LANDING_CHECKS, can_subset=True)
def landing_gates(context: dg.AssetCheckExecutionContext, home: Home) -> Iterator[dg.AssetCheckResult]:
    yield from _check_results(context, LANDING, gates.landing_gates, home.settings())


@dg.multi_asset_check(name="publication_gates", specs=MART_CHECKS, can_subset=True)
def publication_gates(context: dg.AssetCheckExecutionContext, home: Home) -> Iterator[dg.AssetCheckResult]:
    yield from _check_results(context, MARTS, gates.mart_gates, home.settings())


def _check_results(
    context: dg.AssetCheckExecutionContext,
    tables: dict[dg.AssetKey, str],
    run: Callable[[Settings, Collection[str]], list[GateResult]],
    settings: Settings,
) -> Iterator[dg.AssetCheckResult]:
    """One check result for each table chosen; the page of results is brought up to date first."""
    took = stopwatch()
    chosen = {tables[check.asset_key]: check for check in context.selected_asset_check_keys}
    results = run(settings, () if len(chosen) == len(tables) else tuple(chosen))
    seconds = took()
    page = str(write_page(settings, load_results(settings)))
    # A gate that holds back a city only does not hold the others.
    severity = dg.AssetCheckSeverity.ERROR if held_back(settings, results) is None else dg.AssetCheckSeverity.WARN
    for table, group in groupby(results, key=lambda result: result.table_name):
        yield _check_result(chosen[table], list(group), page, seconds, severity)


def _check_result(
    check: dg.AssetCheckKey,
    results: list[GateResult],
    page: str,
    seconds: dict[str, float],
    severity: dg.AssetCheckSeverity,
) -> dg.AssetCheckResult:
    failed = [result for result in results if not result.success]
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset_key,
        passed=not any(result.blocks for result in results),
        severity=severity,
        metadata={
            "检查项": len(results),
            "不符": "；".join(result.title for result in failed) or "无",
            "结果页": dg.MetadataValue.path(page),
            **seconds,
        },
    )
