"""How fast files are read, as ratios within one run.

    python benchmarks/reading.py [rows] [--against CHECKOUT]

GB18030 against UTF-8 (goal: at least 70 % of its rate), a workbook against what fastexcel alone needs for it (goal: within 3
times), the other formats beside them. With `--against`, the same bytes are read in turn by this checkout and by another one
(goal: not more than a tenth slower). Not a test: it prints what it saw.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import fastexcel
import polars as pl
import xlsxwriter
import xlwt

ROUNDS = 3
HERE = Path(__file__).parents[1]


def policies(rows: int) -> pl.DataFrame:
    """That many policies as text, all of one insurer of one city."""
    from pipelines.synth import model  # noqa: PLC0415
    from pipelines.synth.files import HEADERS, STYLES, _text  # noqa: PLC0415

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


def old_workbook(frame: pl.DataFrame) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("保单")
    for place, column in enumerate(frame.columns):
        for number, value in enumerate([column, *frame[column].to_list()]):
            sheet.write(number, place, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def write(folder: Path, rows: int) -> dict[str, int]:
    """Files of every format in a folder; name → rows."""
    large, middle, small = policies(rows), policies(100_000), policies(50_000)
    text = large.write_csv()
    contents = {
        "utf8.csv": text.encode(),
        "gb18030.csv": text.encode("gb18030"),
        "quoted.csv": large.write_csv(quote_style="always").encode(),
        "records.jsonl": middle.write_ndjson().encode(),
        "book.xlsx": workbook(middle),
        "old.xls": old_workbook(small),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    small_ones = dict.fromkeys(["records.jsonl", "book.xlsx"], middle.height) | {"old.xls": small.height}
    return dict.fromkeys(contents, rows) | small_ones


def ingest(path: Path) -> None:
    """Reading, normalising and checking, as landing does it; prints rows and the seconds of one round."""
    from pipelines.feeds.contracts import contracts  # noqa: PLC0415
    from pipelines.ingest.checks.check import check  # noqa: PLC0415
    from pipelines.ingest.checks.outcome import Sender  # noqa: PLC0415
    from pipelines.ingest.landing import reference_of  # noqa: PLC0415
    from pipelines.ingest.readers.tables import read  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    reference = reference_of(Settings(home=path.parent / "home", hash_key="benchmark"))
    contract, sender = contracts()["policy"], Sender(reference.providers()["weihai_hayc"], date(2026, 1, 1), reference)
    content = path.read_bytes()

    def once() -> int:
        return sum(
            check(sheet, contract, sender, lambda column: column).accepted.height
            for sheet in read(content, path.name, contract)
        )

    once()
    began = time.perf_counter()
    rows = once()
    print(rows, time.perf_counter() - began)


def seconds(checkout: Path, path: Path, rows: int) -> float:
    """One round of a file in a process of its own that imports the checkout's packages."""
    result = subprocess.run(
        [sys.executable, __file__, "--read", str(path)], check=True, capture_output=True, text=True, cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
    )  # fmt: skip
    accepted, spent = result.stdout.split()
    assert int(accepted) == rows, (path.name, accepted, rows)
    return float(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=500_000)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        return ingest(arguments.read)
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), arguments.rows)
        spent: dict[str, float] = {}
        for name, rows in files.items():
            path = Path(folder) / name
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(seconds(HERE, path, rows))
                if arguments.against:
                    theirs.append(seconds(arguments.against.resolve(), path, rows))
            spent[name] = statistics.median(ours)
            beside = (
                f"; the other {statistics.median(theirs):.2f} s, ratio {spent[name] / statistics.median(theirs):.2f}"
                if theirs
                else ""
            )
            print(
                f"{name:14} {rows:,} rows, {path.stat().st_size / 1e6:.0f} MB: {spent[name]:.2f} s, {rows / spent[name]:,.0f} rows/s{beside}"
            )
        print(f"GB18030 reads at {spent['utf8.csv'] / spent['gb18030.csv']:.0%} of UTF-8's rate")
        began = time.perf_counter()
        fastexcel.read_excel((Path(folder) / "book.xlsx").read_bytes()).load_sheet(
            0, header_row=None, dtypes="string"
        ).to_polars()
        print(
            f"the workbook takes {spent['book.xlsx'] / (time.perf_counter() - began):.2f} times what fastexcel alone needs"
        )


if __name__ == "__main__":
    main()
