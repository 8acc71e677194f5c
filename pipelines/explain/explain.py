"""One cell of one metric, explained down to file and line.

What belongs here: the number, its formula with numbers, the records that count, those left out and why. What
does not: how a cell is counted (pipelines/warehouse/evidence.py), how it is shown (output.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.warehouse.evidence import (
    EVIDENCE_KEY,
    Measure,
    Metric,
    Unknown,
    known_records,
    listed,
    metrics,
    named,
    rows_sql,
    values_sql,
)
from pipelines.warehouse.reach import Reach, reach

ALL = "ALL"
PENDING, PENDING_EVIDENCE = "pending_units", "evidence_participation"
"""待核单位 and the evidence of which they are part."""


@dataclass(frozen=True)
class Cell:
    """Where a number stands: `ALL` for a total."""

    jurisdiction: str
    stat_year: int
    district_code: str = ALL
    industry_code: str = ALL
    insurer_code: str = ALL


@dataclass(frozen=True)
class Part:
    """A counted or summed part of the number and the records it is made of.

    `records`: item, amount, feed, record_key, unit, provider, provider_name, file_name, sheet, line_no,
    received_at; one row per source record, all of them or the first few; `count`: how many there are.
    """

    measure: Measure
    value: Decimal
    records: pl.DataFrame
    count: int


@dataclass(frozen=True)
class Explanation:
    """A cell with everything behind it.

    `left_out`: records of the same feeds in the same cell that count nowhere, with `reason`; `left_out_summary`: how
        many for each reason and feed, with an example.
    `not_in_numerator`: of a share of units or policies, the records of the denominator that the numerator lacks.
    `pending`: of 参保率, those of them of which nobody knows yet (待核); they are not in `not_in_numerator`.
    `quarantined`: open rejected rows of the same feeds from senders of this jurisdiction, per rule.
    """

    metric: Metric
    cell: Cell
    place: str
    reach: Reach
    publication_id: str
    value: Decimal | None
    stored: Decimal | None
    numerator: tuple[Part, ...]
    denominator: tuple[Part, ...]
    left_out: pl.DataFrame
    left_out_summary: pl.DataFrame
    not_in_numerator: pl.DataFrame
    not_in_numerator_count: int
    pending: Part | None
    quarantined: pl.DataFrame


SOURCE = """
    select
        counted.item, counted.amount, counted.feed, counted.record_key, counted.unit, files.provider,
        providers.name as provider_name, files.file_name, counted.sheet, counted.line_no, files.received_at
    from ({rows}) as counted
    left join quality.files as files on counted.file_id = files.file_id
    left join marts.dim_provider as providers on files.provider = providers.provider
    order by counted.item, files.received_at, counted.record_key, files.file_name, counted.sheet, counted.line_no
"""


def _first(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> Any:
    """The first row, or None. All rows are fetched: a result left open blocks the connection."""
    rows = connection.execute(sql, parameters).fetchall()
    return rows[0] if rows else None


def _frame(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> pl.DataFrame:
    """A small result as a frame, without Arrow: importing it takes longer than most explanations."""
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)


def find_cell(
    warehouse: Path, metric: str, year: int, jurisdiction: str, district: str, industry: str, insurer: str
) -> tuple[str, Cell]:
    """The metric and cell that people mean: codes or Chinese names; the city may follow from the district.

    Raises:
        Unknown: a name means nothing, or several cities are possible.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def code(what: str, table: str, column: str, names: list[str], text: str) -> str:
            if text == ALL:
                return ALL
            same = " or ".join(f"upper({name}) = upper($text)" for name in [column, *names])
            found = _first(connection, f"select {column} from marts.{table} where {same}", {"text": text})
            if found is None:
                known = connection.execute(
                    f"select {names[-1]} || '（' || {column} || '）' from marts.{table} order by {column}"
                ).fetchall()
                raise Unknown(f"没有{what}「{text}」。可用：{'、'.join(row[0] for row in known)}")
            return str(found[0])

        district_code = code("区市", "dim_district", "district_code", ["name", "short_name"], district)
        industry_code = code("行业", "dim_industry", "industry_code", ["name"], industry)
        insurer_code = code("保险机构", "dim_insurer", "insurer_code", ["name", "short_name"], insurer)
        cities = connection.execute(
            "select distinct jurisdiction from marts.dim_district where ($district = 'ALL' or district_code = $district) "
            "and ($city = '' or jurisdiction = $city or jurisdiction_name = $city) order by 1",
            {"district": district_code, "city": jurisdiction},
        ).fetchall()
        if len(cities) != 1:
            known = connection.execute(
                "select distinct jurisdiction, jurisdiction_name from marts.dim_district order by 1"
            ).fetchall()
            raise Unknown(
                f"请用 --jurisdiction 指明统计辖区：{'、'.join(f'{name}（{code}）' for code, name in known)}。"
            )
        mart = "supervision_metrics" if insurer_code == ALL else "insurer_metrics"
        titles = {name: found.title for name, found in metrics(connection, mart).items()}
        name = named(titles, metric)
        if name is None and mart == "supervision_metrics":
            of_insurers = {one: found.title for one, found in metrics(connection, "insurer_metrics").items()}
            if named(of_insurers, metric) is not None:
                raise Unknown(f"「{metric}」是机构的指标，请用 --insurer 指明保险机构（名称或代码）。")
        return name or metric, Cell(cities[0][0], year, district_code, industry_code, insurer_code)


