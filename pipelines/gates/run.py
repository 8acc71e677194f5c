"""Running the gates: Great Expectations over the tables of a stage, all suites in one process.

What belongs here: turning suites into Great Expectations' objects and their results into plain rows.
What does not: the expectations (expectations/), the page of results (page.py).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import duckdb
import polars as pl

from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Reference
from pipelines.gates.suites import Expectation, Suite, landing_suites, mart_suites
from pipelines.ingest.manifest import write_atomically
from pipelines.settings import Settings, quiet_dependencies
from pipelines.warehouse.tables import reading

SAMPLE_ROWS = 5


@dataclass(frozen=True)
class GateResult:
    """The outcome of one expectation. `sample` shows offending rows as text; `overridden` names an operator's decision;
    `jurisdictions` are the cities of the offending rows, with commas between them, where every one of them names its city."""

    stage: str
    suite: str
    table_name: str
    expectation: str
    title: str
    severity: str
    success: bool
    overridden: bool
    unexpected_count: int
    observed: str
    sample: str
    jurisdictions: str = ""

    @property
    def blocks(self) -> bool:
        return not self.success and self.severity == "critical" and not self.overridden


class Tables(Protocol):
    """The tables of a stage: what Great Expectations looks at, and what offending rows are asked of."""

    def batch(self, context: Any, suite: Suite) -> tuple[Any, dict[str, Any]]:
        """A batch definition over the suite's table, and the parameters to run it with."""

    def rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the columns of a query, and its rows."""


def run_landing_gates(settings: Settings, tables: Collection[str] = ()) -> list[GateResult]:
    """The gates of every feed, or of some tables, over the landing files."""
    database = settings.build.with_name("landing_gates.duckdb")
    _landing_views(settings, database)
    return _on_duckdb(settings, "landing", landing_suites(), tables, database)


def run_mart_gates(settings: Settings, tables: Collection[str] = ()) -> list[GateResult]:
    """The gates of the marts, or of some of them, in the private build, against the last publication where one exists."""
    previous = previous_headline(settings)
    columns = ", ".join(f"{name} {kind}" for name, kind in PREVIOUS_HEADLINE.items())
    with duckdb.connect(str(settings.build)) as connection:
        connection.execute("create schema if not exists gates")
        connection.execute("create or replace table gates.previous_headline (" + columns + ")")
        if previous:
            connection.executemany("insert into gates.previous_headline values (?, ?, ?, ?, ?, ?)", previous)
    return _on_duckdb(settings, "marts", mart_suites(), tables, settings.build)


def load_results(settings: Settings) -> list[GateResult]:
    """Results of the last run of both stages."""
    found: list[GateResult] = []
    for stage in ("landing", "marts"):
        path = _results_path(settings, stage)
        if path.exists():
            found += [GateResult(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    return found


def blocking(results: Iterable[GateResult]) -> list[GateResult]:
    return [result for result in results if result.blocks]


def held_back(settings: Settings, results: Iterable[GateResult]) -> dict[str, str] | None:
    """What the gates that do not hold mean for tonight's publication.

    Returns:
        the cities that are held back while the others are published, each with its gates in words (empty: none); None: nothing
        may be published, as a gate judges the program itself or no city is left.
    """
    cities: dict[str, list[str]] = {}
    for gate in blocking(results):
        if not gate.jurisdictions:
            return None
        for city in gate.jurisdictions.split(","):
            cities.setdefault(city, []).append(f"{gate.title}（{gate.expectation}）")
    return (
        None
        if cities and cities.keys() >= _sending(settings)
        else {city: "；".join(gates) for city, gates in cities.items()}
    )


def _sending(settings: Settings) -> set[str]:
    """The cities whose senders have sent anything."""
    files = settings.landing / "files.parquet"
    senders = pl.read_parquet(files, columns=["provider"])["provider"].unique().to_list() if files.exists() else []
    known = Reference.on(settings.landing).providers() if senders else {}
    return {known[name].jurisdiction or "" for name in senders if name in known} - {""}


def _results_path(settings: Settings, stage: str) -> Path:
    return settings.build.with_name(f"gate_results_{stage}.json")


def _record(settings: Settings, stage: str, results: list[GateResult]) -> None:
    content = json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=1)
    write_atomically(_results_path(settings, stage), content.encode())


def _landing_views(settings: Settings, database: Path) -> None:
    """A small database of views over the landing files, so that the gates read them as tables."""
    database.unlink(missing_ok=True)
    database.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"create view files as select * from read_parquet('{_quoted(settings.landing / 'files.parquet')}')"
        )
        for feed in contracts():
            folder = _quoted(settings.landing / feed)
            # Rows of drops that are no longer there are not part of the warehouse.
            connection.execute(
                f"create view {feed} as select landed.* from read_parquet('{folder}/*.parquet', union_by_name = true) as landed "
                "where landed.file_id in (select file_id from files where status = 'loaded')"
            )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


PREVIOUS_HEADLINE = {
    "jurisdiction": "string", "stat_year": "integer", "period_end": "date", "as_of": "date", "metric": "string", "value": "double",
}  # fmt: skip
"""Columns of gates.previous_headline and their types, for either engine."""


def previous_headline(settings: Settings) -> list[tuple[Any, ...]]:
    """The headline ratios of the last publication (PREVIOUS_HEADLINE); empty if there is none."""
    if not settings.published.exists():
        return []
    with reading(settings.published) as connection:
        return connection.execute(
            """
            select jurisdiction, stat_year, period_end, as_of, metric, value from (
                unpivot (
                    select jurisdiction, stat_year, period_end, as_of,
                        participation_rate, simple_loss_ratio, prevention_fee_share, service_coverage
                    from marts.supervision_metrics
                    where district_code = 'ALL' and industry_code = 'ALL'
                )
                on participation_rate, simple_loss_ratio, prevention_fee_share, service_coverage into name metric value value
            )
            """
        ).fetchall()


def _on_duckdb(
    settings: Settings, stage: str, suites: list[Suite], tables: Collection[str], database: Path
) -> list[GateResult]:
    quiet_dependencies()
    from pipelines.gates import dialect  # noqa: PLC0415 - duckdb_engine and SQLAlchemy: only a run of gates pays for it

    dialect.register(beside=settings.publishing if stage == "marts" else None)
    try:
        return check(settings, stage, suites, DuckDBTables(settings, database), tables)
    finally:
        dialect.close_connections()


class DuckDBTables:
    """Tables of a DuckDB file."""

    def __init__(self, settings: Settings, database: Path) -> None:
        self.settings, self.database = settings, database
        self.source: Any = None

    def batch(self, context: Any, suite: Suite) -> tuple[Any, dict[str, Any]]:
        from pipelines.gates import dialect  # noqa: PLC0415

        self.source = self.source or context.data_sources.add_sql(
            name="duckdb",
            connection_string=f"{dialect.NAME}:///{self.database}",
            kwargs={
                "connect_args": {
                    "read_only": True,
                    "config": {"threads": self.settings.threads, "memory_limit": self.settings.memory_limit},
                }
            },
        )
        schema, _, table = suite.table.rpartition(".")
        asset = self.source.add_table_asset(suite.suite, table_name=table, schema_name=schema or None)
        return asset.add_batch_definition_whole_table("whole"), {}

    def rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        from pipelines.gates import dialect  # noqa: PLC0415

        dialect.close_connections()  # opened with options of Great Expectations' own, which DuckDB does not let differ
        with duckdb.connect(str(self.database), read_only=True) as connection:
            if self.settings.publishing.exists():
                connection.execute(f"attach '{_quoted(self.settings.publishing)}' (read_only)")
            cursor = connection.execute(query)
            return [column[0] for column in cursor.description or []], cursor.fetchall()


def check(
    settings: Settings, stage: str, suites: list[Suite], tables: Tables, chosen: Collection[str] = ()
) -> list[GateResult]:
    """Runs suites over the tables of a stage and records the results.

    Args:
        chosen: the tables that are looked at; of the others the last results stay. Empty: all.
    """
    suites = [suite for suite in suites if not chosen or suite.table in chosen]
    quiet_dependencies()
    import great_expectations as gx  # noqa: PLC0415 - three seconds; only a run of gates pays for it
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    overridden = {name.strip() for name in settings.override_gates.split(",") if name.strip()}
    results = []
    for suite in suites:
        batch, parameters = tables.batch(context, suite)
        definition = gx.ValidationDefinition(
            name=suite.suite,
            data=batch,
            suite=context.suites.add(
                gx.ExpectationSuite(name=suite.suite, expectations=[_configured(e) for e in suite.expectations])
            ),
        )
        outcome = context.validation_definitions.add(definition).run(batch_parameters=parameters, result_format="BASIC")
        by_name = {result.expectation_config.meta["name"]: result for result in outcome.results}
        results += [_result(stage, suite, e, by_name[e.name], e.name in overridden) for e in suite.expectations]
    results = _with_samples(tables, suites, results)
    others = [result for result in load_results(settings) if result.stage == stage] if chosen else []
    _record(settings, stage, [*(result for result in others if result.table_name not in chosen), *results])
    return results


def _configured(expectation: Expectation) -> Any:
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
        ExpectationConfiguration,
    )

    configuration = ExpectationConfiguration(
        type=expectation.type, kwargs=expectation.kwargs, meta={"name": expectation.name}, severity=expectation.severity
    )
    return configuration.to_domain_obj()


def _result(stage: str, suite: Suite, expectation: Expectation, result: Any, overridden: bool) -> GateResult:
    details = result.result or {}
    raised = _raised(result.exception_info or {})
    count = details.get("unexpected_count", 0 if result.success else 1)
    observed = details.get("observed_value", details.get("unexpected_count", ""))
    return GateResult(
        stage=stage,
        suite=suite.suite,
        table_name=suite.table,
        expectation=expectation.name,
        title=expectation.title,
        severity=expectation.severity,
        success=bool(result.success),
        overridden=overridden and not result.success,
        unexpected_count=int(observed) if isinstance(observed, int) and not result.success else int(count or 0),
        observed=str(observed),
        sample=raised,
    )


def _raised(info: dict[str, Any]) -> str:
    """The message of an exception inside Great Expectations: a gate that cannot be checked does not hold."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return "；".join(str(entry["exception_message"])[:300] for entry in entries if entry.get("raised_exception"))


def _cities(tables: Tables, query: str, names: list[str]) -> str:
    if "jurisdiction" not in names:
        return ""
    _, rows = tables.rows(f"select distinct jurisdiction from ({query}) as offending order by 1")
    cities = [row[0] for row in rows]
    return ",".join(cities) if all(cities) else ""


def _with_samples(tables: Tables, suites: list[Suite], results: list[GateResult]) -> list[GateResult]:
    """Failed SQL expectations get their first offending rows as text."""
    queries = {
        (suite.suite, e.name): e.kwargs["unexpected_rows_query"].replace("{batch}", suite.table)
        for suite in suites
        for e in suite.expectations
        if "unexpected_rows_query" in e.kwargs
    }
    found = []
    for result in results:
        query = queries.get((result.suite, result.expectation))
        if result.success or result.sample or query is None:
            found.append(result)
            continue
        names, rows = tables.rows(f"select * from ({query}) limit {SAMPLE_ROWS}")
        lines = ["，".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in rows]
        found.append(replace(result, sample="\n".join(lines), jurisdictions=_cities(tables, query, names)))
    return found
