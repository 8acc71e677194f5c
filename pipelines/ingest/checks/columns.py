"""Rows and columns of a sheet as its contract knows them.

What belongs here: which rows carry data, which column each cell belongs to and how it is read, columns the contract does
not know. What does not: how a value is spelled (normalise.py), whether it may be (rules.py).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache

import polars as pl

from pipelines.feeds.contracts import Column, Contract, contracts
from pipelines.feeds.reference import codes_of
from pipelines.ingest import normalise
from pipelines.ingest.readers.sheet import FILE_LINES, HeaderCell, Sheet

# Lines that are not records: sums below a table, the example row of a template left in.
NOT_DATA = r"^\s*(合\s*计|总\s*计|小\s*计|共\s*计|本页小计|示例|样例)"
# How a first cell begins that may be blank or one of those.
MAY_BE_NO_DATA = r"^\s*([合总小共本示样]|$)"


def data_rows(sheet: Sheet) -> pl.DataFrame:
    """Rows that carry data: not blank, not a 合计 line below the table, not a template's example row."""
    # What the first cell begins with tells for nearly all rows that they are records.
    doubtful = (pl.col("c0").is_null() | pl.col("c0").str.contains(MAY_BE_NO_DATA)).fill_null(True)
    places = sheet.rows.select(doubtful.arg_true()).to_series() if "c0" in sheet.rows.columns else pl.Series([])
    if places.is_empty():
        return sheet.rows
    cells = [name for name in sheet.rows.columns if name not in ("line_no", "ragged")]
    filled = (pl.when(pl.col(cell).str.strip_chars() != "").then(pl.col(cell)) for cell in cells)
    first_value = sheet.rows[places].select(pl.coalesce(filled)).to_series()
    no_data = places.filter(first_value.is_null() | first_value.str.contains(NOT_DATA))
    return sheet.rows.filter(~pl.int_range(pl.len()).is_in(no_data.implode())) if len(no_data) else sheet.rows


def constant(name: str, value: str | None, height: int) -> pl.Series:
    return pl.Series(name, [value], dtype=pl.String).new_from_index(0, height)


def text_columns(sheet: Sheet, rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The contract's columns as sent; null columns where the sheet has none."""
    places = {cell.column: f"c{place}" for place, cell in enumerate(sheet.header) if cell.column}
    return pl.DataFrame(
        [
            rows[places[name]].alias(name) if name in places else constant(name, None, rows.height)
            for name in contract.columns
        ]
    )


def extra_columns(sheet: Sheet, rows: pl.DataFrame) -> pl.Series:
    """Headers the contract does not know, with 、 between them. What stands under them does not land: nobody has said what it
    is, and it may be personal; the raw file is the evidence (trust.md 5)."""
    headers = [cell.text for cell in sheet.header if cell.column is None and cell.text]
    return constant("extra", "、".join(headers) or None, rows.height)


def without_invisible(text: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Text columns without control characters (but line end and tab) and invisible format characters; and for each key column
    that had some, as `invisible:<name>`, in which rows: it looked like another key than it was."""
    found = text.select(pl.all().str.contains(normalise.INVISIBLE).any())
    columns = [name for name in text.columns if found.height and found[name][0]]
    if not columns:
        return text, pl.DataFrame()
    bare = text.with_columns(pl.col(columns).str.replace_all(normalise.INVISIBLE, ""))
    keys = [name for name in columns if name in contract.key]
    return bare, text.select(pl.col(name).str.contains(normalise.INVISIBLE).alias(f"invisible:{name}") for name in keys)


@lru_cache
def turning_days(feed: str) -> list[date]:
    """The days from which on a file of this feed is read otherwise than one of the day before."""
    days = set()
    for column in contracts()[feed].columns.values():
        if column.since:
            days.add(column.since)
        if column.codes is not None:
            codes = codes_of(column)
            days |= {*codes["valid_from"].drop_nulls(), *(codes["valid_to"].drop_nulls() + timedelta(days=1))}
    return sorted(days)


def reading_day(feed: str, received: date) -> date:
    """The first of the days on which a file is read as on `received`: what is made ready for one serves all of them."""
    days = turning_days(feed)
    place = bisect_right(days, received)
    return days[place - 1] if place else date.min


@lru_cache
def with_marks(feed: str) -> frozenset[str]:
    """Columns in which 无, N/A and the like are values."""
    return frozenset(name for name, column in contracts()[feed].columns.items() if column.type in ("text", "code"))


@lru_cache(maxsize=4096)
def column_readers(feed: str, header: tuple[HeaderCell, ...], day: date) -> dict[str, normalise.Reader]:
    """How each column of the contract is read, given the sheet's header."""
    contract = contracts()[feed]
    headers = {cell.column: cell for cell in header if cell.column}
    return {
        name: _reader(name, column, headers.get(name, HeaderCell(name, column.title)), day, contract)
        for name, column in contract.columns.items()
    }


def _reader(name: str, column: Column, cell: HeaderCell, day: date, contract: Contract) -> normalise.Reader:
    """How a column is read, given its type and its header."""
    if column.type == "text":
        return normalise.identifier() if contract.is_number(name) else normalise.plain_text()
    if column.type == "code":
        return code_reader(contract.feed, name, day)
    if column.type == "money":
        return normalise.to_money(10_000 if cell.in_wan else 1)
    if column.type == "ratio":
        return normalise.to_ratio(cell.percent)
    return _PLAIN_READERS[column.type]


@lru_cache(maxsize=4096)
def code_reader(feed: str, name: str, day: date) -> normalise.Reader:
    return normalise.to_code(codes_of(contracts()[feed].columns[name]), day)


_PLAIN_READERS = {
    "uscc": normalise.uscc(),
    "date": normalise.to_date(),
    "datetime": normalise.to_datetime(),
    "int": normalise.to_int(),
    "decimal": normalise.to_decimal(),
    "bool": normalise.to_bool(),
}


def with_damaged_codes(frame: pl.DataFrame, contract: Contract, sheet: Sheet) -> tuple[pl.DataFrame, frozenset[str]]:
    """Marks codes that Excel turned into numbers, in the columns where any value looks like a number at all."""
    coded = [name for name, column in contract.columns.items() if column.type == "uscc" or contract.is_number(name)]
    like_numbers = frame.select(
        pl.col(f"raw:{name}").str.contains(normalise.LIKE_A_NUMBER).any().alias(name) for name in coded
    )
    columns = [name for name in coded if like_numbers[name][0]]
    if not columns:
        return frame, frozenset()
    file = pl.col("line_no") // FILE_LINES if sheet.several_files else None
    marked = frame.with_columns(
        normalise.damaged_by_excel(pl.col(f"raw:{name}"), sheet.from_workbook, file).alias(f"damaged:{name}")
        for name in columns
    )
    return marked, frozenset(columns)
