"""The workbook a sender fills in (报送模板) and the one in which it corrects what was rejected (更正工作簿), made from a feed's contract.

What belongs here: laying out headers, drop-downs, the example row, rejected rows with their faults, the page of explanations.
What does not: the contract, which rows were rejected (rejects.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from xlsxwriter.utility import xl_col_to_name

from pipelines.documents.spreadsheet import FONT, workbook, write_table
from pipelines.feeds.column_docs import sentence
from pipelines.feeds.contracts import Column, Contract, all_contracts
from pipelines.feeds.reference import Provider, Reference
from pipelines.ingest.readers.sheet import TOO_LONG

ROWS_WITH_LISTS = 5000
CELL_CHARACTERS = 32_767
# The key of the example row is set within this word; ingest leaves such a row out (ingest/checks/columns.py, NOT_DATA).
EXAMPLE = "示例"
EXAMPLES = {
    "uscc": "92371000MA3JJYML8T", "date": "2023-05-08", "datetime": "2023-05-08 14:30:00", "month": "2026-10", "int": "12", "money": "12000.00", "decimal": "1.5",
    "ratio": "20%", "bool": "是", "text": "文字",
}  # fmt: skip
KINDS = {
    "text": "文字", "uscc": "18 位统一社会信用代码", "code": "从清单中选", "date": "日期", "datetime": "日期和时间", "month": "年-月", "int": "整数", "money": "金额（元）",
    "decimal": "数字", "ratio": "百分比或小数", "bool": "是或否",
}  # fmt: skip
# Columns that are no part of a record: they say something about one, which an example would say too.
ABOUT_RECORDS = {"record_status", "confirmed", "corrects"}


def write_template(feed: str, path: Path, reference: Reference, provider: Provider | None = None) -> None:
    """Writes the template: the table with drop-downs and an example row, explanations, code lists (hidden).

    Args:
        provider: whose: its city's districts only, its own insurer and industry in the example. None: nobody's in particular.
    """
    contract = all_contracts()[feed]
    path.parent.mkdir(parents=True, exist_ok=True)
    with workbook(path) as book:
        sheet = entry_sheet(book, Lists(book), contract, reference, provider)
        grey = book.add_format({"font_name": FONT, "italic": True, "font_color": "#808080", "num_format": "@"})
        for place, (name, column) in enumerate(contract.columns.items()):
            value = example(name, column, reference, provider)
            sheet.write_string(1, place, f"{EXAMPLE}（{value}）" if name == contract.key[0] else value, grey)
        _explain(book, contract, reference, provider, "第二行为示例，留着不影响报送。")


def write_corrections(
    feed: str,
    path: Path,
    rows: pl.DataFrame,
    faults: Mapping[tuple[int, str], str],
    reference: Reference,
    provider: Provider | None,
    note: str = "批注写明了每一处的问题；改好后把本工作簿原样作为新的一批报送，被接收的行自动销号。",
) -> None:
    """Writes rows to be completed and sent: rejected ones as they were sent, each faulty cell with its fault as a comment, which
    are released when they come back corrected; or rows that the program has prepared.

    Args:
        rows: text, the contract's columns; of rejected ones `corrects` is filled. note: what to do with the workbook. faults: (place of the row, column; empty: the row as a whole) → message.
    """
    contract = all_contracts()[feed]
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(contract.columns)
    with workbook(path) as book:
        sheet = entry_sheet(book, Lists(book), contract, reference, provider)
        text = book.add_format({"font_name": FONT, "num_format": "@"})
        bad = book.add_format({"font_name": FONT, "num_format": "@", "bg_color": "#F8CBAD"})
        for place, name in enumerate(names):
            # Excel would cut a longer one off without a word.
            fits = rows[name].str.len_chars().fill_null(0) <= CELL_CHARACTERS
            sheet.write_column(1, place, rows[name].zip_with(fits, pl.Series([TOO_LONG])), text)
        for (row, name), message in faults.items():
            place = names.index(name) if name else 0
            value = rows[name or names[0]][row]
            value = TOO_LONG if value and len(value) > CELL_CHARACTERS else value
            sheet.write(row + 1, place, value, bad) if value else sheet.write_blank(row + 1, place, None, bad)
            sheet.write_comment(row + 1, place, message, {"x_scale": 2.5, "y_scale": 1.5})
        _explain(book, contract, reference, provider, note)


class Lists:
    """A hidden sheet with a column for each list that drop-downs offer."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.sheet: Any = None  # behind the first sheet that needs it: one that is hidden cannot come first
        self.places: dict[tuple[str, ...], int] = {}

    def source(self, values: list[str]) -> str:
        """The range that holds these values."""
        if self.sheet is None:
            self.sheet = self.book.add_worksheet("代码")
            self.sheet.hide()
        place = self.places.get(tuple(values))
        if place is None:
            place = self.places[tuple(values)] = len(self.places)
            self.sheet.write_column(0, place, values)
        return f"=代码!{_range(place, len(values))}"


