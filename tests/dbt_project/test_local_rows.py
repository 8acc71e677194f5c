"""A city's own row beside each national one: the city goes by it, the other does not, and no row doubles (home.md)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
from conftest import Home, compiled_once, copied
from local_rows import DATED, MORE_THAN_NATIONAL, drop_local_rows

from pipelines.transform import compiled


def built(world: Home, folder: Path, own: dict[str, Callable[[pl.DataFrame], pl.DataFrame]]) -> Path:
    """A build of the world in which one city has rows of its own beside all national ones."""
    home = copied(world, folder)
    shutil.rmtree(home.path / "warehouse")
    drop_local_rows(home, own)
    assert not [
        landed
        for landed in home.land().values()
        if landed.refused or (landed.rows_quarantined and landed.feed in DATED)
    ]
    compiled.run(compiled_once(), home.settings, home.settings.build)
    return home.settings.build


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


def test_a_citys_own_rows(dirty_world: Home, tmp_path: Path) -> None:
    before = built(dirty_world, tmp_path / "1", {})
    copies = dict.fromkeys((table for table in DATED if table not in MORE_THAN_NATIONAL), lambda rows: rows)
    same = built(dirty_world, tmp_path / "2", copies)
    other = built(dirty_world, tmp_path / "3", DATED)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{before}' as before (read_only); attach '{same}' as after (read_only)")
        assert differing(connection, "true") == set()
        connection.execute(f"detach after; attach '{other}' as after (read_only)")
        assert differing(connection, "jurisdiction is distinct from 'weihai'") == set()
        assert differing(connection, "jurisdiction = 'weihai'") >= {
            "marts.findings", "marts.evidence_compliance", "marts.assessment", "marts.submissions", "marts.voluntary_growth",
            "marts.claim_timeliness", "marts.accident_lookback",
        }  # fmt: skip
