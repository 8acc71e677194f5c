"""Gates as asset checks: after landing and before publication.

What belongs here: a check per table and its metadata. What does not: running gates (pipelines/transform/gates.py).
"""

from collections.abc import Callable, Iterator
from itertools import groupby

import dagster as dg

from pipelines.defs.progress import stopwatch
from pipelines.defs.resources import Home
from pipelines.gates.page import write_page
from pipelines.gates.run import GateResult, load_results
from pipelines.gates.suites import landing_suites, mart_suites
from pipelines.settings import Settings
from pipelines.transform import gates


def _landing_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["landing", table])


def _mart_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(table.split("."))


LANDING_CHECKS = [
    dg.AssetCheckSpec(
        "landing_gate",
        asset=_landing_key(suite.table),
        blocking=True,
        description="落地闸门：不符则不再往下做，原有发布不变。",
    )
    for suite in landing_suites()
]
MART_CHECKS = [
    dg.AssetCheckSpec(
        "publication_gate",
        asset=_mart_key(suite.table),
        blocking=True,
        description="发布闸门：不符则不发布，原有发布不变。",
    )
    for suite in mart_suites()
]


@dg.multi_asset_check(name="landing_gates", specs=LANDING_CHECKS)
def landing_gates(home: Home) -> Iterator[dg.AssetCheckResult]:
    yield from _check_results("landing_gate", _landing_key, gates.landing_gates, home.settings())


@dg.multi_asset_check(name="publication_gates", specs=MART_CHECKS)
def publication_gates(home: Home) -> Iterator[dg.AssetCheckResult]:
    yield from _check_results("publication_gate", _mart_key, gates.mart_gates, home.settings())


def _check_results(
    name: str,
    asset_key: Callable[[str], dg.AssetKey],
    run: Callable[[Settings], list[GateResult]],
    settings: Settings,
) -> Iterator[dg.AssetCheckResult]:
    """One check result per table; the page of results is brought up to date first."""
    took = stopwatch()
    results = run(settings)
    seconds = took()
    page = str(write_page(settings, load_results(settings)))
    for table, group in groupby(results, key=lambda result: result.table_name):
        yield _check_result(name, asset_key(table), list(group), page, seconds)


def _check_result(
    name: str, key: dg.AssetKey, results: list[GateResult], page: str, seconds: dict[str, float]
) -> dg.AssetCheckResult:
    failed = [result for result in results if not result.success]
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=key,
        passed=not any(result.blocks for result in results),
        metadata={
            "检查项": len(results),
            "不符": "；".join(result.title for result in failed) or "无",
            "结果页": dg.MetadataValue.path(page),
            **seconds,
        },
    )
