"""The landing files as Spark tables.

What belongs here: an empty catalogue at the start of a night, one external table per feed over its Parquet files. What
does not: reading what senders sent (pipelines/ingest): Spark begins where a drop has been read once.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb

from pipelines.feeds.contracts import contracts, reference_contracts
from pipelines.feeds.reference import TABLES
from pipelines.settings import Settings
from pipelines.transform.spark.session import folder, landing_uri, tables_uri

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LANDING, LOADED, REFERENCE = "landing", "landing_loaded", "reference_data"
"""Schemas: every landed row (dbt's source), the rows of drops that are loaded (what the gates look at), reference data."""

SCHEMAS = (
    LANDING,
    LOADED,
    REFERENCE,
    "gates",
    "main",
    "reference",
    "staging",
    "intermediate",
    "marts",
    "quality",
    "meta",
)
"""All that a night makes; in a catalogue shared with others, nothing else is touched."""

SINGLE_FILES = ("files", "calendar")


def forget_catalogue(settings: Settings) -> None:
    """Removes last night's catalogue and local tables; before Spark starts."""
    for name in ("metastore", "tables", "spill"):
        shutil.rmtree(folder(settings) / name, ignore_errors=True)


def register(spark: SparkSession, settings: Settings) -> None:
    """Makes the tables of both schemas.

    Columns and types come from all files of a feed (a file of an older contract lacks the newer columns), read by
    DuckDB, which only looks at their footers.
    """
    _empty(spark, tables_uri(settings))
    for schema in (LANDING, LOADED, REFERENCE):
        spark.sql(f"create schema {schema}")
    for feed in (*contracts(), "_issues", *SINGLE_FILES):
        path = f"{feed}.parquet" if feed in SINGLE_FILES else feed
        _table(spark, settings, f"{LANDING}.{feed}", path, path if feed in SINGLE_FILES else f"{feed}/*.parquet")
    for name in reference_contracts():
        path = f"{TABLES}/{name}.parquet"
        _table(spark, settings, f"{REFERENCE}.{name}", path, path)
    spark.sql(f"create view {LOADED}.files as select * from {LANDING}.files")
    for feed in contracts():
        spark.sql(
            f"create view {LOADED}.{feed} as select * from {LANDING}.{feed} "
            f"where file_id in (select file_id from {LANDING}.files where status = 'loaded')"
        )


def _empty(spark: SparkSession, uri: str) -> None:
    """Drops what a catalogue that outlives the night still has, and the files of its tables."""
    for schema in SCHEMAS:
        spark.sql(f"drop schema if exists {schema} cascade")
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    path = jvm.org.apache.hadoop.fs.Path(uri)
    path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).delete(path, True)


def _table(spark: SparkSession, settings: Settings, table: str, path: str, files: str) -> None:
    columns = ", ".join(f"`{name}` {type_name}" for name, type_name in _columns(settings, files).items())
    spark.sql(f"create table {table} ({columns}) using parquet location '{landing_uri(settings)}/{path}'")


def _columns(settings: Settings, files: str) -> dict[str, str]:
    path = settings.landing / files
    with duckdb.connect() as connection:
        described = connection.execute(
            "describe select * from read_parquet(?, union_by_name = true)", [str(path)]
        ).fetchall()
    return {name: _type(kind) for name, kind, *_ in described}


def _type(kind: str) -> str:
    return {"VARCHAR": "string", "TIMESTAMP": "timestamp_ntz"}.get(kind, kind.lower())