def entry_sheet(
    book: Any, lists: Lists, contract: Contract, reference: Reference, provider: Provider | None = None
) -> Any:
    """The sheet that is filled in: headers and, from the second row on, drop-downs."""
    sheet = book.add_worksheet(contract.title)
    text = book.add_format({"font_name": FONT, "num_format": "@"})
    head = book.add_format({"font_name": FONT, "bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
    must = book.add_format({"font_name": FONT, "bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True})
    for place, column in enumerate(contract.columns.values()):
        sheet.write_string(0, place, column.title + ("*" if column.required else ""), must if column.required else head)
        sheet.set_column(place, place, max(12, 2 * len(column.title) + 4), text)
        values = _words(column, reference, provider)
        if values and not column.many:
            sheet.data_validation(
                1, place, ROWS_WITH_LISTS, place,
                {
                    "validate": "list", "source": lists.source(values),
                    "error_title": "不在清单内", "error_message": f"「{column.title}」请从下拉清单中选择。",
                },
            )  # fmt: skip
    sheet.freeze_panes(1, 1)
    return sheet


def _words(column: Column, reference: Reference, provider: Provider | None) -> list[str]:
    """What may be written into a column, where that is a list."""
    if column.type == "bool":
        return ["是", "否"]
    return reference.allowed_values(column, provider.jurisdiction if provider else None) if column.codes else []


def _range(place: int, count: int) -> str:
    letter = xl_col_to_name(place)
    return f"${letter}$1:${letter}${count}"


def example(name: str, column: Column, reference: Reference, provider: Provider | None) -> str:
    if name in ABOUT_RECORDS:
        return ""
    if column.example:
        return column.example
    words = _words(column, reference, provider)
    if not words:
        return EXAMPLES.get(column.type, "")
    own = provider.owns(name) if provider and name in ("insurer_code", "district_code", "industry_code") else None
    if own is None:
        return words[0]
    codes = reference.codes_of(column).filter(pl.col("code") == own)["key"].to_list()
    return next((word for word in words if word in codes), own)


def columns_described(contract: Contract, reference: Reference, provider: Provider | None) -> pl.DataFrame:
    """The columns of a feed for whoever fills them in: 列, 必填, 类型, 说明, 可填的值, 也接受的表头."""
    rows = [
        (
            column.title,
            "是" if column.required else "",
            KINDS[column.type],
            sentence(column).partition("：")[2],
            "、".join(_words(column, reference, provider)),
            "、".join(column.aliases),
        )
        for column in contract.columns.values()
    ]
    return pl.DataFrame(rows, schema=["列", "必填", "类型", "说明", "可填的值", "也接受的表头"], orient="row")


def _explain(book: Any, contract: Contract, reference: Reference, provider: Provider | None, note: str) -> None:
    explanations = columns_described(contract, reference, provider)
    write_table(book, "填写说明", explanations, f"{contract.title}：带 * 的列必填；{note}")
