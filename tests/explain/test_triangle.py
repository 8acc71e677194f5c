"""Triangles: what chainladder makes of the same claims, the command, its errors."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import chainladder
import duckdb
import pandas as pd
import polars as pl
import pytest
from conftest import Home

from pipelines.explain.triangle import NoTriangle, triangle_of

CITY = "weihai"


def claim_steps(home: Home) -> pd.DataFrame:
    """Every change of every claim that counts, from the generator's truth: loss day, day of receipt, change of paid and incurred."""
    counted = {
        (provider, number)
        for provider, number in home.rows(
            f"select distinct provider, claim_no from marts.fct_claim_version where jurisdiction = '{CITY}'"
        )
    }
    rows = pl.read_parquet(home.path / "truth" / "claim.parquet").filter(pl.col("expected").is_null()).to_dicts()
    last: dict[tuple[str, str], tuple[int, int]] = {}
    steps = []
    for row in sorted(rows, key=lambda row: (row["received"], row["path"].rsplit("/", 1)[1], row["line_no"])):
        key = (row["provider"], row["claim_no"])
        if key not in counted:
            continue
        paid = 0 if row["status"] == "销案" else row["paid_to_date"]
        incurred = paid if row["status"] in ("销案", "已结案") else max(row["estimate"], paid)
        before = last.get(key, (0, 0))
        steps.append((row["loss_date"], row["received"], paid - before[0], incurred - before[1]))
        last[key] = (paid, incurred)
    # Quarters of the calendar, not such that end with the last day known: nothing happens on the last day of the year.
    steps.append((steps[0][0], date(2026, 12, 31), 0, 0))
    return pd.DataFrame(steps, columns=["lost", "known", "paid", "incurred"]).astype({"paid": float, "incurred": float})


@pytest.mark.parametrize("measure", ["paid", "incurred"])
def test_equals_chainladder(dirty_world: Home, measure: str) -> None:
    steps = claim_steps(dirty_world)
    assert len(steps) > 40
    theirs = chainladder.Triangle(
        steps, origin="lost", development="known", columns=[measure], cumulative=False
    ).grain("OQDQ").incr_to_cum()  # fmt: skip
    frame = theirs.to_frame(origin_as_datetime=True)
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        ours = triangle_of(connection, CITY, "ALL", "ALL", measure)
    compared = 0
    for row in ours.to_dicts():
        year, quarter = row["出险季度"].split("Q")
        origin = pd.Period(f"{year}Q{quarter}", freq="Q").start_time
        for development in range(1, ours.width):
            mine = row.get(str(development))
            months = 3 * development
            if months not in frame.columns or pd.isna(frame.loc[origin, months]):
                continue
            # A quarter before anything of a loss quarter was known is empty here and nothing there.
            assert round(float(frame.loc[origin, months])) == int(100 * (mine or 0)), (row["出险季度"], development)
            compared += 1
    assert compared > 60


def test_no_triangle(dirty_world: Home) -> None:
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        with pytest.raises(NoTriangle, match="weihai"):
            triangle_of(connection, "", "ALL", "ALL", "paid")
        with pytest.raises(NoTriangle, match="没有赔案"):
            triangle_of(connection, CITY, "nothing", "ALL", "paid")


def test_export(dirty_world: Home, tmp_path: Path) -> None:
    out = tmp_path / "三角形.csv"
    done = dirty_world.anze("triangle", "--jurisdiction", CITY, "--measure", "claims", "--out", str(out))
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert rows[0][0] == "出险季度" and len(rows) > 1
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        known = connection.execute(
            "select max(claims) from marts.claim_development where jurisdiction = ? and industry_code = 'ALL' and insurer_code = 'ALL'", [CITY]
        ).fetchall()[0][0]  # fmt: skip
    assert max(int(cell) for row in rows[1:] for cell in row[1:] if cell) == known
    assert dirty_world.anze("triangle", "--jurisdiction", CITY, "--measure", "nothing").returncode == 2
