"""A city's own row beside each national one: the city goes by it, the other does not, and no row doubles (home.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import Home, compiled_once

from pipelines.settings import SEEDS
from pipelines.transform import compiled

# Tables of dated rows that may be national, and what is changed in the rows of a city of its own.
DATED: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "ref_rule": lambda rows: rows.with_columns(value_num=(pl.col("value_num").cast(pl.Float64) * 3).cast(pl.String)),
    "ref_finding_rule": lambda rows: rows.with_columns(severity=pl.lit("中"), threshold=(pl.col("threshold").cast(pl.Float64) * 3).cast(pl.String)),
    "ref_score_weight": lambda rows: rows.with_columns(weight=pl.when(pl.col("part_code") == "participation_rate").then(pl.lit("0.9")).otherwise("weight")),
    "ref_deadline": lambda rows: rows.with_columns(due_month=pl.lit("3")),
    "ref_industry_duty": lambda rows: rows.with_columns(is_mandatory=pl.lit("false")),
}  # fmt: skip
NATIONAL_ONLY = {"ref_deadline", "ref_industry_duty"}
"""Tables without a national row as shipped: the test makes those of one city national."""


def built(world: Home, seeds: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiled, "SEEDS", seeds)
    compiled.run(compiled_once(), world.settings, folder / "build.duckdb")
    return folder / "build.duckdb"


def seeds_with(folder: Path, local: dict[str, Callable[[pl.DataFrame], pl.DataFrame]]) -> Path:
    """The shipped tables; of each dated one the rows of 威海 made national, and rows of 威海 beside all national ones."""
    folder.mkdir()
    for path in SEEDS.glob("*.csv"):
        table = pl.read_csv(path, infer_schema=False)
        if path.stem in NATIONAL_ONLY:
            table = table.filter(pl.col("jurisdiction") == "weihai").with_columns(jurisdiction=pl.lit(None, pl.String))
        if path.stem in local:
            national = table.filter(pl.col("jurisdiction").is_null())
            assert national.height
            own = local[path.stem](national).with_columns(jurisdiction=pl.lit("weihai")).select(table.columns)
            table = pl.concat([table, own])
        table.write_csv(folder / path.name)
    return folder


def differing(connection: duckdb.DuckDBPyConnection, where: str) -> set[str]:
    """Tables of marts and quality with a row in one build that is not in the other, among those with a column `jurisdiction`."""
    tables = connection.execute(
        "select table_schema || '.' || table_name from information_schema.columns where table_catalog = 'before' "
        "and table_schema in ('marts', 'quality') and column_name = 'jurisdiction'"
    ).fetchall()
    assert len(tables) > 40
    found = set()
    for (table,) in tables:
        one, other = (f"select * from {build}.{table} where {where}" for build in ("before", "after"))
        count = connection.execute(
            f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))"
        ).fetchone()
        if count and count[0]:
            found.add(table)
    return found


def test_a_citys_own_rows(dirty_world: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built(dirty_world, seeds_with(tmp_path / "national", {}), tmp_path / "1", monkeypatch)
    same = built(
        dirty_world, seeds_with(tmp_path / "same", dict.fromkeys(DATED, lambda rows: rows)), tmp_path / "2", monkeypatch
    )
    other = built(dirty_world, seeds_with(tmp_path / "other", DATED), tmp_path / "3", monkeypatch)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{before}' as before (read_only); attach '{same}' as after (read_only)")
        assert differing(connection, "true") == set()
        connection.execute(f"detach after; attach '{other}' as after (read_only)")
        assert differing(connection, "jurisdiction is distinct from 'weihai'") == set()
        assert differing(connection, "jurisdiction = 'weihai'") >= {
            "marts.findings", "marts.evidence_compliance", "marts.assessment", "marts.submissions", "marts.voluntary_growth",
            "marts.claim_timeliness", "marts.accident_lookback",
        }  # fmt: skip
