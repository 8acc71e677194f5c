"""Figures as the pages show them: which metrics, in which words, with what they are made of.

What belongs here: what the static site and the dashboard both need to show numbers of the marts. What does not: any
metric (dbt_project), drawing (pipelines/documents/charts.py), lists (lists.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import polars as pl

from pipelines.documents.figures import percent, shown, wan

HEADLINE = ("participation_rate", "simple_loss_ratio", "prevention_fee_share", "service_coverage")
RATIOS = (*HEADLINE, "contract_fulfilment", "major_hazard_closure_rate", "hazard_closure_rate", "fee_use_rate")
MONTHLY = ("premium_received", "policies", "services", "hazards_found", "claims", "claims_settled", "fee_provided", "fee_spent")  # fmt: skip
CELL_COLUMNS = (
    "required_units", "insured_required_units", "participation_rate", "policies", "premium_received", "simple_loss_ratio",
    "prevention_fee_share", "service_coverage", "hazards_overdue", "major_hazards_overdue",
)  # fmt: skip
INSURER_COLUMNS = (
    "market_share", "policies", "premium_received", "simple_loss_ratio", "prevention_fee_share", "service_coverage",
    "contract_fulfilment", "hazard_closure_rate", "findings_high", "data_quality_score", "evaluation_score",
)  # fmt: skip
FEE_COLUMNS = (
    "premium_received", "fee_contracted", "fee_provided", "fee_spent", "fee_spent_unproven", "prevention_fee_share", "fee_use_rate",
)  # fmt: skip

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Metric:
    """A metric as the catalogue describes it; `numerator` and `denominator` are sums of columns, empty if it is no ratio."""

    name: str
    title: str
    definition: str
    numerator: str
    denominator: str
    unit: str
    source: str


@dataclass(frozen=True)
class Tile:
    """A headline figure of one year: value, what it is made of, change in percentage points against the year before."""

    metric: Metric
    value: str
    numerator: str
    denominator: str
    change: str


Catalogue = dict[str, Metric]


def catalogue(connection: duckdb.DuckDBPyConnection, table: str) -> Catalogue:
    """The metrics of a mart by column name; scores and counts that are no metrics but have a unit included."""
    described = connection.execute(
        """
        select column_name, chinese_name, definition, '', '', unit, source_clause from meta.data_dictionary
        where table_schema = 'marts' and table_name = $table and unit <> ''
        """,
        {"table": table},
    ).fetchall()
    metrics = connection.execute(
        "select metric, chinese_name, definition, numerator, denominator, unit, source_clause from meta.metric_catalogue where table_name = ?",
        [table],
    ).fetchall()
    return {row[0]: Metric(*row) for row in (*described, *metrics)}


def cells(connection: duckdb.DuckDBPyConnection, metrics: Catalogue) -> Rows:
    """Every cell the connection has of marts.supervision_metrics, with names, order and place; totals first."""
    names = sorted({*CELL_COLUMNS, *RATIOS} & set(metrics))
    return dicts(
        connection,
        f"""
        select cells.jurisdiction, cells.stat_year, cells.district_code, cells.industry_code,
            coalesce(districts.short_name, cells.district_name) as district, cells.industry_name as industry,
            districts.sort_no as district_no, industries.sort_no as industry_no, districts.tile_row, districts.tile_column,
            {", ".join(f"cells.{name}" for name in names)}
        from marts.supervision_metrics as cells
        left join marts.dim_district as districts using (district_code)
        left join marts.dim_industry as industries using (industry_code)
        order by cells.jurisdiction, stat_year, district_no nulls first, industry_no nulls first
        """,
    )


def own_rows(connection: duckdb.DuckDBPyConnection, table: str, metrics: Catalogue, where: str) -> Rows:
    """One row per year of a mart's cell: the headline ratios with their numerators and denominators.

    Args:
        where: the cell, written by the caller and not by a user.
    """
    names = [name for name in HEADLINE if name in metrics]
    parts = {part for name in names for part in (*terms(metrics[name].numerator), *terms(metrics[name].denominator))}
    columns = sorted((parts | set(names)) & set(metrics))
    return dicts(
        connection, f"select stat_year, period_end, {', '.join(columns)} from {table} where {where} order by stat_year"
    )


def tile(metrics: Catalogue, name: str, row: dict[str, Any], before: dict[str, Any] | None) -> Tile:
    """The headline figure of a year beside the year before."""
    metric = metrics[name]

    def side(expression: str) -> str:
        return " ＋ ".join(
            f"{metrics[term].title} {amount(row[term], metrics[term].unit)}"
            for term in terms(expression)
            if term in metrics
        )

    change = ""
    if before and row[name] is not None and before[name] is not None:
        change = f"较上年 {(row[name] - before[name]) * 100:+.2f} 个百分点"
    return Tile(metric, percent(row[name]), side(metric.numerator), side(metric.denominator), change)


def basis(metric: Metric, metrics: Catalogue, as_of: date, missing: list[str] | None) -> str:
    """The words under a figure: definition, numerator, denominator, knowledge date, who has not reported (None: unknown)."""
    parts = [f"{metric.title}：{metric.definition}"]
    for word, expression in (("分子", metric.numerator), ("分母", metric.denominator)):
        titles = [metrics[term].title for term in terms(expression) if term in metrics]
        if titles:
            parts.append(f"{word}：{'＋'.join(titles)}")
    silent = "" if missing is None else f"缺报：{'、'.join(missing) or '无'}。"
    return "；".join(parts) + f"。数据截至 {as_of}。{silent}"


def silent_insurers(
    connection: duckdb.DuckDBPyConnection, schema: str, jurisdiction: str, stat_years: Iterable[int]
) -> dict[int, list[str]]:
    """By year the insurers of a city that sent nothing in it, although every figure rests on what they send.

    Args:
        schema: empty, or `whole.` where the connection shows one audience's views only.
    """
    years = list(stat_years)
    rows = connection.execute(
        f"""
        select stat_year, name from {schema}marts.dim_provider as providers cross join unnest($years) as years (stat_year)
        where kind = 'insurer' and jurisdiction = $jurisdiction
            and not exists (
                select 1 from {schema}quality.files as files
                where files.provider = providers.provider and files.status = 'loaded'
                    and year(files.received_at) = years.stat_year
            )
        order by provider
        """,
        {"years": years, "jurisdiction": jurisdiction},
    ).fetchall()
    return {year: [name for found, name in rows if found == year] for year in years}


def titles(names: Iterable[str], metrics: Catalogue) -> list[str]:
    """Column titles; money is shown in 万元."""
    return [f"{metrics[name].title}（万元）" if metrics[name].unit == "元" else metrics[name].title for name in names]


def cell_text(value: Any, unit: str) -> str:
    """A value in a table, whose unit stands in the header."""
    if unit == "元":
        return wan(value)
    if unit == "比例" or value is None:
        return percent(value)
    return shown(value, unit).removesuffix(f" {unit}")


def amount(value: Any, unit: str) -> str:
    """A value with its unit; money in 万元."""
    return f"{wan(value)} 万元" if unit == "元" else shown(value, unit)


def terms(expression: str) -> list[str]:
    """The columns of `a + b`."""
    return [term.strip() for term in expression.split("+") if term.strip()]


def dicts(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    """Rows for charts: money as floating point, which only drawing sees."""
    frame = connection.sql(sql).pl()
    rows: Rows = frame.with_columns(pl.col(pl.Decimal).cast(pl.Float64)).to_dicts()
    return rows


def awaiting_confirmation(connection: duckdb.DuckDBPyConnection, jurisdiction: str, tables: Collection[str]) -> str:
    """The amounts of a city that were asked back and do not count yet, in words; empty: none, or not the reader's to see."""
    if "quality.to_confirm" not in tables:
        return ""
    count, amount = connection.execute(
        "select count(*), cast(coalesce(sum(amount), 0) as double) from quality.to_confirm where jurisdiction = ?",
        [jurisdiction],
    ).fetchall()[0]
    return f"另有 {count:,} 笔金额待报送单位核实（共 {wan(amount)} 万元），未计入" if count else ""
