"""Files that break parsers, of the kinds public torture collections are made of: each ends in rows or in a recorded reason.

Every case says how many rows come in, how many of them are good, or why the file is refused.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import polars as pl
import pytest
import xlsxwriter
from conftest import Home
from drops import POLICY, policy

HEAD = POLICY.strip()
ROW = policy("P1").strip()
CELLS = ROW.split(",")
TITLES = HEAD.split(",")


def lines(*rows: str, head: str = HEAD, end: str = "\n") -> bytes:
    return end.join([head, *rows, ""]).encode()


def swapped(place: int, value: str, row: list[str] | None = None) -> str:
    cells = list(row or CELLS)
    cells[place] = value
    return ",".join(cells)


NAME = TITLES.index("被保险人名称")
WIDE = 3_000
CSV: dict[str, tuple[bytes, int, int] | tuple[bytes, str]] = {
    # quotes
    "quoted cells": (lines(",".join(f'"{cell}"' for cell in CELLS)), 1, 1),
    "doubled quotes inside a cell": (lines(swapped(NAME, '"甲""乙""公司"')), 1, 1),
    "a delimiter inside quotes": (lines(swapped(NAME, '"甲,乙公司"')), 1, 1),
    "a line break inside quotes": (lines(swapped(NAME, '"甲\n公司"'), policy("P2").strip()), 2, 2),
    "a Windows line break inside quotes": (lines(swapped(NAME, '"甲\r\n公司"'), policy("P2").strip(), end="\r\n"), 2, 2),
    "a quote in the middle of a cell": (lines(swapped(NAME, '甲"乙公司')), 1, 1),
    "a quote that never closes": (lines(swapped(NAME, '"甲公司'), policy("P2").strip()), 2, 1),
    "only quotes": (lines(swapped(NAME, '""')), 1, 0),
    "text behind a closing quote": (lines(swapped(NAME, '"甲"公司')), "mostly_damaged"),
    # ends and blanks
    "no line end at the end": (lines(ROW).rstrip(b"\n"), 1, 1),
    "old Mac line ends": (lines(ROW, policy("P2").strip(), end="\r"), 2, 2),
    "mixed line ends": (f"{HEAD}\r\n{ROW}\n{policy('P2').strip()}\r\n".encode(), 2, 2),
    "blank lines everywhere": (f"\n\n{HEAD}\n\n{ROW}\n\n\n".encode(), 1, 1),
    "lines of commas": (lines(ROW, "," * (len(CELLS) - 1)), 1, 1),
    "lines of blanks": (lines(ROW, "   \t  "), 1, 1),
    "a header and nothing else": (lines(), 0, 0),
    "a header without a line end": (HEAD.encode(), 0, 0),
    "blanks around every cell": (lines(",".join(f"  {cell}\t" for cell in CELLS)), 1, 1),
    "ideographic blanks around every cell": (lines(",".join(f"\u3000{cell}\u3000" for cell in CELLS)), 1, 1),
    # widths
    "a row too short": (lines(ROW, ",".join(CELLS[:5])), 2, 1),
    "a row too long": (lines(ROW, policy("P2").strip() + ",more,and more"), 2, 1),
    "empty cells behind the last column": (lines(ROW + ",,,", head=HEAD), 1, 1),
    "a column without a header": (lines(ROW + ",x", head=HEAD + ","), 1, 1),
    "three thousand more columns": (
        lines(ROW + ",1" * WIDE, head=HEAD + "".join(f",附加{n}" for n in range(WIDE))), "too_many_columns",
    ),
    "nearly two thousand columns": (
        lines(ROW + ",1" * 1_900, head=HEAD + "".join(f",附加{n}" for n in range(1_900))), 1, 1,
    ),
    "the same header twice": (lines(ROW + ",乙公司", head=HEAD + ",被保险人名称"), 1, 1),
    "an unknown header twice": (lines(ROW + ",a,b", head=HEAD + ",备注,备注"), 1, 1),
    "columns in reverse": (lines(",".join(reversed(CELLS)), head=",".join(reversed(TITLES))), 1, 1),
    "one column only": ("保单号\nP1\n".encode(), "no_header"),
    # encodings
    "UTF-8 with a mark": (b"\xef\xbb\xbf" + lines(ROW), 1, 1),
    "a mark and nothing else": (b"\xef\xbb\xbf", "no_header"),
    "UTF-16 little endian": (lines(ROW).decode().encode("utf-16"), 1, 1),
    "UTF-16 big endian": (b"\xfe\xff" + lines(ROW).decode().encode("utf-16-be"), 1, 1),
    "GB18030": (lines(ROW).decode().encode("gb18030"), 1, 1),
    "GB18030 beyond GBK": (lines(swapped(NAME, "𠮷㐂公司")).decode().encode("gb18030"), 1, 1),
    "UTF-8 cut in the middle of a letter": (lines(swapped(NAME, "甲"))[:-40] + b"\xe7\x94", "mostly_damaged"),
    "half UTF-8, half GBK": (lines(ROW) + policy("P2").encode("gbk") + "龘".encode() + b"\xff\xff", 3, 1),
    "NUL bytes": (lines(swapped(NAME, "甲\x00公司")), "undecodable"),
    "control characters": (lines(swapped(NAME, "甲\x01\x07公司")), 1, 1),
    "letters that join and turn around": (lines(swapped(NAME, "e\u0301\u202e公司\u200d")), 1, 1),
    # values
    "numbers of every kind": (lines(swapped(TITLES.index("签单保费"), "1e400"), swapped(TITLES.index("签单保费"), "NaN")), 2, 0),
    "a number of a thousand digits": (lines(swapped(TITLES.index("签单保费"), "9" * 1000)), 1, 0),
    "days that do not exist": (lines(swapped(TITLES.index("签单日期"), "2023-02-29")), 1, 0),
    "years of five digits": (lines(swapped(TITLES.index("签单日期"), "12023-01-01")), 1, 0),
    "SQL in a value": (lines(swapped(NAME, "x'); drop table policy; --")), 1, 1),
    "a template in a value": (lines(swapped(NAME, "{{ 7 * 7 }}{% raw %}")), 1, 1),
    "a formula in a value": (lines(swapped(NAME, '"=cmd|\'/c calc\'!A0"')), 1, 0),
    "SQL in a header": (lines(ROW + ",1", head=HEAD + ",x\"; drop table policy; --"), 1, 1),
    "a template in a header": (lines(ROW + ",1", head=HEAD + ",{{ config.items() }}"), 1, 1),
    "tabs between cells": (lines(ROW.replace(",", "\t"), head=HEAD.replace(",", "\t")), 1, 1),
    "semicolons between cells": (lines(ROW.replace(",", ";"), head=HEAD.replace(",", ";")), 1, 1),
    "a header far below": (("说明\n" * 25).encode() + lines(ROW), 1, 1),
    "a header too far below": (("说明\n" * 40).encode() + lines(ROW), "no_header"),
    "a sum below": (lines(ROW, "合计," + ",".join(CELLS[1:])), 1, 1),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, {"undecodable", "no_header"}),
    "a page of HTML": ("<html><table><tr><td>保单号</td></tr></table></html>".encode(), "no_header"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CSV))
def test_text_files(home: Home, case: str) -> None:
    content, *expected = CSV[case]
    outcome(home, "a.csv", content, expected)


def outcome(home: Home, name: str, content: bytes, expected: list[object]) -> None:
    """Lands one file beside a good one and compares what became of it."""
    home.drop("weihai_hayc", "policy", "2023-02-01", name, content)
    home.drop("weihai_hayc", "policy", "2023-02-02", "good.csv", lines(policy("GOOD").strip()))
    home.land()
    files = home.files()
    assert files.filter(pl.col("file_name") == "good.csv")["rows_accepted"].to_list() == [1]
    (file,) = files.filter(pl.col("file_name") == name).to_dicts()
    if len(expected) == 1:
        issues = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet").filter(pl.col("severity") == "fatal")
        reasons = expected[0] if isinstance(expected[0], set) else {expected[0]}
        assert file["status"] == "refused" and issues["rule_code"].item() in reasons, (file, issues.to_dicts())
        assert len(file["reason"]) > 8 and "Traceback" not in file["reason"]
    else:
        assert (file["status"], file["rows_in"], file["rows_accepted"]) == ("loaded", *expected), file
        assert file["rows_in"] == file["rows_accepted"] + file["rows_quarantined"] + file["rows_duplicate"]


def book(write: Callable[[xlsxwriter.Workbook], None], **options: object) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **options}) as workbook:
        write(workbook)
    return buffer.getvalue()


def table(sheet: xlsxwriter.worksheet.Worksheet, rows: list[list[object]], first: int = 0) -> None:
    for number, row in enumerate(rows):
        sheet.write_row(first + number, 0, row)


def typed_cells(workbook: xlsxwriter.Workbook) -> None:
    """Dates as dates, numbers as numbers, a formula with its value, a truth value where a text belongs."""
    sheet = workbook.add_worksheet()
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    table(sheet, [TITLES, CELLS])
    for title, value in (
        ("签单日期", date(2023, 1, 1)),
        ("保险起期", datetime(2023, 1, 2, 0, 0)),
        ("保险止期", date(2024, 1, 1)),
    ):
        sheet.write_datetime(1, TITLES.index(title), value, day)
    sheet.write_number(1, TITLES.index("签单保费"), 1000.0)
    sheet.write_formula(1, TITLES.index("实收保费"), "=500+500", value=1000)
    sheet.write_number(1, TITLES.index("事故预防服务费占比"), 0.2, workbook.add_format({"num_format": "0%"}))


def errors_in_cells(workbook: xlsxwriter.Workbook) -> None:
    sheet = workbook.add_worksheet()
    table(sheet, [TITLES, CELLS])
    sheet.write_formula(1, TITLES.index("实收保费"), "=1/0", value="#DIV/0!")


def far_away(workbook: xlsxwriter.Workbook) -> None:
    """The used range ends in the last row and column a sheet has."""
    sheet = workbook.add_worksheet()
    table(sheet, [TITLES, CELLS])
    sheet.write_string(1_048_575, 0, "合计")


def merged_title(workbook: xlsxwriter.Workbook) -> None:
    sheet = workbook.add_worksheet()
    sheet.merge_range(0, 0, 1, 5, "保单清单")
    table(sheet, [TITLES, CELLS], first=2)


def hidden_rows_and_columns(workbook: xlsxwriter.Workbook) -> None:
    sheet = workbook.add_worksheet()
    table(sheet, [TITLES, CELLS, policy("P2").strip().split(",")])
    sheet.set_row(2, None, None, {"hidden": True})
    sheet.set_column(3, 3, None, None, {"hidden": True})


def hidden_sheet(workbook: xlsxwriter.Workbook) -> None:
    shown, hidden = workbook.add_worksheet("保单"), workbook.add_worksheet("旧")
    table(shown, [TITLES, CELLS])
    table(hidden, [TITLES, policy("OLD").strip().split(",")])
    hidden.hide()


def many_sheets(workbook: xlsxwriter.Workbook) -> None:
    for number in range(60):
        table(workbook.add_worksheet(f"第{number}页"), [TITLES, policy(f"P{number}").strip().split(",")])


def long_text(workbook: xlsxwriter.Workbook) -> None:
    sheet = workbook.add_worksheet()
    cells: list[object] = list(CELLS)
    cells[NAME] = "甲" * 32_767
    table(sheet, [TITLES, cells])


def without(member: str, content: bytes) -> bytes:
    """The workbook with one of its parts missing."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for part in source.infolist():
            if part.filename != member:
                target.writestr(part, source.read(part))
    return buffer.getvalue()


