"""Applying a contract to the rows of a sheet, of many small files at once, of a file.

What belongs here: the order of the steps and the balance. What does not: the steps (the other modules).

Every row that comes in goes out exactly once: accepted, quarantined or an exact duplicate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from pipelines.feeds.contracts import Contract
from pipelines.ingest import normalise
from pipelines.ingest.checks.columns import (
    as_meant,
    column_readers,
    constant,
    data_rows,
    extra_columns,
    reading_day,
    text_columns,
    with_damaged_codes,
    with_last_days,
    with_marks,
    with_times,
)
from pipelines.ingest.checks.duplicates import RepeatedAcrossBlocks, without_duplicates
from pipelines.ingest.checks.issues import faulty_rows, find_issues
from pipelines.ingest.checks.outcome import Checked, Sender
from pipelines.ingest.checks.personal import hashed, mask_personal, separated, without_personal
from pipelines.ingest.checks.rules import rules_of
from pipelines.ingest.checks.unread import UNREAD, lacking, unread_beside, unread_headers, unread_sheet
from pipelines.ingest.readers.headers import missing_columns, no_header
from pipelines.ingest.readers.sheet import FILE_LINES, Sheet


def check(sheet: Sheet, contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]) -> Checked:
    """Rows of one sheet against the contract.

    Args:
        hash_personal: keyed hash, text column to text column.
    Returns:
        accepted rows in the contract's landing schema (without file_id), and every issue.
    """
    lines, accepted, issues = _checked(sheet, contract, sender, hash_personal)
    quarantined = _rejected(issues).len()
    issues = pl.concat([issues, unread_headers(sheet, contract)])
    return Checked(accepted, issues, len(lines), quarantined, len(lines) - accepted.height - quarantined)


def check_together(
    sheets: list[Sheet], contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]
) -> list[Checked]:
    """Sheets of different files with one header, as `check` would check each of them.

    A query takes its millisecond for ten rows as for ten thousand, and most files have a few rows.
    """
    day = reading_day(contract.feed, sender.received, sender.reference)
    for sheet in sheets:
        _must_be_whole(sheet, contract, day)
    places = np.arange(len(sheets), dtype=np.int64)
    rows = pl.concat([sheet.rows for sheet in sheets], rechunk=True)
    offsets = pl.Series(np.repeat(places * FILE_LINES, [sheet.rows.height for sheet in sheets]))
    rows = rows.with_columns(line_no=pl.col("line_no") + offsets)
    together = replace(sheets[0], rows=rows, several_files=True)
    lines, accepted, issues = _checked(together, contract, sender, hash_personal)
    rejected = _rejected(issues)

    def per_file(numbers: pl.Series) -> np.ndarray:
        return np.bincount(numbers.to_numpy() // FILE_LINES, minlength=len(sheets))

    rows_in, good, bad = per_file(lines), per_file(accepted["line_no"]), per_file(rejected)
    with_issues = set(np.flatnonzero(per_file(issues["line_no"])).tolist())
    accepted = accepted.with_columns(pl.col("line_no") % FILE_LINES)
    # A column without a header is told where it holds something.
    shared = unread_headers(sheets[0], contract) if all(cell.text for cell in sheets[0].header) else None
    starts = np.cumsum(good) - good
    return [
        Checked(
            accepted[int(starts[place]) : int(starts[place] + good[place])],
            pl.concat(
                [
                    _of_file(issues, place) if place in with_issues else issues.clear(),
                    unread_headers(sheets[place], contract) if shared is None else shared,
                ]
            ),
            int(rows_in[place]),
            int(bad[place]),
            int(rows_in[place] - good[place] - bad[place]),
        )
        for place in places.tolist()
    ]


def _of_file(rows: pl.DataFrame, place: int) -> pl.DataFrame:
    found = rows.filter(pl.col("line_no") // FILE_LINES == place)
    return found.with_columns(pl.col("line_no") % FILE_LINES)


def _checked(
    sheet: Sheet, contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]
) -> tuple[pl.Series, pl.DataFrame, pl.DataFrame]:
    """Line numbers of the rows that carry data, the accepted ones of these, the issues."""
    rows = data_rows(sheet, contract)
    day = reading_day(contract.feed, sender.received, sender.reference)
    jurisdiction = sender.provider.jurisdiction
    readers = column_readers(contract.feed, tuple(sheet.header), day, sender.reference, jurisdiction)
    sent, marks = as_meant(text_columns(sheet, rows, contract), contract)
    typed, text = normalise.read_columns(sent, readers, with_marks(contract.feed))
    raw = [text[name].alias(f"raw:{name}") for name in contract.columns]
    # Side by side, without a query: a night has thousands of files of a few rows.
    frame = typed.hstack(
        [
            *raw,
            *marks,
            constant("sheet", sheet.name, rows.height),
            rows["line_no"],
            rows["fault"],
            extra_columns(sheet, rows),
        ]
    )
    frame, damaged = with_damaged_codes(frame, contract, sheet)
    frame, midnights = with_last_days(frame, contract)
    frame = with_times(frame, contract)
    marked = damaged | midnights | frozenset(marks.columns)
    rules = rules_of(contract.feed, marked, day, sender.provider, sender.reference)
    faults = faulty_rows(frame, contract, len(sheet.header), hash_personal)
    whole = frame.filter(pl.col("fault").is_null()) if faults.height else frame
    issues = mask_personal(pl.concat([find_issues(whole, rules, contract, hash_personal), faults]), contract)
    rejected = _rejected(issues)
    accepted = frame[[*contract.columns, *contract.timed.values(), "sheet", "line_no", "extra"]]
    if rejected.len():
        accepted = accepted.filter(~pl.col("line_no").is_in(rejected.implode()))
    accepted = without_personal(without_duplicates(accepted, contract, sheet.several_files), contract)
    for name, column in contract.columns.items():
        if column.many:
            accepted = accepted.with_columns(separated(accepted[name]))
        if column.personal:
            accepted = accepted.with_columns(hashed(accepted[name], column.many, hash_personal))
    return rows["line_no"], accepted, issues


def _rejected(issues: pl.DataFrame) -> pl.Series:
    """Line numbers of the rows that are not accepted."""
    return issues.filter(pl.col("severity") == "reject")["line_no"].unique() if issues.height else issues["line_no"]


def check_file(
    sheets: Iterable[Sheet], contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]
) -> Iterator[Checked]:
    """All tables of a file, one after another; a large table comes in several blocks of the same name.

    Sheets that are not the feed's, or lack a column it must have, are told beside those that are read.

    Raises:
        Refused: none of its sheets is read, or nobody knows the unit of its amounts.
    """
    day = reading_day(contract.feed, sender.received, sender.reference)
    repeats: dict[str, RepeatedAcrossBlocks] = {}
    others: list[tuple[Sheet, list[str]]] = []
    read: set[str] = set()
    for sheet in sheets:
        # A later block of a table that is read is read with it, whatever its rows are.
        missing = lacking(sheet, contract, day) if sheet.is_known and sheet.name not in read else []
        if missing or not sheet.is_known:
            others.append((sheet, missing))
            continue
        block = check(sheet, contract, sender, hash_personal)
        if sheet.is_block:
            if sheet.name in read:
                block = replace(block, issues=block.issues.filter(pl.col("severity") != UNREAD))
            block = repeats.setdefault(sheet.name, RepeatedAcrossBlocks()).without(block, contract)
        read.add(sheet.name)
        yield block
    if others and not read:
        sheet, missing = max(others, key=lambda other: (other[0].is_known, -len(other[1])))
        if not missing:
            raise no_header([sheet.header], contract)
        raise missing_columns(sheet.header, missing, contract)
    if others:
        yield _nothing_of(contract, pl.concat([unread_sheet(sheet, contract, missing) for sheet, missing in others]))


def unread_declaration(contract: Contract, why: str) -> Checked:
    """A sheet 报送声明 that cannot be read, told beside the table it stands with."""
    return _nothing_of(contract, unread_beside(contract.title, why))


def _nothing_of(contract: Contract, issues: pl.DataFrame) -> Checked:
    """No rows, and what is to be said."""
    schema = {name: kind for name, kind in contract.landing_schema().items() if name != "file_id"}
    return Checked(pl.DataFrame(schema=schema), issues, 0, 0, 0)


def _must_be_whole(sheet: Sheet, contract: Contract, day: date) -> None:
    missing = lacking(sheet, contract, day)
    if missing:
        raise missing_columns(sheet.header, missing, contract)
