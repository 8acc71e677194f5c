"""An explanation or a difference as text, JSON or workbook.

What belongs here: the form. What does not: any number (explain.py, diff.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
from rich.text import Text

from pipelines.documents.console import Sheet, Terminal, coloured
from pipelines.documents.figures import DASH, shown
from pipelines.explain.diff import Difference
from pipelines.explain.explain import Explanation, FindingExplanation, Part

SHOWN_RECORDS = 10
"""Records listed in the terminal for each part; JSON and workbook hold all of them."""

RECORD_TITLES = {
    "item": "计数项", "amount": "金额或数量", "reason": "原因", "feed": "报送表", "record_key": "记录主键", "unit": "单位", "provider": "报送单位代码",
    "provider_name": "报送单位", "file_name": "文件", "sheet": "工作表", "line_no": "行", "received_at": "收到时间",
}  # fmt: skip
QUARANTINE_TITLES = {
    "feed": "报送表", "rule_code": "规则", "problems": "问题数", "example": "说明（例）", "file_name": "文件（例）", "line_no": "行（例）",
}  # fmt: skip
REFERENCE_TITLES = {
    "table_title": "表", "record_key": "主键", "what": "变化", "file_name": "文件", "sheet": "工作表", "line_no": "行", "received_at": "收到时间",
}  # fmt: skip
CHANGE_TITLES = {
    "metric": "指标", "title": "名称", "district_code": "区市", "industry_code": "行业", "insurer_code": "机构", "before": "之前", "after": "之后", "change": "变化",
}  # fmt: skip
CAUSE_TITLES = {
    "metric": "指标", "district_code": "区市", "industry_code": "行业", "insurer_code": "机构", "item": "计数项", "before": "之前", "after": "之后", "change": "变化",
    "cause": "原因", "feed": "报送表", "record_key": "记录主键", "provider_name": "报送单位", "file_name": "文件", "sheet": "工作表", "line_no": "行", "received_at": "收到时间",
}  # fmt: skip


def formula(found: Explanation) -> str:
    """The formula with its numbers: 参保率 = 已参保应保单位数 12 家 ÷ 应保单位数 20 家 = 60.00%."""

    def side(parts: tuple[Part, ...]) -> str:
        terms = " ＋ ".join(f"{part.measure.title} {shown(part.value, part.measure.unit)}" for part in parts)
        return f"（{terms}）" if len(parts) > 1 else terms

    value = shown(found.value, found.metric.unit)
    if not found.metric.is_ratio:
        return f"{found.metric.title} = {value}"
    return f"{found.metric.title} = {side(found.numerator)} ÷ {side(found.denominator)} = {value}"


def print_explanation(found: Explanation, console: Terminal) -> None:
    """The explanation for a terminal."""
    metric = found.metric
    console.print(
        coloured("bold", metric.title)
        + Text(f"（{metric.name}，{metric.code}）　")
        + coloured("bold green", shown(found.value, metric.unit))
    )
    console.print(f"{found.place}　{found.cell.stat_year} 年　{found.reach.dates}")
    console.print(f"定义：{metric.definition}")
    console.print(f"来源：{metric.source or DASH}")
    console.print(f"算式：{formula(found)}")
    for role, parts in (("分子" if metric.is_ratio else "", found.numerator), ("分母", found.denominator)):
        for part in parts:
            label = f"{role} · {part.measure.title}" if role else part.measure.title
            title = f"{label}：{shown(part.value, part.measure.unit)}（{part.count:,} 条记录）"
            _print_records(console, title, part.records, part.count)
    if found.pending and found.pending.count:
        title = f"待核（是否续保尚不可知，不在分子）：{shown(found.pending.value, found.pending.measure.unit)}（{found.pending.count:,} 条记录）"
        _print_records(console, title, found.pending.records, found.pending.count)
    if found.not_in_numerator_count:
        title = f"在分母、不在分子：{found.not_in_numerator_count:,} 条记录"
        _print_records(console, title, found.not_in_numerator, found.not_in_numerator_count)
    if found.left_out_summary.height:
        table = Sheet(title=f"未计入的记录：{found.left_out_summary['records'].sum():,} 条")
        for heading in ("原因", "报送表", "条数", "例"):
            table.add_column(heading)
        for reason, feed, count, key, file_name, line in found.left_out_summary.rows():
            table.add_row(reason, feed, f"{count:,}", f"{key}（{file_name} 第 {line} 行）")
        console.print(table)
    if found.quarantined.height:
        table = Sheet(title="隔离区待更正（本辖区，未计入）")
        for heading in QUARANTINE_TITLES.values():
            table.add_column(heading)
        for row in found.quarantined.rows():
            table.add_row(*(str(value) for value in row))
        console.print(table)
    if found.stored is None:
        return
    console.print(coloured("dim", f"数据仓 {found.publication_id} 中存的数：{found.stored}"))


def print_finding(found: FindingExplanation, console: Terminal) -> None:
    """A finding for a terminal."""
    row = found.finding
    subject = f"（{row['rule_code']}，{row['severity']}）　{row['subject_type']} {row['subject_code']}"
    console.print(coloured("bold", row["rule_name"]) + Text(subject))
    console.print(row["explanation"])
    console.print(f"依据：{row['clause']}　发生日期：{row['found_on']}")
    table = Sheet(title="证据")
    for heading in ("报送表", "记录", "报送单位", "文件与行", "收到"):
        table.add_column(heading)
    for record in found.records.iter_rows(named=True):
        sheet = f"〔{record['sheet']}〕" if record["sheet"] else ""
        table.add_row(
            record["feed"], record["record_key"], record["provider_name"], f"{record['file_name']}{sheet} 第 {record['line_no']} 行",
            f"{record['received_at']:%Y-%m-%d}",
        )  # fmt: skip
    console.print(table)


def finding_json(found: FindingExplanation) -> str:
    """A finding for machines."""
    return json.dumps(
        {"finding": found.finding, "records": _plain(found.records)}, ensure_ascii=False, indent=1, default=str
    )


def _print_records(console: Terminal, title: str, records: pl.DataFrame, count: int) -> None:
    if not count:
        console.print(coloured("italic", title))
        return
    table = Sheet(title=title)
    with_amount = records.height and records["amount"].null_count() < records.height
    table.add_column("记录")
    if with_amount:
        table.add_column("金额", justify="right")
    for heading in ("报送单位", "文件与行", "收到"):
        table.add_column(heading)
    for row in records.head(SHOWN_RECORDS).iter_rows(named=True):
        sheet = f"〔{row['sheet']}〕" if row["sheet"] else ""
        amount = [DASH if row["amount"] is None else f"{row['amount']:,}"] if with_amount else []
        table.add_row(
            row["record_key"], *amount, row["provider_name"], f"{row['feed']}/{row['file_name']}{sheet} 第 {row['line_no']} 行",
            f"{row['received_at']:%Y-%m-%d}",
        )  # fmt: skip
    console.print(table)
    if count > SHOWN_RECORDS:
        console.print(coloured("dim", f"……另有 {count - SHOWN_RECORDS:,} 条（--json 或 --xlsx 列出全部）"))


def _plain(records: pl.DataFrame) -> list[dict[str, Any]]:
    if not records.height:
        return []
    return records.with_columns(
        pl.col(pl.Decimal).cast(pl.String), pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S")
    ).to_dicts()


def explanation_json(found: Explanation) -> str:
    """Everything, for machines."""
    metric = found.metric

    def part(value: Part) -> dict[str, Any]:
        return {
            "metric": value.measure.metric, "title": value.measure.title, "value": str(value.value), "unit": value.measure.unit,
            "evidence": value.measure.evidence, "records": _plain(value.records),
        }  # fmt: skip

    content = {
        "metric": metric.name, "code": metric.code, "title": metric.title, "definition": metric.definition, "source": metric.source,
        "unit": metric.unit, "cell": found.cell.__dict__, "place": found.place, "as_of": str(found.reach.as_of),
        "data_date": found.reach.data_date and str(found.reach.data_date), "late_insurers": [str(late) for late in found.reach.late], "publication_id": found.publication_id,
        "value": None if found.value is None else str(found.value), "stored": None if found.stored is None else str(found.stored),
        "shown": shown(found.value, metric.unit), "formula": formula(found),
        "numerator": [part(value) for value in found.numerator], "denominator": [part(value) for value in found.denominator],
        "pending": part(found.pending) if found.pending else None, "not_in_numerator": _plain(found.not_in_numerator), "left_out": _plain(found.left_out), "quarantined": _plain(found.quarantined),
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def write_explanation(found: Explanation, path: Path) -> None:
    """Everything, as a workbook: one sheet for the number, one per part, one for what is left out."""
    from pipelines.documents.spreadsheet import workbook, write_table  # noqa: PLC0415 - only a workbook needs it

    metric = found.metric
    facts = {
        "指标": f"{metric.title}（{metric.name}，{metric.code}）", "范围": f"{found.place}　{found.cell.stat_year} 年", "取数时点": str(found.reach.as_of), "数据截至": str(found.reach.data_date or "尚无"), "缺报": found.reach.late_in_words,
        "数值": shown(found.value, metric.unit), "算式": formula(found), "定义": metric.definition, "来源条款": metric.source or DASH,
        "发布编号": found.publication_id,
    }  # fmt: skip
    note = f"{metric.title}　{found.place}　{found.cell.stat_year} 年　{found.reach.dates}"
    with workbook(str(path)) as book:
        write_table(book, "说明", pl.DataFrame({"项目": list(facts), "内容": list(facts.values())}), note)
        parts = [("分子", part) for part in found.numerator] + [("分母", part) for part in found.denominator]
        for number, (role, part) in enumerate(parts, 1):
            text = f"{role}：{part.measure.title} = {shown(part.value, part.measure.unit)}"
            write_table(book, f"{number}{role}", titled(part.records, RECORD_TITLES), text)
        for sheet, frame, titles in (
            ("待核", found.pending.records if found.pending else pl.DataFrame(), RECORD_TITLES),
            ("不在分子", found.not_in_numerator, RECORD_TITLES),
            ("未计入", found.left_out, RECORD_TITLES),
            ("隔离区", found.quarantined, QUARANTINE_TITLES),
        ):
            if frame.height:
                write_table(book, sheet, titled(frame, titles), note)


def titled(frame: pl.DataFrame, titles: dict[str, str]) -> pl.DataFrame:
    """The columns that have a title, under it."""
    names = [name for name in titles if name in frame.columns]
    return frame.select(names).with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M")).rename(
        {name: titles[name] for name in names}
    )  # fmt: skip


def print_difference(found: Difference, console: Terminal) -> None:
    """The difference for a terminal: city totals first, then how many cells changed and why."""
    console.print(
        coloured("bold", f"{found.stat_year} 年　取数时点 {found.before} → {found.after}")
        + Text(f"　{found.cells.height:,} 格有变化，{found.causes.height:,} 条原因")
    )
    totals = found.cells.filter(
        (pl.col("district_code") == "ALL") & (pl.col("industry_code") == "ALL") & (pl.col("insurer_code") == "ALL")
    )
    table = Sheet(title="全市合计的变化")
    for heading in ("辖区", "指标", "之前", "之后", "变化"):
        table.add_column(heading)
    for row in totals.iter_rows(named=True):
        change = None if row["change"] is None else row["change"]
        table.add_row(
            row["jurisdiction"], row["title"], shown(row["before"], row["unit"]), shown(row["after"], row["unit"]), shown(change, row["unit"])
        )  # fmt: skip
    console.print(table)
    table = Sheet(title="原因")
    for heading in ("原因", "报送表", "处数"):
        table.add_column(heading)
    summary = found.causes.group_by("cause", "feed").len().sort("len", "cause", descending=[True, False])
    for cause, feed, count in summary.rows():
        table.add_row(cause, feed or DASH, f"{count:,}")
    console.print(table)
    if found.reference.height:
        table = Sheet(title="参考数据的变化")
        for heading in REFERENCE_TITLES.values():
            table.add_column(heading)
        for changed in found.reference.rows():
            table.add_row(*("" if value is None else str(value) for value in changed))
        console.print(table)


def difference_json(found: Difference) -> str:
    """Everything, for machines."""
    content = {
        "stat_year": found.stat_year, "before": found.before, "after": found.after,
        "cells": _plain(found.cells), "causes": _plain(found.causes), "quarantined": _plain(found.quarantined),
        "reference": _plain(found.reference),
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def write_difference(found: Difference, path: Path) -> None:
    """Everything, as a workbook: changed cells, the records that changed them, rows newly quarantined."""
    from pipelines.documents.spreadsheet import workbook, write_table  # noqa: PLC0415 - only a workbook needs it

    note = f"{found.stat_year} 年　取数时点 {found.before} → {found.after}"
    with workbook(str(path)) as book:
        write_table(book, "变化", titled(found.cells, CHANGE_TITLES), note)
        write_table(book, "原因", titled(found.causes, CAUSE_TITLES), note)
        if found.reference.height:
            write_table(book, "参考数据", titled(found.reference, REFERENCE_TITLES), note)
        if found.quarantined.height:
            write_table(book, "新隔离", titled(found.quarantined, RECORD_TITLES | QUARANTINE_TITLES), note)
