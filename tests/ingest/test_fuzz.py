"""Two hundred files of many formats, encodings and kinds of dirt: no row is lost and nothing crashes."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from conftest import Home
from drops import make_file

FILES = 200


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_in_are_accepted_quarantined_or_duplicate(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    home = Home(tmp_path)
    expected = {}
    for number in range(FILES // 2):
        name, content, rows = make_file(rng, number)
        home.drop("weihai_hayc", "policy", "2023-02-01", name, content)
        expected[name] = rows
    home.land(apart=True)
    files = home.files()
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
    home.land(apart=True)
    files = home.files()
    assert files.height == 60
    assert files.filter(pl.col("status") == "refused")["reason"].str.len_chars().min() > 5
    balanced = files.filter(
        pl.col("rows_in") == pl.col("rows_accepted") + pl.col("rows_quarantined") + pl.col("rows_duplicate")
    )
    assert balanced.height == 60
