"""Copying tables into another DuckDB file, Chinese comments included.

What belongs here: how a file that leaves the warehouse is filled. What does not: which tables and rows (publication.py,
rights.py).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import duckdb

STORAGE_VERSION = "v1.2.0"
"""Clients of DuckDB 1.2 and later open what is written (docs/decisions/0002-storage-version.md)."""


def literal(text: str) -> str:
    """A text as SQL spells it."""
    return "'" + text.replace("'", "''") + "'"


def quoted(table: str) -> str:
    """`schema.table` as SQL spells it."""
    schema, name = table.split(".")
    return f'{schema}."{name}"'


def copy_tables(
    connection: duckdb.DuckDBPyConnection,
    path: str,
    tables: list[str],
    schemas: list[str],
    described_in: str,
    at_once: int = 1,
) -> dict[str, int]:
    """Writes tables or views of a connection into a fresh file.

    Args:
        tables: `schema.table`; schemas: made even where they stay empty.
        described_in: the attached database whose comments come along.
        at_once: tables written side by side: a small one, and the end of a large one, keep one core busy only.
            They must not rest on temporary tables, which nobody but this connection sees.
    Returns:
        rows per table.
    """
    connection.execute(f"attach {literal(path)} as target (storage_version '{STORAGE_VERSION}')")
    for schema in schemas:
        connection.execute(f"create schema target.{schema}")

    def copy(table: str) -> int:
        with nullcontext(connection) if at_once == 1 else connection.cursor() as own:
            own.execute(f"create table target.{quoted(table)} as select * from {quoted(table)}")
            rows: int = own.execute(f"select count(*) from target.{quoted(table)}").fetchall()[0][0]
            return rows

    with ThreadPoolExecutor(at_once) as pool:
        rows = dict(zip(tables, pool.map(copy, tables), strict=True))
    here = "database_name = ? and comment is not null and list_contains(?, schema_name || '.' || table_name)"
    relations = (
        "(select database_name, schema_name, table_name, comment from duckdb_tables() "
        "union all select database_name, schema_name, view_name as table_name, comment from duckdb_views())"
    )
    comments = [
        f"comment on table target.{quoted(table)} is {literal(comment)}"
        for table, comment in connection.execute(
            f"select schema_name || '.' || table_name, comment from {relations} where {here}", [described_in, tables]
        ).fetchall()
    ] + [
        f'comment on column target.{quoted(table)}."{column}" is {literal(comment)}'
        for table, column, comment in connection.execute(
            f"select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where {here}",
            [described_in, tables],
        ).fetchall()
    ]
    connection.execute(";\n".join(["begin", *comments, "commit", "checkpoint target"]))
    connection.execute("detach target")
    return rows