def plain(workbook: xlsxwriter.Workbook) -> None:
    table(workbook.add_worksheet(), [TITLES, CELLS])


EXCEL: dict[str, tuple[Callable[[], bytes], int, int] | tuple[Callable[[], bytes], str]] = {
    "plain": (lambda: book(plain), 1, 1),
    "typed cells": (lambda: book(typed_cells), 1, 1),
    "dates counted from 1904": (lambda: book(typed_cells, date_1904=True), 1, 1),
    "errors in cells": (lambda: book(errors_in_cells), 1, 0),
    "a used range of a million rows": (lambda: book(far_away), 1, 1),
    "a merged title": (lambda: book(merged_title), 1, 1),
    "hidden rows and columns": (lambda: book(hidden_rows_and_columns), 2, 2),
    "a hidden sheet": (lambda: book(hidden_sheet), 2, 2),
    "sixty sheets": (lambda: book(many_sheets), 60, 60),
    "the longest text a cell holds": (lambda: book(long_text), 1, 1),
    "no sheet with the header": (lambda: book(lambda workbook: table(workbook.add_worksheet(), [["a", "b"]])), "no_header"),
    "an empty workbook": (lambda: book(lambda workbook: None), "no_header"),
    "strings apart from cells, and lost": (lambda: without("xl/sharedStrings.xml", book(plain)), {"not_a_workbook", "no_header"}),
    "a sheet that is lost": (lambda: without("xl/worksheets/sheet1.xml", book(plain)), {"not_a_workbook", "no_header"}),
    "a list of sheets that is lost": (lambda: without("xl/workbook.xml", book(plain)), "not_a_workbook"),
    "links that are lost": (lambda: without("xl/_rels/workbook.xml.rels", book(plain)), "not_a_workbook"),
    "text under the name of a workbook": (lambda: lines(ROW), "not_a_workbook"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(EXCEL))
def test_workbooks(home: Home, case: str) -> None:
    make, *expected = EXCEL[case]
    outcome(home, "a.xlsx", make(), expected)


@pytest.mark.parametrize("name", ["保单 '; drop table x; --.csv", "{{ 7*7 }}.csv", "=cmd.csv", "$(reboot).csv", "a\nb.csv", "a" * 200 + ".csv", "a..csv"])  # fmt: skip
def test_file_names(home: Home, name: str) -> None:
    """A name is text: it is stored and shown as it is, whatever it looks like."""
    outcome(home, name, lines(ROW), [1, 1])
