"""Rows and columns of a sheet as its contract knows them.

What belongs here: which rows carry data, which column each cell belongs to and how it is read, columns the contract does
not know. What does not: how a value is spelled (normalise.py), whether it may be (rules.py).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, time, timedelta
from functools import lru_cache

import polars as pl

from pipelines.feeds.contracts import Column, Contract, all_contracts
from pipelines.feeds.reference import Reference
from pipelines.ingest import normalise
from pipelines.ingest.readers.headers import MONEY_UNITS, UNIT_SAID
from pipelines.ingest.readers.sheet import DAMAGED, FILE_LINES, HeaderCell, Refused, Sheet

# What stands for a record's number in lines that are none: sums below a table, the example row of a template left in. All of
# the cell says so: a unit whose name begins like that is a unit.
NOT_DATA = r"^\s*((合|总|小|共)\s*计|本页(小|合)计|(示例|样例)(（.*）|\(.*\))?)\s*[:：]?\s*$"
# A cell of a line that says how the columns below it are measured.
A_UNIT = r"^\s*[（(]?\s*(单位[:：]?)?\s*((千|百万|万|亿)?元|人|名|次|家|天|%|％|日期|文本|数字)\s*[)）]?\s*$"
# How a key begins that may be empty or one of those.
MAY_BE_NO_DATA = r"^\s*([合总小共本示样]|$)"


def data_rows(sheet: Sheet, contract: Contract) -> pl.DataFrame:
    """Rows that carry data: not blank, not a 合计 line below the table, not a template's example row.

    A row is one of those only where its key is empty or says so itself (trust.md 6).
    """
    places = {cell.column: f"c{place}" for place, cell in enumerate(sheet.header) if cell.column}
    # What the first cell of the key begins with tells for nearly all rows that they are records.
    keys = [places[name] for name in contract.key if name in places]
    headers = _headers_of_keys(contract.feed)
    doubtful = pl.any_horizontal(
        (pl.col(key).is_null() | pl.col(key).str.contains(MAY_BE_NO_DATA) | pl.col(key).is_in(headers)) for key in keys
    )
    rows = sheet.rows.select((doubtful.fill_null(True) & pl.col("fault").ne_missing(DAMAGED)).arg_true()).to_series()
    if rows.is_empty():
        return sheet.rows
    cells = [name for name in sheet.rows.columns if name not in ("line_no", "fault")]
    suspects = sheet.rows[rows].with_columns(
        pl.when(pl.col(cell).str.strip_chars() != "").then(pl.col(cell)) for cell in cells
    )
    no_key = pl.all_horizontal(pl.col(key).is_null() for key in keys)
    said_by_key = pl.any_horizontal(pl.col(key).str.contains(NOT_DATA) for key in keys)
    said = no_key & pl.any_horizontal(pl.col(cell).str.contains(NOT_DATA) for cell in cells)
    # The number of a reject by itself, as in a correction workbook, is no record.
    blank = pl.all_horizontal(pl.col(cell).is_null() for cell in cells if cell != places.get("corrects"))
    repeated = pl.all_horizontal(pl.col(key).is_in(headers) for key in keys)
    of_units = no_key & pl.all_horizontal(pl.col(cell).str.contains(A_UNIT).fill_null(True) for cell in cells)
    _same_units(suspects.filter((repeated | (of_units & ~blank)).fill_null(False)), sheet, contract)
    no_data = rows.filter(
        suspects.select((blank | said | said_by_key | repeated | of_units).fill_null(False)).to_series()
    )
    return sheet.rows.filter(~pl.int_range(pl.len()).is_in(no_data.implode())) if len(no_data) else sheet.rows


@lru_cache
def _headers_of_keys(feed: str) -> list[str]:
    """How a header repeated in the middle of a table, at a page break, is written in the columns of the key."""
    contract = all_contracts()[feed]
    columns = [contract.columns[name] for name in contract.key]
    return [text + star for column in columns for text in (column.title, *column.aliases) for star in ("", "*")]


def _same_units(rows: pl.DataFrame, sheet: Sheet, contract: Contract) -> None:
    """Lines that repeat the header or name units may not name other ones than the header does.

    Raises:
        Refused: they do, so that nobody knows how the amounts are meant.
    """
    for place, cell in enumerate(sheet.header):
        if not (rows.height and cell.column and contract.columns[cell.column].type == "money"):
            continue
        said = {unit for text in rows[f"c{place}"].drop_nulls() for unit in UNIT_SAID.findall(text)}
        if any(MONEY_UNITS[unit] != (cell.unit or 1) for unit in said):
            found = "、".join(f"「{unit}」" for unit in sorted(said))
            raise Refused("unclear_unit", found=f"表头以下「{contract.columns[cell.column].title}」列又写了{found}")


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


def as_meant(text: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Text columns without what nobody sees and nobody means: control characters (but line end and tab), invisible format
    characters, second forms of a character, the ="…" around a text. And marks, columns of truth values by rule and column:

    - `invisible_characters:<key>`: the key looked like another one than it was;
    - `cell_error:<name>`: the cell holds an error or a formula in the place of a value;
    - `damaged_text:<name>`: some of its bytes were no text.
    """
    found = text.select(pl.all().str.contains(normalise.ODD).any())
    columns = [name for name in text.columns if found.height and found[name][0]]
    if not columns:
        return text, pl.DataFrame()
    bare = text.with_columns(
        pl.when(pl.col(name).str.contains(normalise.OTHER_FORM))
        .then(pl.col(name).str.normalize("NFC"))
        .otherwise(pl.col(name))
        .str.replace_many(normalise.LOOKALIKES)
        .str.replace_all(normalise.INVISIBLE, "")
        .str.replace(normalise.TEXT_GUARD, "$1")
        for name in columns
    )
    marks = [
        *(
            text[name].str.contains(normalise.INVISIBLE).alias(f"invisible_characters:{name}")
            for name in columns
            if name in contract.key
        ),
        *(bare[name].str.contains(normalise.CELL_ERROR).alias(f"cell_error:{name}") for name in columns),
        *(
            bare[name].str.contains(normalise.NO_CHARACTER, literal=True).alias(f"damaged_text:{name}")
            for name in columns
        ),
    ]
    return bare, pl.DataFrame([mark for mark in marks if mark.any()])


