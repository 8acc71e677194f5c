"""Writing tables into workbooks that are safe to open.

What belongs here: the form of every workbook anze gives out (fonts, frozen header, widths, escaping).
What does not: what is in it.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import xlsxwriter

FONT = "宋体"
WIDEST = 110
FORMULA_START = r"^([=+\-@\t\r])"


def escaped(text: pl.Expr) -> pl.Expr:
    """Text that no spreadsheet takes for a formula, not even after a detour through CSV."""
    return text.str.replace(FORMULA_START, "'$1")


def escape(text: str) -> str:
    """The same for one text."""
    return re.sub(FORMULA_START, r"'\1", text)


def write_csv(frame: pl.DataFrame, target: Any) -> None:
    """CSV for people: a byte order mark for Excel, no cell that starts a formula."""
    frame.with_columns(escaped(pl.col(pl.String))).write_csv(target, include_bom=True)


def workbook(path: Any) -> xlsxwriter.Workbook:
    """A workbook in which nothing is turned into formulas, links or numbers behind one's back."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    return xlsxwriter.Workbook(path, options)


def _widths(values: pl.Series) -> int:
    """The widest value in columns of a terminal: a Chinese character takes two (and three bytes)."""
    text = pl.DataFrame({"v": values.cast(pl.String)})
    return int(text.select((pl.col("v").str.len_bytes() + pl.col("v").str.len_chars()).max() // 2).item() or 0)


SHEET_ROWS = 1_000_000
"""Rows on one sheet; Excel holds 1 048 576 with the head."""


def write_table(book: xlsxwriter.Workbook, name: str, frame: pl.DataFrame, note: str = "") -> Any:
    """A sheet with a note in the first line, a frozen header and one row per row of `frame`; what one sheet does not hold goes on on
    further ones (`name_2`), and every one of them says so. Returns the first."""
    parts = list(frame.iter_slices(SHEET_ROWS)) if frame.height > SHEET_ROWS else [frame]
    sheets = []
    for place, part in enumerate(parts, 1):
        of_all = f"（共 {frame.height:,} 行，分 {len(parts)} 张工作表，本表为第 {place} 张）" if len(parts) > 1 else ""
        title = name[:31] if place == 1 else f"{name[:27]}_{place}"
        sheets.append(_write_sheet(book, title, part, note + of_all))
    return sheets[0]


def _write_sheet(book: xlsxwriter.Workbook, name: str, frame: pl.DataFrame, note: str) -> Any:
    sheet = book.add_worksheet(name)
    plain = book.add_format({"font_name": FONT, "text_wrap": True, "valign": "top"})
    head = book.add_format({"font_name": FONT, "bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
    sheet.write_string(0, 0, note, book.add_format({"font_name": FONT, "italic": True}))
    safe = frame.with_columns(pl.col(pl.Date).cast(pl.String)).with_columns(escaped(pl.col(pl.String)))
    for place, column in enumerate(frame.columns):
        sheet.write_string(1, place, column, head)
        sheet.write_column(2, place, safe[column], plain)
        sheet.set_column(place, place, min(WIDEST, max(_widths(pl.Series([column])), _widths(safe[column])) + 3))
    sheet.freeze_panes(2, 0)
    if frame.height:
        sheet.autofilter(1, 0, frame.height + 1, frame.width - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)
    return sheet
