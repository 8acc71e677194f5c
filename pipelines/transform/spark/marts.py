"""The finished marts back in DuckDB: whoever reads the warehouse does not notice which engine computed it.

What belongs here: the private build made of views over the files Spark has written. What does not: publication
(pipelines/publish), which copies the views as it copies tables.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import duckdb

from pipelines.settings import Settings
from pipelines.transform.compiled import Step, steps
from pipelines.transform.project import manifest_path
from pipelines.transform.spark.session import folder, tables_uri
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS
from pipelines.warehouse.tables import literal, quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

READ_BESIDE = ("intermediate.int_as_of",)
"""What a publication reads and does not publish."""


def bring_back(spark: SparkSession, settings: Settings) -> None:
    """Makes the private build anew: one view per published table, with the types of its contract."""
    nodes = json.loads(manifest_path(settings).read_text(encoding="utf-8"))["nodes"]
    for path in (settings.build, settings.build.with_name(settings.build.name + ".wal")):
        path.unlink(missing_ok=True)
    with duckdb.connect(str(settings.build)) as connection:
        for step in steps(nodes):
            if step.schema in PUBLISHED_SCHEMAS or f"{step.schema}.{step.name}" in READ_BESIDE:
                connection.execute(f"create schema if not exists {step.schema}")
                _view(connection, step, _local(spark, settings, step))


def _view(connection: duckdb.DuckDBPyConnection, step: Step, files: Path) -> None:
    # Spark writes no file for no rows.
    written = any(files.glob("*.parquet"))
    source = f"from read_parquet({literal(str(files / '*.parquet'))})" if written else "where false"
    columns = []
    for name, kind in step.types.items():
        column = f'"{name}"'
        columns.append(f"cast({column if written else 'null'} as {kind}) as {column}")
    relation = quoted(f"{step.schema}.{step.name}")
    connection.execute(f"create view {relation} as select {', '.join(columns) or '*'} {source}")


def _local(spark: SparkSession, settings: Settings, step: Step) -> Path:
    """The folder of a table's files on this machine; fetched when Spark wrote them elsewhere."""
    uri = f"{tables_uri(settings)}/{step.schema}.db/{step.name.lower()}"
    if urlsplit(uri).scheme == "file":
        return Path(unquote(urlsplit(uri).path))
    target = folder(settings) / "tables" / step.schema / step.name
    target.parent.mkdir(parents=True, exist_ok=True)
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    path = jvm.org.apache.hadoop.fs.Path
    source = path(uri)
    source.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).copyToLocalFile(source, path(target.as_uri()))
    return target