@lru_cache
def turning_days(feed: str, reference: Reference) -> list[date]:
    """The days from which on a file of this feed is read otherwise than one of the day before, the same being known."""
    days = set()
    for column in all_contracts()[feed].columns.values():
        if column.since:
            days.add(column.since)
        if column.codes is not None:
            codes = reference.codes_of(column)
            days |= {*codes["valid_from"].drop_nulls(), *(codes["valid_to"].drop_nulls() + timedelta(days=1))}
    return sorted(days)


def reading_day(feed: str, received: date, reference: Reference) -> date:
    """The first of the days on which a file is read as on `received`: what is made ready for one serves all of them."""
    days = turning_days(feed, reference)
    place = bisect_right(days, received)
    return days[place - 1] if place else date.min


@lru_cache
def with_marks(feed: str) -> frozenset[str]:
    """Columns in which 无, N/A and the like are values: the number of a record is none."""
    contract = all_contracts()[feed]
    return frozenset(
        name
        for name, column in contract.columns.items()
        if column.type == "code" or (column.type == "text" and not contract.is_number(name))
    )


@lru_cache(maxsize=4096)
def column_readers(
    feed: str, header: tuple[HeaderCell, ...], day: date, reference: Reference, jurisdiction: str | None
) -> dict[str, normalise.Reader]:
    """How each column of the contract is read, given the sheet's header and the sender's city."""
    contract = all_contracts()[feed]
    headers = {cell.column: cell for cell in header if cell.column}
    return {
        name: code_reader(feed, name, day, reference, jurisdiction)
        if column.type == "code"
        else _reader(name, column, headers.get(name, HeaderCell(name, column.title)), contract)
        for name, column in contract.columns.items()
    }


