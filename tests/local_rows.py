"""A city's own rows beside the national ones, as drops: for tests of models on every engine.

What belongs here: which tables have dated rows, what is changed in a city's own. What does not: what comes of it (the tests).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from conftest import Home, bundled

from pipelines.feeds.contracts import reference_contracts

# Tables of dated rows that may be national, and what is changed in the rows of a city of its own.
DATED: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "ref_rule": lambda rows: rows.with_columns(value_num=pl.col("value_num") * 3),
    "ref_finding_rule": lambda rows: rows.with_columns(severity=pl.lit("中"), threshold=pl.col("threshold") * 3),
    "ref_score_weight": lambda rows: rows.with_columns(weight=pl.when(pl.col("part_code") == "participation_rate").then(0.9).otherwise("weight")),
    "ref_deadline": lambda rows: rows.with_columns(due_month=3),
    "ref_industry_duty": lambda rows: rows.with_columns(is_mandatory=False),
    "ref_finding_clause": lambda rows: rows.with_columns(article=pl.lit("本市条款")),
}  # fmt: skip
MORE_THAN_NATIONAL = ("ref_finding_clause",)
"""Tables of which cities have rows beside national ones already, so that a copy of a national one is a later row of theirs."""
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


def drop_local_rows(home: Home, own: dict[str, Callable[[pl.DataFrame], pl.DataFrame]]) -> None:
    """One city's rows of its own beside all national ones; tables that are shipped without get national rows first."""
    for table in WITHOUT_NATIONAL:
        cities = bundled().table(table).filter(pl.col("jurisdiction").is_not_null())
        dropped(home, table, "撤销.csv", cities, record_status="撤销")
        dropped(home, table, "全国.csv", national(table))
    for table, changed in own.items():
        assert national(table).height
        rows = changed(national(table)).with_columns(jurisdiction=pl.lit("weihai"))
        dropped(home, table, "自己.csv", rows.select(bundled().table(table).columns))
