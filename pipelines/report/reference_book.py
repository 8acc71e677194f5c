"""The workbook of reference data (参考数据.xlsx): a sheet per table, to be filled in, checked and filed.

What belongs here: laying out the sheets, the rows in force (those of the program in grey), the first rows of a new city. What does
not: what is wrong with a workbook and filing it (pipelines/ingest/reference_filing.py), the tables (pipelines/feeds/reference).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.documents.spreadsheet import FONT, workbook, write_table
from pipelines.feeds.column_docs import sentence
from pipelines.feeds.contracts import Column, Contract, about_records, reference_contracts
from pipelines.feeds.reference import Reference
from pipelines.report.template import EXAMPLE, Lists, entry_sheet, example

NAME = "参考数据.xlsx"
Rows = Mapping[str, Sequence[Mapping[str, str]]]
"""Table → rows, each column → text."""

STEPS = (
    "1. 每张表一个工作表。灰色的行随程序提供（全国通用），留着不影响；要改，就改它的值，本地的行从收到之日起代替它。",
    "2. 第一行数据「示例」只作说明，会被忽略；带 * 的列必填；区市、行业等既可填代码也可填名称。",
    "3. 填好后：anze reference check 文件，逐条列出问题；没有问题时：anze reference apply 文件。",
    "4. 以后要改：anze reference export 导出在用的全部行，改好再 check、apply；没有改动的行不产生新版本。",
    "5. 不再使用的行不要删除：在「记录状态」填「撤销」。有「失效日期」的，填最后一天。",
)


def write_book(path: Path, reference: Reference, more: Rows | None = None) -> None:
    """Writes the workbook: the rows in force, and below them `more`, rows that are only proposed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with workbook(path) as book:
        tables = [
            (contract.title, len(reference.rows(name)), contract.source)
            for name, contract in reference_contracts().items()
        ]
        overview = pl.DataFrame(tables, schema=["工作表", "在用的行", "依据"], orient="row")
        guide = write_table(book, "说明", overview, "怎样填写见右侧各条")
        for place, step in enumerate(STEPS):
            guide.write_string(place + 1, 4, step, book.add_format({"font_name": FONT}))
        lists = Lists(book)
        for name, contract in reference_contracts().items():
            _write_table_sheet(book, lists, contract, reference, (more or {}).get(name, ()))


def _write_table_sheet(
    book: Any, lists: Lists, contract: Contract, reference: Reference, more: Sequence[Mapping[str, str]]
) -> None:
    sheet = entry_sheet(book, lists, contract, reference)
    formats: dict[str, dict[str, Any]] = {
        "example": {"italic": True, "font_color": "#808080"},
        "shipped": {"font_color": "#808080"},
        "home": {},
        "proposed": {"bg_color": "#FFF2CC"},
    }
    shown = {kind: book.add_format({"font_name": FONT, "num_format": "@", **form}) for kind, form in formats.items()}
    for place, (name, column) in enumerate(contract.columns.items()):
        sheet.write_comment(0, place, _note(name, column), {"x_scale": 2})
        value = example(name, column, reference, None)
        sheet.write_string(1, place, f"{EXAMPLE}（{value}）" if name == contract.key[0] else value, shown["example"])
    rows = reference.rows(contract.feed)
    texts = as_text(contract, rows)
    for number, (row, is_home) in enumerate(zip(texts.to_dicts(), rows["is_home"], strict=True), start=2):
        _write_row(sheet, number, row, shown["home" if is_home else "shipped"])
    for number, proposed in enumerate(more, start=2 + rows.height):
        row = {name: proposed.get(name) for name in contract.columns}
        _write_row(sheet, number, row, shown["proposed"])


def _note(name: str, column: Column) -> str:
    return sentence(column) + ("；必填" if column.required else "")


def _write_row(sheet: Any, number: int, row: Mapping[str, str | None], form: Any) -> None:
    for place, value in enumerate(row.values()):
        if value is None:
            sheet.write_blank(number, place, None, form)
        else:
            sheet.write_string(number, place, value, form)


def as_text(contract: Contract, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table as they are written into a workbook, the contract's columns in order."""
    return rows.select(
        pl.lit(None, pl.String).alias(name) if name in about_records() else _as_text(name, column)
        for name, column in contract.columns.items()
    )


def _as_text(name: str, column: Column) -> pl.Expr:
    value = pl.col(name)
    if column.type == "bool":
        return pl.when(value).then(pl.lit("是")).when(~value).then(pl.lit("否")).alias(name)
    text = value.cast(pl.String)
    if column.type in ("decimal", "ratio", "money"):
        return text.str.replace(r"\.?0+$", "")
    return text.replace(column.words) if isinstance(column.codes, list) else text


def first_rows(code: str, city: str, like: tuple[str, str, Reference] | None = None) -> Rows:
    """The rows a new city begins with, to be completed: itself, its bureau, and those of another city that are a matter of form.

    Args:
        code, city: code and name of the new city.
        like: code and name of a city, and the reference data it is in.
    """
    rows: dict[str, list[dict[str, str]]] = {
        "ref_jurisdiction": [{"jurisdiction": code, "name": city, "sort_no": "1"}],
        "ref_provider": [
            {"provider": f"{code}_city", "kind": "市应急管理局", "name": f"{city}应急管理局", "jurisdiction": code}
        ],
    }
    if like is None:
        return rows
    other_code, other_city, reference = like
    for name in OF_FORM:
        contract = reference_contracts()[name]
        own = as_text(contract, reference.rows(name).filter(pl.col("jurisdiction") == other_code))
        rows[name] = [
            {
                column: code if column == "jurisdiction" else _renamed(column, value, other_city, city)
                for column, value in row.items()
                if value
            }
            for row in own.to_dicts()
        ]
    return rows


OF_FORM = ("ref_industry_duty", "ref_deadline", "ref_return", "ref_return_part", "ref_return_item", "ref_rule")
"""Tables in which a city may begin with what another one has; the documents they cite are to be replaced by its own."""


def _renamed(column: str, value: str, other: str, city: str) -> str:
    return value if column in ("source_doc", "clause") else value.replace(other, city)
