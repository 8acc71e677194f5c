"""How fast files are read, as ratios within one run: `python benchmarks/reading.py [rows]`.

GB18030 against UTF-8 (goal: at least 70 % of its rate) and a workbook against what fastexcel alone
needs for it (goal: within 3 times). Not a test: it prints what it saw.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date

import fastexcel
import polars as pl
import xlsxwriter

from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import providers
from pipelines.ingest.checks.check import check
from pipelines.ingest.checks.outcome import Sender
from pipelines.ingest.readers.tables import read
from pipelines.synth import model
from pipelines.synth.files import HEADERS, STYLES, _text

ROUNDS = 3
CONTRACT = contracts()["policy"]
SENDER = Sender(providers()["weihai_hayc"], date(2026, 1, 1))


def policies(rows: int) -> pl.DataFrame:
    """That many policies as text, all of one insurer of one city."""
    world = model.build(model.SCALES["city"], 1).feeds["policy"].filter(pl.col("provider") == "weihai_hayc")
    frame = pl.concat([world] * (rows // world.height + 1)).head(rows)
    frame = frame.with_columns(policy_no=pl.concat_str(pl.lit("P"), pl.int_range(pl.len())))
    return _text("policy", frame, STYLES[0]).rename(HEADERS["policy"])


def workbook(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": False}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, frame.columns)
        for place, column in enumerate(frame.columns):
            sheet.write_column(1, place, frame[column].to_list())
    return buffer.getvalue()


def ingest(content: bytes, name: str) -> int:
    """Reading, normalising and checking, as landing does it."""
    return sum(
        check(sheet, CONTRACT, SENDER, lambda column: column).accepted.height for sheet in read(content, name, CONTRACT)
    )


def median_seconds(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    text = policies(rows).write_csv()
    utf8, gb18030 = text.encode(), text.encode("gb18030")
    assert ingest(utf8, "a.csv") == ingest(gb18030, "a.csv") == rows
    fast, slow = median_seconds(lambda: ingest(utf8, "a.csv")), median_seconds(lambda: ingest(gb18030, "a.csv"))
    print(f"UTF-8   {rows:,} rows, {len(utf8) / 1e6:.0f} MB: {fast:.2f} s, {rows / fast:,.0f} rows/s")
    print(
        f"GB18030 {rows:,} rows, {len(gb18030) / 1e6:.0f} MB: {slow:.2f} s, {rows / slow:,.0f} rows/s = {fast / slow:.0%} of UTF-8's rate"
    )
    book = workbook(policies(100_000))
    alone = median_seconds(
        lambda: fastexcel.read_excel(book).load_sheet(0, header_row=None, dtypes="string").to_polars()
    )
    whole = median_seconds(lambda: ingest(book, "a.xlsx"))
    print(
        f"xlsx    100,000 rows, {len(book) / 1e6:.0f} MB: {whole:.2f} s; fastexcel alone {alone:.2f} s; ratio {whole / alone:.2f}"
    )


if __name__ == "__main__":
    main()
