"""From bytes to text cells with the line a person would name."""

from __future__ import annotations

import io
from typing import Any

import pytest
import xlsxwriter

from pipelines.feeds.contracts import contracts
from pipelines.ingest.readers.sheet import RAGGED, Refused, Sheet
from pipelines.ingest.readers.tables import read

CONTRACT = contracts()["coinsurance"]
HEADER = "保单号,保险机构,承保比例"


def sheet(content: str | bytes, name: str = "a.csv") -> Sheet:
    found = read(content if isinstance(content, bytes) else content.encode(), name, CONTRACT)
    assert len(found) == 1
    return found[0]


def cells(found: Sheet) -> list[tuple[Any, ...]]:
    width = len(found.header)
    return found.rows.select("line_no", *[f"c{place}" for place in range(width)]).rows()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert cells(sheet(f"{HEADER}\nP1,海岳财险,60%\n".encode(encoding))) == [(2, "P1", "海岳财险", "60%")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, line_end: str) -> None:
    text = f"{HEADER}\nP1,A,1\nP2,B,1".replace(",", delimiter).replace("\n", line_end)
    assert cells(sheet(text)) == [(2, "P1", "A", "1"), (3, "P2", "B", "1")]


def test_title_lines_above_the_header_and_any_column_order() -> None:
    found = sheet("共保清单（2023年）,,\n\n承保比例（%）,保单号*,共保机构,备注\n60,P1,A,x\n")
    assert [cell.column for cell in found.header] == ["share", "policy_no", "insurer_code", None]
    assert found.header[0].percent
    assert cells(found) == [(4, "60", "P1", "A", "x")]


def test_line_numbers_count_blank_lines_and_line_breaks_inside_cells() -> None:
    found = sheet('保单号,保险机构,承保比例\nP1,"多行\n名称",1\n\nP2,B,1\n')
    assert [(row[0], row[1]) for row in cells(found) if row[1]] == [(2, "P1"), (5, "P2")]


def test_ragged_rows_are_marked() -> None:
    found = sheet(f"{HEADER}\nP1,A,1\nP2,A\nP3,A,1,surplus\nP4,A,1,\n\n")
    assert found.rows.select("line_no", "fault").rows() == [(2, None), (3, RAGGED), (4, RAGGED), (5, None), (6, None)]


def test_ragged_rows_are_found_beside_quoted_separators() -> None:
    found = sheet(f'{HEADER}\n"P,1",A,1\nP2,"A"\n')
    assert found.rows.select("line_no", "fault").rows() == [(2, None), (3, RAGGED)]


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.csv", "empty"),
        (b"\xff\xff\x81\x00\x81" * 9, "a.csv", "undecodable"),
        ("部门,电话\n办公室,1\n".encode(), "a.csv", "no_header"),
        (b"PK\x03\x04 cut", "a.xlsx", "not_a_workbook"),
        (b"%PDF-1.7", "a.pdf", "unsupported_format"),
        (f'{HEADER}\nP1,"A,1\nP2,"B,1\nP3,C,1\n'.encode(), "a.csv", "mostly_damaged"),
    ],
)
def test_files_that_cannot_be_read_are_refused_with_a_reason(content: bytes, name: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read(content, name, CONTRACT)
    assert refused.value.reason == reason


def workbook(rows: list[list[Any]], start: tuple[int, int] = (0, 0)) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("共保")
        for number, row in enumerate(rows):
            page.write_row(start[0] + number, start[1], row)
        book.add_worksheet("代码").hide()
    return buffer.getvalue()


def test_workbook_lines_are_those_a_person_sees() -> None:
    # The table begins in the fifth row and second column; the reader drops what is empty above it.
    content = workbook(
        [["共保清单"], ["保单号", "保险机构", "承保比例"], ["P1", "A", 0.6], [], ["P2", "A", 1]], start=(4, 1)
    )
    found = sheet(content, "a.xlsx")
    assert found.name == "共保"
    assert [(row[0], row[1]) for row in cells(found) if row[1]] == [(7, "P1"), (9, "P2")]
