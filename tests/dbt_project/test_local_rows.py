"""A city's own row beside each national one: the city goes by it, the other does not, and no row doubles (home.md)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
from conftest import Home, bundled, compiled_once, copied

from pipelines.feeds.contracts import reference_contracts
from pipelines.transform import compiled

# Tables of dated rows that may be national, and what is changed in the rows of a city of its own.
DATED: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "ref_rule": lambda rows: rows.with_columns(value_num=pl.col("value_num") * 3),
    "ref_finding_rule": lambda rows: rows.with_columns(severity=pl.lit("中"), threshold=pl.col("threshold") * 3),
    "ref_score_weight": lambda rows: rows.with_columns(weight=pl.when(pl.col("part_code") == "participation_rate").then(0.9).otherwise("weight")),
    "ref_deadline": lambda rows: rows.with_columns(due_month=3),
    "ref_industry_duty": lambda rows: rows.with_columns(is_mandatory=False),
}  # fmt: skip
WITHOUT_NATIONAL = ("ref_deadline", "ref_industry_duty")
"""Tables without a national row as shipped: the test makes those of one city national."""


def dropped(home: Home, table: str, name: str, rows: pl.DataFrame, **more: str) -> None:
    """Rows of reference data as a drop of the home's first day."""
    text = rows.with_columns(pl.col(pl.Boolean).cast(pl.String).replace({"true": "是", "false": "否"}))
    text = text.with_columns(pl.all().cast(pl.String)).with_columns(
        pl.lit(value).alias(column) for column, value in more.items()
    )
    titles = {column: reference_contracts()[table].columns[column].title for column in text.columns}
    home.drop("_reference", table, "2018-01-01", name, text.rename(titles).write_csv())


def national(table: str) -> pl.DataFrame:
    """National rows of a table, as the test has them; the bundled table holds both."""
    rows = bundled().table(table)
    if table in WITHOUT_NATIONAL:
        rows = rows.filter(jurisdiction="weihai").with_columns(jurisdiction=pl.lit(None, pl.String))
    return rows.filter(pl.col("jurisdiction").is_null())


def built(world: Home, folder: Path, own: dict[str, Callable[[pl.DataFrame], pl.DataFrame]]) -> Path:
    """A build of the world in which one city has rows of its own beside all national ones."""
    home = copied(world, folder)
    shutil.rmtree(home.path / "warehouse")
    for table in WITHOUT_NATIONAL:
        cities = bundled().table(table).filter(pl.col("jurisdiction").is_not_null())
        dropped(home, table, "撤销.csv", cities, record_status="撤销")
        dropped(home, table, "全国.csv", national(table))
    for table, changed in own.items():
        assert national(table).height
        rows = changed(national(table)).with_columns(jurisdiction=pl.lit("weihai"))
        dropped(home, table, "自己.csv", rows.select(bundled().table(table).columns))
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
    same = built(dirty_world, tmp_path / "2", dict.fromkeys(DATED, lambda rows: rows))
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
