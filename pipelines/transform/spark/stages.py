"""The stages of a night that need a Spark of their own: `python -m pipelines.transform.spark.stages NAME`.

What belongs here: the gates over Spark's tables. What does not: what the gates check (expectations/), how results are
recorded (pipelines/gates/run.py). dbt starts its own Spark.
"""

from __future__ import annotations

import sys
from typing import Any

from pyspark.sql import SparkSession

from pipelines.gates.run import PREVIOUS_HEADLINE, check, previous_headline
from pipelines.gates.suites import Suite, landing_suites, mart_suites
from pipelines.settings import Settings
from pipelines.settings import settings as load_settings
from pipelines.transform.spark.landing import LOADED, forget_catalogue, register
from pipelines.transform.spark.marts import bring_back
from pipelines.transform.spark.session import session


class SparkTables:
    """Tables of the catalogue. A name without a schema is one of the current schema."""

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark
        self.source: Any = None

    def batch(self, context: Any, suite: Suite) -> tuple[Any, dict[str, Any]]:
        self.source = self.source or context.data_sources.add_spark("spark")
        asset = self.source.add_dataframe_asset(suite.suite)
        return asset.add_batch_definition_whole_dataframe("whole"), {"dataframe": self.spark.table(suite.table)}

    def rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        frame = self.spark.sql(query)
        return frame.columns, [tuple(row) for row in frame.collect()]


def landing_gates(settings: Settings) -> None:
    """A fresh catalogue over the landing files, and the gates of every feed."""
    forget_catalogue(settings)
    spark = session()
    register(spark, settings)
    spark.catalog.setCurrentDatabase(LOADED)
    check(settings, "landing", landing_suites(), SparkTables(spark))


def marts_gates(settings: Settings) -> None:
    """The gates of the marts, against the last publication where one exists; then the marts go back to DuckDB."""
    spark = session()
    spark.sql("create schema if not exists gates")
    spark.sql("drop table if exists gates.previous_headline")
    columns = ", ".join(f"{name} {kind}" for name, kind in PREVIOUS_HEADLINE.items())
    spark.sql(f"create table gates.previous_headline ({columns}) using parquet")
    rows = ", ".join(
        "(" + ", ".join(map(_literal, row, PREVIOUS_HEADLINE.values())) + ")" for row in previous_headline(settings)
    )
    if rows:
        spark.sql(f"insert into gates.previous_headline values {rows}")
    check(settings, "marts", mart_suites(), SparkTables(spark))
    bring_back(spark, settings)


def _literal(value: object, kind: str) -> str:
    return f"cast(null as {kind})" if value is None else f"cast('{value}' as {kind})"


STAGES = {"landing_gates": landing_gates, "marts_gates": marts_gates}

if __name__ == "__main__":
    STAGES[sys.argv[1]](load_settings())
