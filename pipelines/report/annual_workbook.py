"""The return as a workbook: a sheet per table and per item, printable, with its basis under every table; what is not filed (draft mark,
hashes, open checks, edits) on a sheet of its own.

What belongs here: sheets, number formats, print set-up. What does not: what is said (annual.py).
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from pipelines.documents.figures import DASH, half_up
from pipelines.documents.official import xml_text
from pipelines.documents.spreadsheet import FONT, escape, workbook
from pipelines.report.contents import Column, Kind, Return, Table

FORMATS = {"count": "#,##0", "yuan": "#,##0.00", "ratio": "0.00%", "date": "yyyy-mm-dd", "number": "#,##0.00"}
WIDTHS = {"text": 14, "count": 11, "yuan": 13, "ratio": 11, "date": 12, "number": 13}
WIDEST = 60
CELL = 32_000
"""Characters that a cell takes; longer texts go on in the row below."""
NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def write_workbook(report: Return, path: Path) -> None:
    """Writes the workbook; the same return gives the same bytes."""
    with workbook(str(path)) as book:
        book.set_properties(
            {"title": report.title, "author": report.issuer, "created": datetime(report.as_of.year, report.as_of.month, report.as_of.day)}
        )  # fmt: skip
        _figures(book, report)
        # The compilation sheet first, then what people look up, then the sheets of single items.
        order = sorted(report.tables, key=lambda table: (table.code != "compilation", table.code.startswith("item_")))
        for table in order:
            _sheet(book, report, table)
        _sheet(book, report, _narratives(report))
        if report.revised_from:
            _sheet(book, report, _revisions(report))
        _sheet(book, report, _about(report))


def _figures(book: xlsxwriter.Workbook, report: Return) -> None:
    """The items in the order of the document; each value with its parts and its basis."""
    titles: list[tuple[str, Kind]] = [
        ("序号", "text"), ("事项", "text"), ("数值", "number"), ("单位", "text"), ("分子", "number"), ("分母", "number"), ("口径", "text"),
        ("来源条款", "text"),
    ]  # fmt: skip
    columns = [Column(title=title, kind=kind) for title, kind in titles]
    rows = []
    for figure in report.figures:
        money = figure.unit == "元"
        value: Any = figure.value
        if value is not None:
            value = half_up(value / 10_000, 2) if money else value
        rows.append(
            [figure.item_no, figure.name + (f"（{figure.insurer_name}）" if figure.insurer_name else ""), value, "万元" if money else ("%" if figure.unit == "比例" else figure.unit),
             figure.numerator if figure.denominator is not None else None, figure.denominator, figure.basis, figure.clause]
        )  # fmt: skip
    table = Table(code="items", title="统计事项", columns=columns, rows=rows, notes=["分子、分母中的金额以元为单位。"])
    _sheet(
        book,
        report,
        table,
        formats={row: "ratio" for row, figure in enumerate(report.figures) if figure.unit == "比例"},
    )


def _sheet(book: xlsxwriter.Workbook, report: Return, table: Table, formats: dict[int, str] | None = None) -> None:
    sheet = book.add_worksheet(_sheet_name(book, table.title))
    base = {"font_name": FONT, "font_size": 10, "border": 1, "valign": "vcenter"}
    title = book.add_format({"font_name": "黑体", "font_size": 14, "align": "center"})
    small = book.add_format({"font_name": FONT, "font_size": 9})
    head = book.add_format({**base, "bold": True, "bg_color": "#DDEBF7", "align": "center", "text_wrap": True})
    texts = book.add_format({**base, "text_wrap": True})
    dash = book.add_format({**base, "align": "right"})
    numbers = {kind: book.add_format({**base, "num_format": form}) for kind, form in FORMATS.items()}
    last = max(len(table.columns) - 1, 1)
    sheet.merge_range(0, 0, 0, last, table.title, title)
    sheet.write_string(
        1, 0, f"填报单位：{report.issuer}　{report.stat_year}年　取数时点 {report.as_of:%Y-%m-%d}", small
    )
    for place, column in enumerate(table.columns):
        sheet.write_string(2, place, column.title + ("（万元）" if column.kind == "yuan" else ""), head)
        texts_in = [str(row[place]) for row in table.rows[:500] if row[place] is not None]
        # A Chinese character is as wide as two letters.
        widest = max((sum(2 if ord(letter) > 255 else 1 for letter in text) for text in texts_in), default=0)
        sheet.set_column(
            place, place, min(WIDEST, max(WIDTHS[column.kind], widest + 2 if column.kind == "text" else 0))
        )
    for number, row in enumerate(table.rows):
        for place, value in enumerate(row):
            kind = formats[number] if formats and place == 2 and number in formats else table.kind_at(number, place)
            _write(sheet, number + 3, place, value, kind, texts, dash, numbers)
    foot = len(table.rows) + 4
    for place, note in enumerate([*table.notes, *report.notes] if table.code != "about" else table.notes):
        sheet.write_string(foot + place, 0, f"注{place + 1}：{note}", small)
    sheet.freeze_panes(3, 2 if len(table.columns) > 3 else 1)
    sheet.repeat_rows(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    sheet.set_footer(
        "&L" + report.title + "&C第 &P 页 共 &N 页&R取数时点 " + f"{report.as_of} 数据截至 {report.data_date or '尚无'}"
    )


def _sheet_name(book: xlsxwriter.Workbook, title: str) -> str:
    """A name that Excel takes and that no sheet has yet."""
    name = NO_SHEET_NAME.sub("－", title)[:31]
    taken = {sheet.get_name() for sheet in book.worksheets()}
    return next(one for one in (name, *(f"{name[:28]}_{number}" for number in range(2, 99))) if one not in taken)


def _write(
    sheet: Any, row: int, place: int, value: Any, kind: str, texts: Any, dash: Any, numbers: dict[str, Any]
) -> None:  # fmt: skip
    if value is None:
        sheet.write_string(row, place, DASH, dash)
    elif kind == "text":
        sheet.write_string(row, place, escape(xml_text(str(value))), texts)
    elif kind == "yuan":
        # 万元 from the unrounded sum of yuan.
        sheet.write_number(row, place, float(half_up(Decimal(str(value)) / 10_000, 2)), numbers[kind])
    elif kind == "ratio":
        sheet.write_number(row, place, float(half_up(Decimal(str(value)), 4)), numbers[kind])
    elif kind == "date":
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), numbers[kind])
    else:
        sheet.write_number(row, place, float(value), numbers[kind])


def _narratives(report: Return) -> Table:
    columns: list[tuple[str, Kind]] = [
        ("部分", "text"), ("标题", "text"), ("单位", "text"), ("日期", "date"), ("内容", "text"), ("来源文件", "text"), ("行", "count"),
    ]  # fmt: skip
    rows: list[list[Any]] = []
    for part in report.narratives:
        rows += [
            [
                part.title,
                text.title,
                text.issuer or text.provider,
                text.doc_date,
                text.text[start : start + CELL],
                text.file_name,
                text.line_no,
            ]
            for text in part.texts
            for start in range(0, max(len(text.text), 1), CELL)
        ] or [[part.title, "缺：未收到文件", None, None, None, None, None]]
    named = [Column(title=title, kind=kind) for title, kind in columns]
    return Table(code="narratives", title="文字材料", columns=named, rows=rows)


def _revisions(report: Return) -> Table:
    columns = [Column(title=title, kind="text") for title in ("事项", "上次报送", "本次", "变化", "原因")]
    rows: list[list[Any]] = [
        [
            revision.name,
            revision.before,
            revision.after,
            revision.change,
            "；".join(revision.records or revision.causes),
        ]
        for revision in report.revisions
    ]
    return Table(
        code="revisions", title="修订说明", columns=columns, rows=rows, notes=[f"与{report.revised_from}比较。"]
    )


def _about(report: Return) -> Table:
    facts: list[list[Any]] = [
        ["报送编号", report.number or "草稿（未封存）"], ["统计期间", f"{report.period_start} 至 {report.period_end}"], ["取数时点", str(report.as_of)], ["数据截至", str(report.data_date or "尚无")], ["未报齐的保险机构", "、".join(report.late_insurers) or "无"],
        ["待核单位", str(report.pending_units)],
        ["依据", report.clause], ["数据指纹", report.inputs_hash], ["程序版本", report.code_version],
        *[[check.kind, check.text] for check in report.checks], *([["有未决事项而仍然封存", report.incomplete]] if report.incomplete else []),
        *[["人工改动", f"{edit.title}：数据仓 {edit.warehouse}，文件中 {edit.document}"] for edit in report.edits],
        *([["改动的理由", report.edit_reason]] if report.edit_reason else []),
    ]  # fmt: skip
    return Table(
        code="about", title="元数据", columns=[Column(title="项目", kind="text"), Column(title="内容", kind="text")], rows=facts, notes=report.notes
    )  # fmt: skip