def explain(warehouse: Path, metric: str, cell: Cell, limit: int | None = None) -> Explanation:
    """Explains a cell from a warehouse file.

    Args:
        limit: list only so many records of each part; None: all of them.
    Raises:
        Unknown: no such metric or no such cell.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        mart = "supervision_metrics" if cell.insurer_code == ALL else "insurer_metrics"
        known = metrics(connection, mart)
        if metric not in known:
            described = _first(
                connection,
                "select definition from meta.metric_catalogue where metric = ? and table_name = ?",
                [metric, mart],
            )
            if described:
                raise Unknown(f"指标「{metric}」没有逐条记录可列。定义：{described[0]}")
            raise Unknown(f"没有指标「{metric}」。可用：{listed({name: one.title for name, one in known.items()})}")
        found = known[metric]
        limited = cell.district_code != ALL or cell.industry_code != ALL
        if mart == "insurer_metrics" and limited and metric != "market_share":
            raise Unknown("机构指标只到全市，不分区市和行业（承保份额 market_share 除外）。")
        stored = _stored(connection, mart, metric, cell)
        cells = (
            "select '{jurisdiction}' as jurisdiction, {stat_year} as stat_year, '{district_code}' as district_code, "
            "'{industry_code}' as industry_code, '{insurer_code}' as insurer_code"
        ).format(**cell.__dict__)
        numerator = tuple(_part(connection, measure, cells, limit) for measure in found.numerator)
        denominator = tuple(_part(connection, measure, cells, limit) for measure in found.denominator)
        publication = _first(connection, "select publication_id from meta.publication")
        feeds = _feeds(found)
        left_out, left_out_summary = _left_out(connection, cell, feeds, limit)
        of_roster = any(part.evidence == PENDING_EVIDENCE for part in found.numerator)
        pending = (
            _part(connection, known[PENDING].numerator[0], cells, limit) if of_roster and PENDING in known else None
        )
        lacking, lacking_count = _not_in_numerator(connection, found, limit, pending)
        return Explanation(
            metric=found,
            cell=cell,
            place=_place(connection, cell),
            reach=reach(connection, cell.jurisdiction),
            publication_id=publication[0],
            value=_value(found, numerator, denominator),
            stored=stored,
            numerator=numerator,
            denominator=denominator,
            left_out=left_out,
            left_out_summary=left_out_summary,
            not_in_numerator=lacking,
            not_in_numerator_count=lacking_count,
            pending=pending,
            quarantined=_quarantined(connection, cell, feeds),
        )


@dataclass(frozen=True)
class FindingExplanation:
    """A finding of supervision with the records it rests on, down to file and line.

    `records`: feed, record_key, provider_name, file_name, sheet, line_no, received_at.
    """

    finding: dict[str, Any]
    records: pl.DataFrame


def explain_finding(warehouse: Path, finding_id: str) -> FindingExplanation:
    """Explains a row of marts.findings.

    Raises:
        Unknown: there is no such finding.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.sql("select * from marts.findings where finding_id = ?", params=[finding_id]).pl()
        if found.is_empty():
            raise Unknown(f"没有监管发现「{finding_id}」。编号见 marts.findings 的 finding_id 列。")
        row = found.row(0, named=True)
        records = connection.sql(
            f"""
            select known.feed, known.record_key, providers.name as provider_name, files.file_name, known.sheet, known.line_no, files.received_at
            from ({known_records(connection)}) as known
            inner join (select unnest(string_split($keys, '；')) as evidence_key) as wanted
                on {EVIDENCE_KEY} = wanted.evidence_key
            left join quality.files as files on known.file_id = files.file_id
            left join marts.dim_provider as providers on files.provider = providers.provider
            order by known.feed, known.record_key
            """,
            params={"keys": row["evidence_keys"]},
        ).pl()
        return FindingExplanation(row, records)


