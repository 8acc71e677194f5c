"""The extract for one department, district or insurer: what it may see, as DuckDB, Parquet and a workbook.

What belongs here: writing the views of rights.py out. What does not: who may see what (rights.py), what the lists in the
workbook look like (lists.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.publish.dictionary import PUBLISHED_SCHEMAS
from pipelines.publish.lists import LISTS, read, seen
from pipelines.publish.publication import STORAGE_VERSION
from pipelines.publish.rights import Audience, open_as
from pipelines.report.spreadsheet import workbook, write_table

ROWS_IN_A_SHEET = 1_000_000


@dataclass(frozen=True)
class Extract:
    """What was written: the folder, rows per table, and lists too long for a sheet."""

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
    rows = write_database(warehouse, who, partial)
    with duckdb.connect(str(partial), read_only=True) as connection:
        for table in rows:
            file = folder / "parquet" / f"{table}.parquet"
            connection.execute(f"copy {_name(table)} to {_quoted(str(file))} (format parquet)")
        too_long = _write_workbook(connection, folder / f"{who.provider}.xlsx", who)
    for stale in (folder / "parquet").glob("*.parquet"):
        if stale.stem not in rows:
            stale.unlink()
    target.unlink(missing_ok=True)
    partial.replace(target)
    return Extract(folder, rows, too_long)


def write_database(warehouse: Path, who: Audience, path: Path) -> dict[str, int]:
    """Everything the audience may see in a fresh read-only file, comments included; rows per table."""
    with open_as(warehouse, who) as connection:
        tables = sorted(table for table in seen(connection) if table.split(".")[0] in PUBLISHED_SCHEMAS)
        connection.execute(f"attach {_quoted(str(path))} as extract (storage_version '{STORAGE_VERSION}')")
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema extract.{schema}")
        rows: dict[str, int] = {}
        for table in tables:
            connection.execute(f"create table extract.{_name(table)} as select * from {_name(table)}")
            rows[table] = connection.execute(f"select count(*) from extract.{_name(table)}").fetchall()[0][0]
        _comment(connection)
        connection.execute("checkpoint extract")
    path.chmod(0o440)
    return rows


def _comment(connection: duckdb.DuckDBPyConnection) -> None:
    """The Chinese comments of tables and columns come along."""
    mine = "(select schema_name || '.' || table_name from duckdb_tables() where database_name = 'extract')"
    here = f"database_name = 'whole' and comment is not null and schema_name || '.' || table_name in {mine}"
    for schema, table, comment in connection.execute(
        f"select schema_name, table_name, comment from duckdb_tables() where {here}"
    ).fetchall():
        connection.execute(f'comment on table extract.{schema}."{table}" is {_quoted(comment)}')
    for schema, table, column, comment in connection.execute(
        f"select schema_name, table_name, column_name, comment from duckdb_columns() where {here}"
    ).fetchall():
        connection.execute(f'comment on column extract.{schema}."{table}"."{column}" is {_quoted(comment)}')


def _write_workbook(connection: duckdb.DuckDBPyConnection, path: Path, who: Audience) -> list[str]:
    """A sheet per list; lists too long for a sheet are named instead of cut."""
    as_of = connection.execute("select as_of from meta.publication").fetchall()[0][0]
    tables = seen(connection)
    too_long = []
    with workbook(str(path)) as book:
        for listing in LISTS.values():
            if listing.table not in tables:
                continue
            rows = read(connection, listing, ROWS_IN_A_SHEET, tables=tables)
            if rows.total > ROWS_IN_A_SHEET:
                too_long.append(listing.title)
            else:
                write_table(book, listing.title[:31], rows.frame, f"{who.name}　取数时点 {as_of}")
    return too_long


def _name(table: str) -> str:
    schema, name = table.split(".")
    return f'{schema}."{name}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
