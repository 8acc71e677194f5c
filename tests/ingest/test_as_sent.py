"""Rows put into a correction workbook: as they were sent, in the unit they were meant in, with nothing personal."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import polars as pl
from conftest import Home, bundled
from drops import HEADER, POLICY, policy, xlsx

from pipelines.feeds.contracts import contracts
from pipelines.ingest import normalise
from pipelines.ingest.as_sent import rows_as_sent
from pipelines.ingest.readers.sheet import TOO_LONG
from pipelines.ingest.receive import file_drop
from pipelines.report.template import write_corrections


def test_amounts_keep_the_unit_of_their_header_and_nothing_personal_is_shown(home: Home) -> None:
    header = POLICY.replace("实收保费", "实收保费（万元）")
    amounts = ["2 000", "￥1.5", "1.5", "3万", "200元", "约五"]
    rows = [policy(f"P{number}", 实收保费=amount, 险种="坏") for number, amount in enumerate(amounts)]
    rows += [
        policy(
            "370602199001011239",
            险种="13800138000",
            被保险人统一社会信用代码="370602199001011234",
            签单日期="138 0013 8000",
        )
    ]
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", header + "".join(rows))
    home.land()
    (receipt,) = home.receipts()
    assert receipt.rows_quarantined == len(rows)
    sent = rows_as_sent(home.settings, receipt, {("", line) for line in range(2, 2 + len(rows))})
    assert sent["premium_received"].to_list()[:-1] == ["2 000万元", "￥1.5万元", "1.5万元", "3万", "200元", "约五"]
    last = "".join(str(value) for value in sent.row(-1))
    assert not any(number in last for number in ("370602", "138001", "138 0013"))


def with_xml(content: bytes, old: str, new: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for part in source.infolist():
            text = source.read(part)
            target.writestr(part, text.replace(old.encode(), new.encode()) if "sheet1" in part.filename else text)
    return buffer.getvalue()


def test_a_receipt_is_given_for_hostile_workbooks_too(home: Home, tmp_path: Path) -> None:
    """Read in a process bounded like those of the night: a cell in the last corner of a sheet ends that process, not the command."""
    book = xlsx([HEADER, policy("P1").strip().split(","), policy("P2").strip().split(",")])
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    ranges = '</sheetData><mergeCells count="2"><mergeCell ref="A2:ZZZZZZZ99999999999"/><mergeCell ref="B2:T1048576"/></mergeCells>'
    home.settings.reader_memory_mb = 2_000
    for name, new in (("corner.xlsx", corner), ("ranges.xlsx", ranges)):
        path = tmp_path / name
        path.write_bytes(with_xml(book, "</sheetData>", new))
        received = file_drop(home.settings, path, "weihai_hayc", "policy", datetime(2024, 2, 1, 9))
        if name == "corner.xlsx":
            assert "停止读取" in received.refused
        else:
            assert not received.refused and received.counts[0] == 2


def test_rows_are_those_of_the_file_that_was_read(home: Home) -> None:
    theirs = home.drop("weihai_lhcx", "policy", "2023-02-01", "a.csv", POLICY + policy("P9", 保险机构="蓝海财险"))
    mine = home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", POLICY + policy("P1", 险种="坏"))
    home.land()
    (receipt,) = (one for one in home.receipts() if one.provider == "weihai_hayc")
    assert rows_as_sent(home.settings, receipt, {("", 2)})["policy_no"].to_list() == ["P1"]
    mine.unlink()
    mine.symlink_to(theirs)
    assert rows_as_sent(home.settings, receipt, {("", 2)}).height == 0


def test_a_text_longer_than_a_cell_comes_back_as_no_value(home: Home, tmp_path: Path) -> None:
    """Excel would cut it, and the short one would be taken for what was meant."""
    contract = contracts()["document"]
    row = dict.fromkeys(contract.columns, "") | {contract.key[0]: "D1", "text": "字" * 40_000}
    rows = pl.DataFrame(
        [{name: value or None for name, value in row.items()}], schema=dict.fromkeys(contract.columns, pl.String)
    )
    write_corrections("document", tmp_path / "更正.xlsx", rows, {(0, "text"): "请改"}, bundled(), None)
    shown = openpyxl.load_workbook(tmp_path / "更正.xlsx").worksheets[0]
    cells = [cell.value for cell in shown[2]]
    assert TOO_LONG in cells and not any(value and len(str(value)) > 100 for value in cells)
    assert pl.Series([TOO_LONG]).str.contains(normalise.CELL_ERROR).item()