def _stored(connection: duckdb.DuckDBPyConnection, mart: str, metric: str, cell: Cell) -> Decimal | None:
    """The number as the mart holds it."""
    if mart == "insurer_metrics" and metric == "market_share":
        sql, names = (
            "select value from marts.annual_statistics where metric = 'market_share' and jurisdiction = ? and stat_year = ? "
            "and district_code = ? and industry_code = ? and insurer_code = ?",
            [cell.district_code, cell.industry_code, cell.insurer_code],
        )
    elif mart == "insurer_metrics":
        sql, names = (
            f"select {metric} from marts.insurer_metrics where jurisdiction = ? and stat_year = ? and insurer_code = ?",
            [cell.insurer_code],
        )
    else:
        sql, names = (
            f"select {metric} from marts.supervision_metrics where jurisdiction = ? and stat_year = ? and district_code = ? and industry_code = ?",
            [cell.district_code, cell.industry_code],
        )
    found = _first(connection, sql, [cell.jurisdiction, cell.stat_year, *names])
    if found is None:
        years = _first(
            connection,
            "select string_agg(distinct stat_year::varchar, '、' order by stat_year::varchar) from marts.supervision_metrics where jurisdiction = ?",
            [cell.jurisdiction],
        )
        raise Unknown(
            f"没有这一格：{cell.jurisdiction} {cell.stat_year} {cell.district_code} {cell.industry_code} {cell.insurer_code}。"
            f"请核对代码；有数据的年度：{years[0] if years and years[0] else '无'}。"
        )
    return None if found[0] is None else Decimal(str(found[0]))


def _part(connection: duckdb.DuckDBPyConnection, measure: Measure, cells: str, limit: int | None) -> Part:
    # The rows are found once; number, count and records come from them.
    rows = f"select * from counted_{measure.metric}"
    connection.execute(f"create or replace temp table counted_{measure.metric} as {rows_sql(measure, cells)}")
    value = _first(connection, f"select value from ({values_sql(measure, rows)}) as cell")
    records, count = _records(connection, rows, limit)
    return Part(measure, Decimal(str(value[0] if value else 0)), records, count)


def _records(connection: duckdb.DuckDBPyConnection, rows: str, limit: int | None) -> tuple[pl.DataFrame, int]:
    """Evidence rows with their files, and how many there are."""
    count = _first(connection, f"select count(*) from ({rows}) as counted")[0]
    if limit is not None:
        rows = f"select * from ({rows}) as counted order by item, record_key, file_id, sheet, line_no limit {limit}"
        return _frame(connection, SOURCE.format(rows=rows)), count
    return connection.sql(SOURCE.format(rows=rows)).pl(), count


def _value(metric: Metric, numerator: tuple[Part, ...], denominator: tuple[Part, ...]) -> Decimal | None:
    above = sum((part.value for part in numerator), Decimal(0))
    if not metric.is_ratio:
        # Concentration of nothing is unknown, not zero.
        return None if metric.unit in ("指数", "比例") and not above else above
    below = sum((part.value for part in denominator), Decimal(0))
    return above / below if below else None


def _feeds(metric: Metric) -> list[str]:
    """Feeds whose records could have counted: those of the evidence, and the policies everything hangs on."""
    found = {"policy"}
    for measure in metric.numerator + metric.denominator:
        found |= {word for word in measure.feed.split("'") if word.isidentifier() and word not in ("case",)}
        if "served" in measure.how:
            found.add("service_record")
    return sorted(found)


