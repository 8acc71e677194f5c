"""Figures as the pages show them: which metrics, in which words, with what they are made of.

What belongs here: what the static site and the dashboard both need to show numbers of the marts. What does not: any
metric (dbt_project), drawing (pipelines/documents/charts.py), lists (lists.py).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from pipelines.documents.figures import DASH, half_up, percent, shown, wan
from pipelines.warehouse.reach import Reach

HEADLINE = ("participation_rate", "simple_loss_ratio", "prevention_fee_share", "service_coverage")
RATIOS = (*HEADLINE, "contract_fulfilment", "major_hazard_closure_rate", "hazard_closure_rate", "fee_use_rate")
MONTHLY = {
    "premium_received": "万元", "policies": "张", "services": "次", "hazards_found": "处", "claims": "件", "claims_settled": "件", "fee_provided": "万元",
    "fee_spent": "万元",
}  # fmt: skip
"""Flows by month and the units in which they are drawn."""
CELL_COLUMNS = (
    "required_units", "insured_required_units", "pending_units", "participation_rate", "participation_rate_high", "policies", "premium_received", "simple_loss_ratio",
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
    """A headline figure of one year: value, what it is made of, change in percentage points against the year before (of a year that
    is not over, against the same days of it). `beside`: what must be said next to the value; `standing`: beside the target or the whole
    city; `mark`: whether that is good or bad, empty if neither."""

    metric: Metric
    value: str
    beside: str
    numerator: str
    denominator: str
    change: str
    standing: str = ""
    mark: str = ""

    @property
    def sign(self) -> str:
        """Good and bad by a sign, so that no colour is needed to tell them apart."""
        return {"good": "✓ ", "bad": "▼ "}.get(self.mark, "")


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
    parts |= {"pending_units", "participation_rate_high"}
    columns = sorted((parts | set(names)) & set(metrics))
    return dicts(
        connection, f"select stat_year, period_end, {', '.join(columns)} from {table} where {where} order by stat_year"
    )


@dataclass(frozen=True)
class SameDays:
    """This year so far beside the same days of the year before (marts.same_days): headline ratios by name."""

    part_end: date
    now: dict[str, Any]
    before: dict[str, Any]


def same_days(connection: duckdb.DuckDBPyConnection, where: str, tables: Collection[str]) -> SameDays | None:
    """The comparison of a cell to the day to which its data reach; None: they do not reach into this year, or it is not shown.

    Args:
        where: the cell, written by the caller and not by a user.
    """
    if "marts.same_days" not in tables:
        return None
    rows = dicts(connection, f"select * from marts.same_days where {where} and basis = 'data' order by stat_year")
    return SameDays(rows[-1]["part_end"], rows[-1], rows[0]) if len(rows) == 2 else None


POOL = {"fee_provided": "provided", "fee_spent": "spent", "fee_spent_unproven": "spent_unproven"}


def pools(
    connection: duckdb.DuckDBPyConnection,
    tables: Collection[str],
    names: Collection[str],
    where: str = "true",
) -> dict[int, Rows]:
    """By year, the row that stands beside the districts so that they add up to the whole city: 统筹, of no district. Years without
    any are left out.

    Args:
        names: the columns of the table; all but money of the pool are empty.
        where: a further condition, written by the caller and not by a user.
    """
    if "marts.evidence_fee" not in tables:
        return {}
    sums = ", ".join(f"sum({column}) as {name}" for name, column in POOL.items())
    found = dicts(
        connection, f"select stat_year, {sums} from marts.evidence_fee where is_pool and {where} group by stat_year"
    )
    return {
        row["stat_year"]: [
            {"name": "统筹（不分区市）", "stat_year": row["stat_year"], "is_pool": True}
            | {name: row.get(name) for name in names}
        ]
        for row in found
    }


def is_whole(period_end: date) -> bool:
    """Whether the year of a period is over."""
    return (period_end.month, period_end.day) == (12, 31)


Standings = dict[tuple[int, str], dict[str, Any]]


def standings(connection: duckdb.DuckDBPyConnection, where: str, tables: Collection[str]) -> Standings:
    """Of a cell by year and metric: target, the whole city's value and the place in it (marts.standing); empty: not shown.

    Args:
        where: the cell, written by the caller and not by a user.
    """
    if "marts.standing" not in tables:
        return {}
    return {
        (row["stat_year"], row["metric"]): row
        for row in dicts(connection, f"select * from marts.standing where {where}")
    }


def _standing(metric: Metric, metrics: Catalogue, row: dict[str, Any], stand: dict[str, Any] | None) -> tuple[str, str]:
    """A headline figure beside its target and beside the whole city, in words, and whether that is good or bad."""
    value = row[metric.name]
    if stand is None or value is None:
        return "", ""
    words, mark = [], ""
    if stand["target"] is not None:
        short = stand["target"] - value
        mark = "bad" if short > 0 else "good"
        words.append(
            f"目标 {percent(stand['target'])}，" + (f"差 {half_up(short * 100, 2)} 个百分点" if short > 0 else "已达到")
        )
        if short > 0 and (missing := _missing_units(metric, metrics, row, stand["target"])):
            words[-1] += f"（{missing:,} 家）"
    if stand["kind"] != "city" and stand["city_value"] is not None:
        placed = f"第 {stand['place']} 位，共 {stand['places']} 个{'区市' if stand['kind'] == 'district' else '行业'}"
        words.append(f"全市 {percent(stand['city_value'])}" + (f"，{placed}" if stand["place"] else ""))
        if not mark and stand["place"]:
            mark = "good" if value >= stand["city_value"] else "bad"
    return "；".join(words), mark


def insurer_years(
    connection: duckdb.DuckDBPyConnection, metrics: Catalogue, where: str, since: int
) -> tuple[list[str], Rows]:
    """The marks of an insurer, names and a row per year.

    Args:
        where: the insurer, written by the caller and not by a user.
        since: the first year of which there are data.
    """
    names = [name for name in INSURER_COLUMNS if name in metrics]
    sql = f"select stat_year, {', '.join(names)} from marts.insurer_metrics where {where} and stat_year >= {since} order by stat_year"
    return names, dicts(connection, sql)


COMPARED = (
    "参保率（上年同期）",
    "参保率",
    "变化（百分点）",
    "应保单位增减",
    "已参保单位增减",
    "待核单位",
    "服务覆盖率变化（百分点）",
    "实收保费增减（万元）",
)
"""What stands beside a place in the comparison with the same days of the year before."""
COMPARED_NOTE = "参保率降得最多的在前。应保单位增加而未参保，或已参保单位退保、到期未续，都使参保率下降；待核单位尚不可知是否续保。逐条原因：anze diff。"


def compared(
    connection: duckdb.DuckDBPyConnection, where: str, tables: Collection[str], by_field: bool
) -> tuple[date | None, list[list[str]]]:
    """Where a change comes from: each district or field of some cells, this year so far beside the same days of the year before, the
    one whose participation fell furthest first; and the last of those days (None: nothing to compare).

    Args:
        where: the cells, written by the caller and not by a user.
        by_field: they are the fields of one place, not the districts of one field.
    """
    spoken = "fields.name" if by_field else "districts.short_name"
    if not {"marts.same_days", "marts.dim_district", "marts.dim_industry"} <= set(tables):
        return None, []
    found = connection.execute(
        f"""
        with sides as (
            select * from marts.same_days where {where} and basis = 'data'
        )
        select coalesce({spoken}, '合计') as name, now.part_end,
            before.participation_rate, now.participation_rate, now.participation_rate - before.participation_rate as moved,
            now.required_units - before.required_units, now.insured_required_units - before.insured_required_units, now.pending_units,
            now.service_coverage - before.service_coverage, now.premium_received - before.premium_received
        from sides as now
        inner join sides as before
            on now.jurisdiction = before.jurisdiction and now.district_code = before.district_code and now.industry_code = before.industry_code
            and before.stat_year = now.stat_year - 1
        left join marts.dim_district as districts on now.district_code = districts.district_code
        left join marts.dim_industry as fields on now.industry_code = fields.industry_code
        where now.required_units + before.required_units > 0
        order by now.district_code <> 'ALL', now.industry_code <> 'ALL', moved nulls last, name
        """
    ).fetchall()
    rows = [
        [
            name,
            percent(before),
            percent(now),
            _moved(moved),
            f"{required:+,}",
            f"{insured:+,}",
            f"{pending:,}",
            _moved(served),
            _more(premium),
        ]
        for name, _, before, now, moved, required, insured, pending, served, premium in found
    ]
    return (found[0][1] if found else None), rows


def _moved(change: float | None) -> str:
    return DASH if change is None else f"{half_up(change * 100, 2):+}"


def _more(yuan: Decimal) -> str:
    return ("+" if yuan > 0 else "") + wan(yuan)


def _missing_units(metric: Metric, metrics: Catalogue, row: dict[str, Any], target: float) -> int:
    """How many units are missing to a target of a ratio of units; 0: it is a ratio of something else."""
    above, below = terms(metric.numerator), terms(metric.denominator)
    if not below or any(metrics[term].unit != "家" for term in (*above, *below)):
        return 0
    missing: float = sum(row[term] for term in below) * target - sum(row[term] for term in above)
    return math.ceil(round(missing, 6))


def tile(
    metrics: Catalogue, name: str, row: dict[str, Any], before: dict[str, Any] | None, same: SameDays | None,
    stand: dict[str, Any] | None = None,
) -> Tile:  # fmt: skip
    """The headline figure of a year beside the year before (of a year that is not over, beside its same days), its target and the city."""
    metric = metrics[name]

    def side(expression: str) -> str:
        return " ＋ ".join(
            f"{metrics[term].title} {amount(row[term], metrics[term].unit)}"
            for term in terms(expression)
            if term in metrics
        )

    change = ""
    if is_whole(row["period_end"]):
        if before and row[name] is not None and before[name] is not None:
            change = f"较上年 {points(row[name] - before[name])}"
    elif same is None:
        change = "本年尚未结束，不与上年比较"
    elif same.now[name] is not None and same.before[name] is not None:
        change = f"至 {same.part_end}，较上年同期 {points(same.now[name] - same.before[name])}"
    standing, mark = _standing(metric, metrics, row, stand)
    return Tile(
        metric,
        percent(row[name]),
        pending(row) if name == HEADLINE[0] else "",
        side(metric.numerator),
        side(metric.denominator),
        change,
        standing,
        mark,
    )


def points(change: float) -> str:
    """A change of a ratio."""
    return f"{change * 100:+.2f} 个百分点"


def pending(row: Mapping[str, Any]) -> str:
    """What must be said beside 参保率 while some units are 待核: `另有 16 家待核，最高 76.91%`; empty: none is."""
    if not row.get("pending_units"):
        return ""
    return f"另有 {row['pending_units']:,} 家待核，最高 {percent(row['participation_rate_high'])}"


def basis(metric: Metric, metrics: Catalogue, reached: Reach | None = None) -> str:
    """The words under a figure: definition, numerator, denominator, and with `reached` the two dates and who is late."""
    parts = [f"{metric.title}：{metric.definition}"]
    for word, expression in (("分子", metric.numerator), ("分母", metric.denominator)):
        titles = [metrics[term].title for term in terms(expression) if term in metrics]
        if titles:
            parts.append(f"{word}：{'＋'.join(titles)}")
    dates = f"{reached.dates}。缺报：{reached.late_in_words}。" if reached else ""
    return f"{'；'.join(parts)}。{dates}"


def monthly(connection: duckdb.DuckDBPyConnection, where: str) -> Rows:
    """The flows of a cell by month (marts.monthly_activity), money in 万元.

    Args:
        where: the cell, written by the caller and not by a user.
    """
    columns = ", ".join(f"{name} / 10000 as {name}" if unit == "万元" else name for name, unit in MONTHLY.items())
    return dicts(
        connection,
        f"select stat_year, month_no, {columns} from marts.monthly_activity where {where} order by stat_year, month_no",
    )


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
