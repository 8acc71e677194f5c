"""Workbooks: every worksheet as people see it, with the line numbers they see.

What belongs here: .xlsx and .xls to sheets of text. What does not: the zip a workbook comes in (archives.py), what the XML of
a sheet says beside its values (worksheet_xml.py).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import fastexcel
import numpy as np
import polars as pl
import xlrd

from pipelines.feeds.contracts import Contract
from pipelines.ingest.readers.headers import HEADER_SEARCH_ROWS, best_guess, find_header, no_header
from pipelines.ingest.readers.sheet import (
    DEFAULT_LIMITS,
    MERGED_CELL,
    HeaderCell,
    Limits,
    Merged,
    Refused,
    Sheet,
    with_line_numbers,
)
from pipelines.ingest.readers.worksheet_xml import CellFacts, book_facts, number_as_seen

# Worksheets that explain a table and are none; 代码 holds the drop-downs of our templates.
EXPLANATIONS = {"填写说明", "填表说明", "说明", "代码"}
# The sheet in which a workbook of any feed may declare what it is complete to (readers/tables.py, declarations_in).
DECLARATION = "报送声明"
# Day 0 of the 1904 system is this many days behind that of the other.
DAYS_1904 = 1462
AMOUNTS = {"money", "int", "decimal", "ratio"}


@dataclass(frozen=True)
class _Worksheet:
    """Cells as text (columns column_0 on), from the row `first_row` (counted from 1) on."""

    name: str
    cells: pl.DataFrame
    first_row: int
    merged: list[Merged] = field(default_factory=list)


def read_xlsx(
    content: bytes, archive: zipfile.ZipFile, contract: Contract, limits: Limits = DEFAULT_LIMITS, only: str = ""
) -> list[Sheet]:
    """Every worksheet, hidden ones too; those without the feed's header without rows.

    Args:
        only: the name of the sheet that is read; empty: all are.
    Raises:
        Refused: not a workbook (encrypted, truncated), or no sheet has the header.
    """
    found = []
    try:
        # fastexcel reads the values outside of Python, which meanwhile looks at what the XML says beside them.
        with ThreadPoolExecutor(1) as beside:
            looking = beside.submit(book_facts, archive)
            workbook = fastexcel.read_excel(content)
            tables = {
                place: pl.DataFrame(workbook.load_sheet(name, header_row=None, dtypes="string", eager=True))
                for place, name in enumerate(workbook.sheet_names)
                if name.strip() not in EXPLANATIONS and only in ("", name.strip())
            }
            facts = looking.result()
        for place, cells in tables.items():
            limits.width(cells.width)
            about = facts.sheets.get(place, CellFacts())
            name = workbook.sheet_names[place]
            found.append(_Worksheet(name, _as_seen(cells, about), about.first_row or 1, about.merged))
    except (fastexcel.FastExcelError, ValueError, pl.exceptions.PolarsError) as error:
        raise Refused("not_a_workbook") from error
    return _sheets(found, contract, facts.from_1904)


def _as_seen(cells: pl.DataFrame, about: CellFacts) -> pl.DataFrame:
    """Cells with what their XML says in the place of a value that does not tell."""
    by_column: dict[int, tuple[list[int], list[str]]] = {}
    for (row, column), text in about.cells.items():
        place = row - about.first_row, column - about.first_column
        if 0 <= place[0] < cells.height and 0 <= place[1] < cells.width:
            rows, texts = by_column.setdefault(place[1], ([], []))
            rows.append(place[0])
            texts.append(text)
    return cells.with_columns(
        cells.to_series(column).cast(pl.String).scatter(rows, texts) for column, (rows, texts) in by_column.items()
    )


def read_xls(content: bytes, contract: Contract, limits: Limits = DEFAULT_LIMITS, only: str = "") -> list[Sheet]:
    """As read_xlsx, for the workbooks of Excel 5 to 2003, whose sheets have at most 65 536 rows.

    Raises:
        Refused: not a workbook (encrypted, truncated), or no sheet has the header.
    """
    found = []
    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, on_demand=True, logfile=io.StringIO())
        percent = {place for place, style in enumerate(book.xf_list) if _shows_percent(book, style.format_key)}
        for name in book.sheet_names():
            sheet = book.sheet_by_name(name)
            if name.strip() not in EXPLANATIONS and only in ("", name.strip()) and sheet.ncols:
                limits.width(sheet.ncols)
                found.append(_old_worksheet(book, sheet, percent))
            book.unload_sheet(name)
    except Refused:
        raise
    except Exception as error:  # over damaged bytes it raises whatever its reading stumbles over
        raise Refused("not_a_workbook") from error
    return _sheets(found, contract, from_1904=book.datemode == 1)


def _shows_percent(book: xlrd.Book, format_key: int) -> bool:
    form = book.format_map.get(format_key)
    return form is not None and "%" in form.format_str


def _old_worksheet(book: xlrd.Book, sheet: xlrd.sheet.Sheet, percent: set[int]) -> _Worksheet:
    rows = [
        [
            _old_cell(book, kind, value, bool(percent) and sheet.cell_xf_index(row, column) in percent)
            for column, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True))
        ]
        for row in range(sheet.nrows)
    ]
    merged = [
        Merged(top + 1, bottom, column)
        for top, bottom, left, right in sheet.merged_cells
        if bottom - top > 1
        for column in range(left, right)
    ]
    names = [f"column_{place}" for place in range(sheet.ncols)]
    cells = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return _Worksheet(sheet.name, cells, 1, merged)


def _old_cell(book: xlrd.Book, kind: int, value: object, is_percent: bool) -> str | None:
    """The text of a cell; numbers as fastexcel writes those of an .xlsx."""
    if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if kind == xlrd.XL_CELL_TEXT:
        return str(value)
    if kind == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(value, "#VALUE!"))
    assert isinstance(value, int | float)
    if kind == xlrd.XL_CELL_BOOLEAN:
        return "true" if value else "false"
    if kind == xlrd.XL_CELL_DATE:
        return _old_date(book, value)
    return number_as_seen(value, is_percent) or _plain(value)


def _old_date(book: xlrd.Book, value: float) -> str:
    try:
        return str(xlrd.xldate_as_datetime(value, book.datemode))
    except (ValueError, OverflowError):
        return _plain(value)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else np.format_float_positional(number, trim="-")


def _sheets(worksheets: list[_Worksheet], contract: Contract, from_1904: bool) -> list[Sheet]:
    sheets = [
        sheet for sheet in (_sheet(worksheet, contract, from_1904) for worksheet in worksheets) if sheet is not None
    ]
    beside = [sheet for sheet in sheets if sheet.name.strip() != DECLARATION]
    if not any(sheet.is_known for sheet in sheets) and (beside or not sheets):
        raise no_header((sheet.header for sheet in beside), contract)
    return sheets


def _sheet(worksheet: _Worksheet, contract: Contract, from_1904: bool) -> Sheet | None:
    """A worksheet under its header; one without, its first row as the header of nothing; an empty one is none."""
    top = [list(row) for row in worksheet.cells.head(HEADER_SEARCH_ROWS).rows()]
    match = find_header(top, contract)
    if match is None:
        guess = best_guess(top, contract)
        nothing = pl.DataFrame(schema=dict.fromkeys((f"c{place}" for place in range(len(guess))), pl.String))
        return Sheet(worksheet.name, guess, with_line_numbers(nothing), is_known=False) if guess else None
    header_row, header = match
    body = worksheet.cells.slice(header_row + 1)
    rows = body.rename({column: f"c{place}" for place, column in enumerate(body.columns)}).cast(pl.String)
    rows = _merged_apart(rows, worksheet.merged, header_row + 1 + worksheet.first_row, header, contract)
    rows = rows.with_columns(_dates(header, contract, from_1904))
    return Sheet(worksheet.name, header, with_line_numbers(rows, header_row + worksheet.first_row))


def _merged_apart(
    rows: pl.DataFrame, merged: list[Merged], first_row: int, header: list[HeaderCell], contract: Contract
) -> pl.DataFrame:
    """Rows in which a cell merged downwards says the same in each of its rows; an amount may be of each or of all, so that it
    stands in the first one, and in the others that it is not known."""
    by_column: dict[int, list[Merged]] = {}
    for cell in merged:
        # Merged ranges may reach far below the last value.
        bottom = min(cell.bottom, first_row + rows.height - 1)
        if cell.column < rows.width and first_row <= cell.top < bottom:
            by_column.setdefault(cell.column, []).append(cell._replace(bottom=bottom))
    for column, cells in by_column.items():
        known = header[column].column if column < len(header) else None
        if known is None:
            continue
        tops = np.repeat([cell.top - first_row for cell in cells], [cell.bottom - cell.top for cell in cells])
        below = np.concatenate([np.arange(cell.top, cell.bottom) for cell in cells]) - first_row + 1
        inside = below < rows.height
        texts = rows.to_series(column).gather(tops[inside])
        if contract.columns[known].type in AMOUNTS:
            texts = pl.select(pl.when(texts.is_not_null()).then(pl.lit(MERGED_CELL))).to_series()
        rows = rows.with_columns(rows.to_series(column).scatter(below[inside], texts))
    return rows


def _dates(header: list[HeaderCell], contract: Contract, from_1904: bool) -> Iterator[pl.Expr]:
    """Days without the midnight that a workbook stores with them, and those that are bare numbers counted from 1900."""
    for place, cell in enumerate(header):
        kind = contract.columns[cell.column].type if cell.column else ""
        text = pl.col(f"c{place}")
        if kind in ("date", "datetime"):
            if from_1904:
                days = pl.when(text.str.contains(r"^\d{4,5}(\.\d+)?$")).then(text).cast(pl.Float64, strict=False)
                text = pl.coalesce((days + DAYS_1904).cast(pl.String), text)
            yield text.str.strip_suffix(" 00:00:00") if kind == "date" else text
