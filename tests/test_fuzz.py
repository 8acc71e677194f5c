"""Two hundred files of many formats, encodings and kinds of dirt: no row is lost and nothing crashes."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

import polars as pl
import pytest
from conftest import Home
from test_formats import xls, xlsx
from test_landing import POLICY, policy

HEADER = POLICY.strip().split(",")
FILES = 200


def messy_row(rng: random.Random, number: int) -> list[str]:
    row = policy(f"P{number}").strip().split(",")
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        place = rng.randrange(len(row))
        row[place] = rng.choice(
            [
                "",
                "-",
                "９９",
                "2023年1月5日",
                "45000",
                "1,000",
                "￥3万",
                "20%",
                "'; drop table x; --",
                "=1+1",
                "{{ 7*7 }}",
                "某区",
                "9.14E+17",
                "\u3000环翠区\u3000",
                "a" * 300,
                "𠮷",
            ]
        )
    return row


def make_file(rng: random.Random, number: int) -> tuple[str, bytes, int]:
    """Name, content and how many rows a person would count in it."""
    rows = [messy_row(rng, number * 100 + place) for place in range(rng.randrange(0, 40))]
    if rows and rng.random() < 0.3:
        rows.append(list(rows[0]))
    above = [["保单清单"] + [""] * (len(HEADER) - 1)] if rng.random() < 0.3 else []
    below = [["合计"] + [""] * (len(HEADER) - 1)] if rng.random() < 0.3 else []
    table = [*above, HEADER, *rows, *below]
    filled = sum(any(cell.strip(" \u3000") for cell in row) for row in rows)
    kind = rng.choice(["csv", "csv", "csv", "xlsx", "xls", "jsonl", "parquet", "zip", "gz"])
    if kind == "xlsx":
        return f"{number}.xlsx", xlsx(table), filled
    if kind == "xls":
        return f"{number}.xls", xls(table), filled
    frame = (
        pl.DataFrame(rows, schema=HEADER, orient="row")
        if rows
        else pl.DataFrame(schema=dict.fromkeys(HEADER, pl.String))
    )
    if kind == "jsonl" and rows:
        return f"{number}.jsonl", frame.write_ndjson().encode(), filled
    if kind == "parquet":
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return f"{number}.parquet", buffer.getvalue(), filled
    delimiter = rng.choice([",", ";", "\t"])
    text = "".join(
        delimiter.join(f'"{cell}"' if delimiter in cell or rng.random() < 0.1 else cell for cell in row) + "\n" for row in table
    )  # fmt: skip
    content = text.replace("\n", rng.choice(["\n", "\r\n"])).encode(
        rng.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    )
    if kind == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr(zipfile.ZipInfo("保单.csv", (2023, 1, 1, 0, 0, 0)), content)
        return f"{number}.zip", buffer.getvalue(), filled
    return (
        (f"{number}.csv.gz", gzip.compress(content, mtime=0), filled)
        if kind == "gz"
        else (f"{number}.csv", content, filled)
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_in_are_accepted_quarantined_or_duplicate(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    home = Home(tmp_path)
    expected = {}
    for number in range(FILES // 2):
        name, content, rows = make_file(rng, number)
        home.drop("weihai_hayc", "policy", "2023-02-01", name, content)
        expected[name] = rows
    home.land()
    files = pl.read_parquet(home.settings.landing / "files.parquet")
    assert files.height == FILES // 2
    loaded = files.filter(pl.col("status") == "loaded")
    # Empty tables of the same format are the same file; nothing else may be refused or unchanged.
    assert {expected[name] for name in files.filter(pl.col("status") != "loaded")["file_name"]} <= {0}
    assert loaded.height > FILES * 0.4
    for row in loaded.iter_rows(named=True):
        assert row["rows_in"] == expected[row["file_name"]], row
        assert row["rows_in"] == row["rows_accepted"] + row["rows_quarantined"] + row["rows_duplicate"], row
    landed = pl.read_parquet(home.settings.landing / "policy" / "*.parquet")
    assert landed.height == loaded["rows_accepted"].sum()
    issues = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet").filter(pl.col("severity") == "reject")
    assert issues.select("file_id", "sheet", "line_no").unique().height == loaded["rows_quarantined"].sum()
    assert issues["message"].is_not_null().all()


def test_damaged_bytes_end_in_a_reason_or_in_rows(tmp_path: Path) -> None:
    rng = random.Random(7)
    home = Home(tmp_path)
    for number in range(60):
        name, content, _ = make_file(rng, number)
        damaged = bytearray(content)
        for _ in range(rng.randrange(1, 6)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        home.drop(
            "weihai_hayc",
            "policy",
            "2023-02-01",
            name,
            bytes(damaged[: rng.randrange(1, len(damaged) + 1)] if rng.random() < 0.3 else damaged),
        )
    home.land()
    files = pl.read_parquet(home.settings.landing / "files.parquet")
    assert files.height == 60
    assert files.filter(pl.col("status") == "refused")["reason"].str.len_chars().min() > 5
    balanced = files.filter(
        pl.col("rows_in") == pl.col("rows_accepted") + pl.col("rows_quarantined") + pl.col("rows_duplicate")
    )
    assert balanced.height == 60
