"""The extract for one department, district or insurer: what it may see, as DuckDB, Parquet and a workbook.

What belongs here: writing the views of rights.py out. What does not: who may see what (rights.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.publish.dictionary import PUBLISHED_SCHEMAS
from pipelines.publish.publication import STORAGE_VERSION
from pipelines.publish.rights import Audience, open_as
from pipelines.report.spreadsheet import workbook, write_table

SHEETS = (
    "supervision_metrics", "insurer_metrics", "uninsured_units", "underinsured_units", "insured_units", "findings", "hazard_overdue",
    "service_contract_gaps", "claim_timeliness", "fee_ledger_balance", "accident_lookback", "problem_list", "submissions",
)  # fmt: skip
"""The lists people open in Excel; everything is in the DuckDB and Parquet files."""
ROWS_IN_A_SHEET = 1_000_000


@dataclass(frozen=True)
class Extract:
    """What was written: the folder, and rows per table."""

    folder: Path
    rows: dict[str, int]
    too_long: list[str]


def write_extract(warehouse: Path, who: Audience, out: Path) -> Extract:
    """Writes `<provider>.duckdb`, `parquet/<schema>.<table>.parquet` and `<provider>.xlsx` into out/<provider>/.

    Files are made under other names and renamed, so that a reader never sees half of one.
    """
    folder = out / who.provider
    (folder / "parquet").mkdir(parents=True, exist_ok=True)
    target, partial = folder / f"{who.provider}.duckdb", folder / f".{who.provider}.duckdb"
    partial.unlink(missing_ok=True)
    with open_as(warehouse, who) as connection:
        tables = [
            f'{schema}."{name}"'
            for schema, name in connection.execute(
                "select schema_name, view_name from duckdb_views() where not internal and schema_name = any(?) order by all",
                [PUBLISHED_SCHEMAS],
            ).fetchall()
        ]
        connection.execute(f"attach '{_path(partial)}' as extract (storage_version '{STORAGE_VERSION}')")
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema extract.{schema}")
        rows: dict[str, int] = {}
        for table in tables:
            connection.execute(f"create table extract.{table} as select * from {table}")
            rows[table.replace('"', "")] = connection.execute(f"select count(*) from extract.{table}").fetchall()[0][0]
            file = folder / "parquet" / f"{table.replace(chr(34), '')}.parquet"
            connection.execute(f"copy extract.{table} to '{_path(file)}' (format parquet)")
        _comment(connection)
        connection.execute("checkpoint extract")
        too_long = _write_workbook(connection, folder / f"{who.provider}.xlsx", who, rows)
    for stale in (folder / "parquet").glob("*.parquet"):
        if stale.stem not in rows:
            stale.unlink()
    target.unlink(missing_ok=True)
    partial.replace(target)
    target.chmod(0o440)
    return Extract(folder, rows, too_long)


def _comment(connection: duckdb.DuckDBPyConnection) -> None:
    """The Chinese comments of tables and columns come along."""
    seen = "(select schema_name || '.' || table_name from duckdb_tables() where database_name = 'extract')"
    for schema, table, comment in connection.execute(
        f"select schema_name, table_name, comment from duckdb_tables() where database_name = 'whole' and comment is not null and schema_name || '.' || table_name in {seen}"
    ).fetchall():
        connection.execute(f'comment on table extract.{schema}."{table}" is {_quoted(comment)}')
    for schema, table, column, comment in connection.execute(
        f"select schema_name, table_name, column_name, comment from duckdb_columns() where database_name = 'whole' and comment is not null and schema_name || '.' || table_name in {seen}"
    ).fetchall():
        connection.execute(f'comment on column extract.{schema}."{table}"."{column}" is {_quoted(comment)}')


def _write_workbook(
    connection: duckdb.DuckDBPyConnection, path: Path, who: Audience, rows: dict[str, int]
) -> list[str]:
    """A sheet per list with Chinese headers; lists too long for a sheet are named instead of cut."""
    titles = {
        (table, column): title
        for table, column, title in connection.execute(
            "select table_name, column_name, chinese_name from meta.data_dictionary where table_schema = 'marts'"
        ).fetchall()
    }
    as_of = connection.execute("select as_of from meta.publication").fetchall()[0][0]
    wanted = [table for table in SHEETS if f"marts.{table}" in rows]
    too_long = [table for table in wanted if rows[f"marts.{table}"] > ROWS_IN_A_SHEET]
    with workbook(str(path)) as book:
        for table in wanted:
            if table in too_long:
                continue
            frame = connection.sql(f"select * from extract.marts.{table} order by all").pl()
            frame = frame.rename(_headers(table, frame, titles))
            write_table(book, (titles.get((table, "")) or table)[:31], frame, f"{who.name}　取数时点 {as_of}")
    return too_long


def _headers(table: str, frame: pl.DataFrame, titles: dict[tuple[str, str], str]) -> dict[str, str]:
    """Chinese column names, made unique."""
    seen: set[str] = set()
    headers = {}
    for column in frame.columns:
        title = titles.get((table, column)) or column
        headers[column] = title if title not in seen else f"{title}（{column}）"
        seen.add(title)
    return headers


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _path(path: Path) -> str:
    return str(path).replace("'", "''")
