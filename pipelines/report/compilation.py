"""What only the compilation of a city has: who has sent, all parts side by side, parts held against the whole.

What belongs here: the tables the office used to fill by hand, and why sums are not totals. What does not: how an item contributes to a cell
(pipelines/warehouse/evidence.py), the parts themselves (annual.py).

Sums add up where each record lies in one part. Distinct counts do not: a unit in two fields counts in both and once in the city; the
participation rate asks for insurance in all fields of a unit, so that one may count in a field and not in the city. Every difference is
taken from the contributions of single items, and the contributions are held against the published cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.report.contents import (
    KIND_OF_UNIT,
    Column,
    Figure,
    Reconciled,
    Return,
    Table,
    part_in_words,
)
from pipelines.report.items import figures_of
from pipelines.report.owners import Owed
from pipelines.warehouse.evidence import Measure, Metric, cells_of, contributions_sql, rows_sql
from pipelines.warehouse.tables import literal

CENT = Decimal("0.005")


@dataclass(frozen=True)
class Parts:
    """The parts along one axis: `industry` for departments, `district` for areas; the codes that somebody reports."""

    axis: str
    word: str
    among: str
    codes: tuple[str, ...]


def compiled(
    connection: duckdb.DuckDBPyConnection, report: Return, owed: list[Owed], known: dict[str, Metric]
) -> Return:
    """The return of the whole city with its parts beside it."""
    parts = [one for one in owed if not one.owner.is_whole]
    reconciled = list(_reconciled(connection, report, parts, known))
    tables = [
        *report.tables,
        _owners(connection, report, parts),
        _side_by_side(connection, report, parts),
        _reconciliation(reconciled),
    ]
    return report.model_copy(update={"tables": tables, "reconciled": reconciled})


def _owners(connection: duckdb.DuckDBPyConnection, report: Return, parts: list[Owed]) -> Table:
    """Who owes a part, by when, and when its document came."""
    came = {
        (provider, code): (received, status)
        for provider, code, received, status in connection.execute(
            "select provider, obligation_code, received_on, status from marts.submissions where jurisdiction = ? and stat_year = ?",
            [report.jurisdiction, report.stat_year],
        ).fetchall()
    }
    rows = []
    for one in parts:
        received, status = came.get((one.owner.provider, one.owner.obligation_code), (None, "不必报送"))
        rows.append([one.owner.name, one.owner.scope_name, one.owner.due_date, received, status])
    heads: list[tuple[str, Any]] = [
        ("单位", "text"),
        ("范围", "text"),
        ("期限", "date"),
        ("收到", "date"),
        ("状态", "text"),
    ]
    return Table(
        code="owners", title="各单位报送情况表", columns=[Column(title=title, kind=kind) for title, kind in heads], rows=rows, in_word=False,
        keys=[one.owner.provider for one in parts],
    )  # fmt: skip


def _side_by_side(connection: duckdb.DuckDBPyConnection, report: Return, parts: list[Owed]) -> Table:
    """The compilation sheet: every item, a column per part and the whole city."""
    named = [figure for figure in report.figures if not figure.insurer_name]
    of_part = [
        {figure.key: figure for figure in figures_of(connection, report.jurisdiction, one.owner, report.stat_year)}
        for one in parts
    ]
    columns = [
        Column(title="事项", kind="text"), Column(title="单位", kind="text"),
        *(Column(title=one.owner.scope_name, kind="number", code=one.owner.provider) for one in parts),
        Column(title="全市", kind="number", code=report.jurisdiction),
    ]  # fmt: skip
    rows = []
    for figure in named:
        unit = "万元" if figure.unit == "元" else "%" if figure.unit == "比例" else figure.unit
        values = [own[figure.key].value if figure.key in own else None for own in of_part]
        rows.append([figure.name, unit, *values, figure.value])
    return Table(
        code="compilation", title="年度报送汇编表", columns=columns, rows=rows, keys=[figure.key for figure in named],
        kinds=[KIND_OF_UNIT.get(figure.unit, "count") for figure in named],
        notes=["各列为该单位本行业或本辖区的数；全市按单位去重，比率为合计的分子除以合计的分母，故不等于各列之和或平均"],
    )  # fmt: skip


def _reconciled(
    connection: duckdb.DuckDBPyConnection, report: Return, parts: list[Owed], known: dict[str, Metric]
) -> Iterator[Reconciled]:
    """Every counted or summed measure of the items, along each axis that has parts."""
    axes = [
        Parts(
            "industry", "部门", "行业", tuple(one.owner.industry_code for one in parts if one.owner.scope == "field")
        ),
        Parts("district", "区市", "区市", tuple(one.owner.district_code for one in parts if one.owner.scope == "area")),
    ]
    axes = [axis for axis in axes if axis.codes]
    done: set[str] = set()
    for figure in report.figures:
        metric = known.get(figure.metric)
        for measure in (*metric.numerator, *metric.denominator) if metric and axes else ():
            if measure.metric not in done:
                done.add(measure.metric)
                yield from _of_measure(connection, report, figure, measure, axes)


def _of_measure(
    connection: duckdb.DuckDBPyConnection, report: Return, figure: Figure, measure: Measure, axes: list[Parts]
) -> Iterator[Reconciled]:
    of_city = f"jurisdiction = {literal(report.jurisdiction)} and stat_year = {int(report.stat_year)}"
    cells = cells_of("supervision_metrics", f"{of_city} and (district_code = 'ALL' or industry_code = 'ALL')")
    connection.execute(f"create or replace temp table added as {contributions_sql(measure, rows_sql(measure, cells))}")
    for axis in axes:
        other = "district" if axis.axis == "industry" else "industry"
        codes = ", ".join(literal(code) for code in axis.codes)
        here = f"cell_{other}_code = 'ALL' and cell_{axis.axis}_code <> 'ALL'"
        row = connection.execute(
            f"""
            with items as (
                select
                    item,
                    sum(amount) filter (cell_district_code = 'ALL' and cell_industry_code = 'ALL') as whole,
                    coalesce(sum(amount) filter ({here} and cell_{axis.axis}_code in ({codes})), 0) as parts,
                    coalesce(sum(amount) filter ({here} and cell_{axis.axis}_code not in ({codes})), 0) as rest,
                    count(*) filter ({here}) as cells
                from added group by item
            )
            select
                sum(parts), sum(rest), sum(parts + rest - whole) filter (cells > 1), count(*) filter (cells > 1 and parts + rest <> whole),
                sum(parts + rest) filter (whole is null), sum(whole) filter (cells = 0), sum(whole)
            from items
            """
        ).fetchall()[0]
        parts, rest, twice, twice_items, part_only, whole_only, whole = (Decimal(str(value or 0)) for value in row)
        published = connection.execute(
            f"""
            select
                sum({measure.metric}) filter (district_code = 'ALL' and industry_code = 'ALL'),
                sum({measure.metric}) filter ({axis.axis}_code in ({codes}) and {other}_code = 'ALL'),
                sum({measure.metric}) filter ({axis.axis}_code not in ('ALL', {codes}) and {other}_code = 'ALL'),
                count(*)
            from marts.supervision_metrics where {of_city} and (district_code = 'ALL' or industry_code = 'ALL')
            """
        ).fetchall()[0]
        near = CENT * published[3]
        agrees = all(
            abs(Decimal(str(stored or 0)) - counted) <= near
            for stored, counted in zip(published[:3], (whole, parts, rest), strict=True)
        )
        adds_up = abs(parts + rest - twice - part_only + whole_only - whole) <= near
        found = Reconciled(
            item_no=figure.item_no, name=measure.title, measure=measure.metric, by=f"各{axis.word}", unit=measure.unit, parts=parts, unreported=rest,
            twice=twice, twice_items=int(twice_items), part_only=part_only, whole_only=whole_only, whole=whole, words="", explained=agrees and adds_up,
        )  # fmt: skip
        yield found.model_copy(update={"words": _in_words(found, axis)})


def _in_words(found: Reconciled, axis: Parts) -> str:
    def amount(value: Decimal) -> str:
        return part_in_words(value, found.unit)

    said = [f"{found.name}：{len(axis.codes)}个{axis.word}合计{amount(found.parts)}"]
    if found.unreported:
        said.append(f"没有单独报送的{axis.among}合计{amount(found.unreported)}")
    if found.twice:
        said.append(f"其中{found.twice_items}{_counted(found.unit)}在几个{axis.among}中都计，多计{amount(found.twice)}")
    if found.part_only:
        said.append(f"其中{amount(found.part_only)}只在所在{axis.among}计、全市不计（全市须各{axis.among}都符合）")
    if found.whole_only:
        said.append(f"另有{amount(found.whole_only)}只计入全市（不属任何{axis.among}）")
    said.append(f"全市{amount(found.whole)}")
    return "，".join(said) + ("。" if found.explained else "；逐项相加与已发布的数不一致，请核对。")


def _counted(unit: str) -> str:
    return unit if unit in ("家", "张") else "项"


def _reconciliation(reconciled: list[Reconciled]) -> Table:
    """部分与合计对照表, for the workbook: one line per measure and axis."""
    heads: list[tuple[str, Any]] = [
        ("事项", "text"), ("计数或金额", "text"), ("部分", "text"), ("单位", "text"), ("各单位之和", "number"), ("未单独报送", "number"),
        ("多计", "number"), ("多计项数", "count"), ("只在部分", "number"), ("只在全市", "number"), ("全市", "number"), ("说明", "text"),
    ]  # fmt: skip
    rows: list[list[Any]] = [
        [one.item_no, one.name, one.by, one.unit, one.parts, one.unreported, one.twice, one.twice_items, one.part_only, one.whole_only, one.whole, one.words]
        for one in reconciled
    ]  # fmt: skip
    return Table(
        code="parts", title="部分与合计对照表", columns=[Column(title=title, kind=kind) for title, kind in heads], rows=rows,
        in_word=False, notes=["金额以元为单位。各单位之和＋未单独报送－多计－只在部分＋只在全市＝全市"],
    )  # fmt: skip