def _place(connection: duckdb.DuckDBPyConnection, cell: Cell) -> str:
    """The cell in words."""
    row = _first(
        connection,
        """
        select
            (select max(jurisdiction_name) from marts.dim_district where jurisdiction = $jurisdiction),
            (select name from marts.dim_district where district_code = $district_code),
            (select name from marts.dim_industry where industry_code = $industry_code),
            (select name from marts.dim_insurer where insurer_code = $insurer_code)
        """,
        {name: value for name, value in cell.__dict__.items() if name != "stat_year"},
    )
    assert row is not None
    city, district, industry, insurer = row
    return " · ".join([city, district or "全市", industry or "全部行业"] + ([insurer] if insurer else []))


LEFT_OUT = """
    from marts.evidence_left_out as records
    left join quality.files as files on records.file_id = files.file_id
    left join marts.dim_provider as providers on files.provider = providers.provider
    where records.jurisdiction = $jurisdiction and records.stat_year = $stat_year
        and ($district_code = 'ALL' or records.district_code = $district_code)
        and ($industry_code = 'ALL' or records.industry_code = $industry_code)
        and ($insurer_code = 'ALL' or records.insurer_code = $insurer_code)
        and list_contains($feeds, records.feed)
"""


def _left_out(
    connection: duckdb.DuckDBPyConnection, cell: Cell, feeds: list[str], limit: int | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records that count nowhere, and their number per reason and feed with an example; an extract may not show them."""
    if not _first(connection, "select 1 from information_schema.tables where table_name = 'evidence_left_out'"):
        return pl.DataFrame(), pl.DataFrame()
    parameters = {**cell.__dict__, "feeds": feeds}
    records = _frame(
        connection,
        f"""
        select
            records.reason, records.feed, records.record_key, records.insured_uscc as unit, files.provider,
            providers.name as provider_name, files.file_name, records.sheet, records.line_no, files.received_at
        {LEFT_OUT}
        order by all {"" if limit is None else f"limit {limit}"}
        """,
        parameters,
    )
    summary = _frame(
        connection,
        f"""
        select
            records.reason, records.feed, count(*) as records, min(records.record_key) as record_key,
            min_by(files.file_name, records.record_key) as file_name, min_by(records.line_no, records.record_key) as line_no
        {LEFT_OUT}
        group by records.reason, records.feed
        order by records desc, reason, feed
        """,
        parameters,
    )
    return records, summary


def _not_in_numerator(
    connection: duckdb.DuckDBPyConnection, metric: Metric, limit: int | None, pending: Part | None
) -> tuple[pl.DataFrame, int]:
    """Records of units (policies, …) that the denominator counts and the numerator does not, without the pending ones."""
    if len(metric.numerator) != 1 or len(metric.denominator) != 1:
        return pl.DataFrame(), 0
    above, below = metric.numerator[0], metric.denominator[0]
    if "count" not in above.how or above.how["count"] != below.how.get("count"):
        return pl.DataFrame(), 0
    rows = f"select below.* from counted_{below.metric} as below anti join counted_{above.metric} as above on below.item = above.item"
    if pending:
        rows = f"select rest.* from ({rows}) as rest anti join counted_{PENDING} as pending on rest.item = pending.item"
    return _records(connection, rows, limit)


def _quarantined(connection: duckdb.DuckDBPyConnection, cell: Cell, feeds: list[str]) -> pl.DataFrame:
    return _frame(
        connection,
        """
        select
            quarantine.feed, quarantine.rule_code, count(*) as problems, min(quarantine.message) as example,
            min(quarantine.file_name) as file_name, min(quarantine.line_no) as line_no
        from quality.quarantine as quarantine
        inner join marts.dim_provider as providers on quarantine.provider = providers.provider
        where quarantine.status = 'open' and quarantine.severity = 'reject'
            and providers.jurisdiction = $jurisdiction and list_contains($feeds, quarantine.feed)
            and ($insurer_code = 'ALL' or providers.insurer_code = $insurer_code)
        group by quarantine.feed, quarantine.rule_code
        order by problems desc, quarantine.feed, quarantine.rule_code
        """,
        {"jurisdiction": cell.jurisdiction, "insurer_code": cell.insurer_code, "feeds": feeds},
    )