def _reader(name: str, column: Column, cell: HeaderCell, contract: Contract) -> normalise.Reader:
    """How a column is read, given its type and its header."""
    if column.type == "text":
        return normalise.identifier() if contract.is_number(name) else normalise.plain_text()
    if column.type == "money":
        return normalise.to_money(cell.unit or 1)
    if column.type == "ratio":
        return normalise.to_ratio(cell.percent)
    return _PLAIN_READERS[column.type]


@lru_cache(maxsize=4096)
def code_reader(feed: str, name: str, day: date, reference: Reference, jurisdiction: str | None) -> normalise.Reader:
    return normalise.to_code(reference.codes_of(all_contracts()[feed].columns[name], jurisdiction), day)


_PLAIN_READERS = {
    "uscc": normalise.uscc(),
    "date": normalise.to_date(),
    "datetime": normalise.to_datetime(),
    "month": normalise.to_month(),
    "int": normalise.to_int(),
    "decimal": normalise.to_decimal(),
    "bool": normalise.to_bool(),
}


def with_damaged_codes(frame: pl.DataFrame, contract: Contract, sheet: Sheet) -> tuple[pl.DataFrame, frozenset[str]]:
    """Marks codes that Excel turned into numbers, as `damaged_code:<name>`, in the columns where any value looks like a number."""
    coded = [name for name, column in contract.columns.items() if column.type == "uscc" or contract.is_number(name)]
    like_numbers = frame.select(
        pl.col(f"raw:{name}").str.contains(normalise.LIKE_A_NUMBER).any().alias(name) for name in coded
    )
    columns = [name for name in coded if like_numbers[name][0]]
    if not columns:
        return frame, frozenset()
    file = pl.col("line_no") // FILE_LINES if sheet.several_files else None
    marked = frame.with_columns(
        normalise.damaged_by_excel(pl.col(f"raw:{name}"), file).alias(f"damaged_code:{name}") for name in columns
    )
    return marked, frozenset(f"damaged_code:{name}" for name in columns)


# Midnight as people write it behind a day; with seconds it may be how a program writes any day.
_MIDNIGHT = r"[日T ]\s*(零[时点]整?|0{1,2}[:时点](0{1,2})?分?整?)\s*$"
_MIDNIGHT_IN_SECONDS = r"[日T ]\s*0{1,2}[:时]0{1,2}[:分]0{1,2}(\.0+)?秒?\s*$"


def with_times(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Whether each moment of `timed` was written with its time of day: a visit of which only the day is told was at no hour.

    `2025-01-03 00:00:00` is how programs write any day; `00:00` and `零时` say a time.
    """
    return frame.with_columns(
        ((pl.col(name).dt.time() != time(0)) | pl.col(f"raw:{name}").str.contains(_MIDNIGHT)).alias(told)
        for name, told in contract.timed.items()
    )


def with_last_days(frame: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, frozenset[str]]:
    """Last days that are written as a midnight, as the day before, marked as `ends_at_midnight:<name>` (trust.md 6).

    `2025-01-03 00:00:00` says a midnight only where the cover would be whole years by it: programs write every day so.
    """
    marks = []
    for name, column in contract.columns.items():
        if column.ends is None or frame[f"raw:{name}"].str.contains("[时点:]").any() is not True:
            continue
        raw, day, start = pl.col(f"raw:{name}"), pl.col(name), pl.col(column.ends)
        whole_years = (day.dt.month() == start.dt.month()) & (day.dt.day() == start.dt.day())
        at_midnight = raw.str.contains(_MIDNIGHT) | (raw.str.contains(_MIDNIGHT_IN_SECONDS) & whole_years)
        mark = f"ends_at_midnight:{name}"
        frame = frame.with_columns(at_midnight.fill_null(False).alias(mark))
        frame = frame.with_columns(pl.when(mark).then(day.dt.offset_by("-1d")).otherwise(day).alias(name))
        marks.append(mark)
    return frame, frozenset(marks)
