"""The workbook a sender fills in (报送模板), made from a feed's contract.

What belongs here: laying out headers, drop-downs, the example row, the page of explanations. What does
not: the contract.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from xlsxwriter.utility import xl_col_to_name

from pipelines.documents.spreadsheet import FONT, workbook, write_table
from pipelines.feeds.column_docs import sentence
from pipelines.feeds.contracts import Column, Contract, contracts
from pipelines.feeds.reference import allowed_values

ROWS_WITH_LISTS = 5000
# The first cell of the example row begins with this word; ingest leaves such a row out (ingest/checks/columns.py, NOT_DATA).
EXAMPLE = "示例"
EXAMPLES = {
    "uscc": "92371000MA3JJYML8T", "date": "2023-05-08", "datetime": "2023-05-08 14:30:00", "int": "12", "money": "12000.00", "decimal": "1.5",
    "ratio": "20%", "bool": "是", "text": "文字",
}  # fmt: skip
KINDS = {
    "text": "文字", "uscc": "18 位统一社会信用代码", "code": "从清单中选", "date": "日期", "datetime": "日期和时间", "int": "整数", "money": "金额（元）",
    "decimal": "数字", "ratio": "百分比或小数", "bool": "是或否",
}  # fmt: skip


def write_template(feed: str, path: Path) -> None:
    """Writes the template: the table with drop-downs and an example row, explanations, code lists (hidden)."""
    contract = contracts()[feed]
    path.parent.mkdir(parents=True, exist_ok=True)
    with workbook(path) as book:
        sheet = book.add_worksheet(contract.title)
        lists = book.add_worksheet("代码")
        lists.hide()
        text = book.add_format({"font_name": FONT, "num_format": "@"})
        head = book.add_format({"font_name": FONT, "bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
        must = book.add_format({"font_name": FONT, "bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True})
        grey = book.add_format({"font_name": FONT, "italic": True, "font_color": "#808080", "num_format": "@"})
        for place, (name, column) in enumerate(contract.columns.items()):
            sheet.write_string(
                0, place, column.title + ("*" if column.required else ""), must if column.required else head
            )
            sheet.set_column(place, place, max(12, 2 * len(column.title) + 4), text)
            sheet.write_string(1, place, _example(contract, name, column, first=place == 0), grey)
            values = ["是", "否"] if column.type == "bool" else allowed_values(column) if column.codes else []
            if values:
                lists.write_column(0, place, values)
                sheet.data_validation(
                    1, place, ROWS_WITH_LISTS, place,
                    {
                        "validate": "list", "source": "=代码!" + _range(place, len(values)),
                        "error_title": "不在清单内", "error_message": f"「{column.title}」请从下拉清单中选择。",
                    },
                )  # fmt: skip
        sheet.freeze_panes(1, 1)
        write_table(
            book,
            "填写说明",
            _explanations(contract),
            f"{contract.title}：带 * 的列必填；第二行为示例，留着不影响报送。",
        )


def _range(place: int, count: int) -> str:
    letter = xl_col_to_name(place)
    return f"${letter}$1:${letter}${count}"


def _example(contract: Contract, name: str, column: Column, first: bool) -> str:
    value = column.example or (allowed_values(column)[0] if column.codes else EXAMPLES[column.type])
    return f"{EXAMPLE}（{value}）" if first else value


def _explanations(contract: Contract) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (
                column.title,
                "是" if column.required else "",
                KINDS[column.type],
                sentence(column).partition("：")[2],
                "、".join(column.aliases),
            )
            for column in contract.columns.values()
        ],
        schema=["列", "必填", "类型", "说明", "也接受的表头"],
        orient="row",
    )
