"""What of a file is not read: sheets that are not the feed's, columns nobody knows, and files that lack a column they must have.

What belongs here: finding these and naming the likeliest meaning. What does not: recognising a header (readers/headers.py).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.feeds.contracts import Contract
from pipelines.ingest.checks.issues import ISSUE_SCHEMA
from pipelines.ingest.checks.rules import WITHDRAWN, WITHDRAWS
from pipelines.ingest.readers.headers import header_key, header_names, likeliest, told
from pipelines.ingest.readers.sheet import Sheet

UNREAD = "unread"
"""The severity of these issues: no row is worse for it."""
NAMED = 50
WORDS_OF_A_SHEET = 6


def lacking(sheet: Sheet, contract: Contract, day: date) -> list[str]:
    """Required columns that a sheet has no header for. One that does nothing but withdraw needs its key only (trust.md 6).

    Args:
        day: on which the file is read (columns.py, reading_day).
    """
    known = {cell.column: f"c{place}" for place, cell in enumerate(sheet.header) if cell.column}
    missing = [
        name
        for name, column in contract.columns.items()
        if name not in known and column.required and (column.since is None or day >= column.since)
    ]
    if missing and WITHDRAWS in known and not set(missing) & set(contract.required_key):
        keyed = sheet.rows.filter(
            pl.any_horizontal(pl.col(known[name]).is_not_null() for name in contract.required_key)
        )
        states = keyed[known[WITHDRAWS]].str.strip_chars()
        if states.len() and (states == WITHDRAWN).fill_null(False).all():
            return []
    return missing


def unread_headers(sheet: Sheet, contract: Contract) -> pl.DataFrame:
    """Columns of a sheet that the contract does not know, an issue each."""
    known = header_names(contract.feed)
    headers = [
        (cell.text, False) if cell.text else (f"第 {place + 1} 列（没有表头）", True)
        for place, cell in enumerate(sheet.header)
        if cell.column is None and (cell.text or sheet.rows[f"c{place}"].count())
    ]
    headers = list(dict.fromkeys(headers))  # one that stands there twice is said once
    rows: list[tuple[str, str | None, str, str]] = []
    for text, nameless in headers[:NAMED]:
        if column := known.get(header_key(text)):
            same = contract.columns[column].title
            twice = f"「{told(text)}」这一列没有入库：它与另一列同为「{same}」，或写了两种单位。请只留一列，改好后整份重新报送。"
            rows.append((sheet.name, same, told(text), twice))
            continue
        title = None if nameless else likeliest(text, contract)
        meant = f"如果就是「{title}」，请把表头改成这样后重新报送。" if title else "如需报送，请使用本表模板的表头。"
        rows.append((sheet.name, title, told(text), f"本表没有「{told(text)}」这一列，这一列没有入库。{meant}"))
    if len(headers) > NAMED:
        rows.append(
            (sheet.name, None, f"其余 {len(headers) - NAMED} 列", "本表没有这些列，没有入库。请使用本表模板的表头。")
        )
    return _issues("unread_header", rows)


def unread_sheet(sheet: Sheet, contract: Contract, missing: list[str]) -> pl.DataFrame:
    """A sheet beside the feed's own that was not read, as an issue."""
    words = [told(cell.text) for cell in sheet.header if cell.text]
    more = "……" if len(words) > WORDS_OF_A_SHEET else ""
    first_row = "、".join(words[:WORDS_OF_A_SHEET]) + more
    why = (
        "缺少必填列" + "、".join(f"「{contract.columns[name].title}」" for name in missing)
        if missing
        else "没有本表的表头"
    )
    titles = [likeliest(cell.text, contract) for cell in sheet.header if cell.text and not cell.column]
    match = "、".join(dict.fromkeys(title for title in titles if title)) or None
    message = f"工作表「{told(sheet.name)}」{why}（第一行：{first_row}），没有入库。如果是本表的数据，请改用本表模板的表头后重新报送。"
    return _issues("unread_sheet", [(sheet.name, match, first_row, message)])


def unread_beside(name: str, why: str) -> pl.DataFrame:
    """A sheet of another kind that could not be read, as an issue; the sender's own table was."""
    message = f"工作表「{name}」没有入库：{why}本表的数据已照常读取；改好这一工作表后重新报送。"
    return _issues("unread_sheet", [(name, None, "", message)])


def _issues(rule_code: str, rows: list[tuple[str, str | None, str, str]]) -> pl.DataFrame:
    found = pl.DataFrame(rows, schema=["sheet", "column_name", "raw_value", "message"], orient="row")
    return found.select(
        pl.col(name)
        if name in found.columns
        else pl.lit({"rule_code": rule_code, "severity": UNREAD}.get(name)).alias(name)
        for name in ISSUE_SCHEMA
    ).cast(dict(ISSUE_SCHEMA))  # type: ignore[arg-type]
