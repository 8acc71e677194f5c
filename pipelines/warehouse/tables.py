"""Files of the warehouse: which day they are of; copying tables into another one, Chinese comments included.

What belongs here: how a file that leaves the warehouse is filled. What does not: which tables and rows
(pipelines/publish/publication.py, rights.py).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

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


def fresh_file(path: Path, schemas: list[str]) -> None:
    """An empty file with schemas, in the format that is published; whatever was there goes."""
    for old in (path, path.with_name(path.name + ".wal")):
        old.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(path))} as target (storage_version '{STORAGE_VERSION}')")
        for schema in schemas:
            connection.execute(f"create schema target.{schema}")


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse file as it is, read-only, whoever else has it open.

    Where another program holds it read-write, or has left a log (.wal) beside it that DuckDB would replay, a copy is read:
    nothing that was not published gets in.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = path
        if path.with_name(f"{path.name}.wal").exists():
            place = Path(shutil.copyfile(path, Path(folder) / path.name))
        try:
            connection = duckdb.connect(str(place), read_only=True)
        except duckdb.IOException as held:
            if "lock" not in str(held):
                raise
            place = Path(shutil.copyfile(path, Path(folder) / path.name))
            connection = duckdb.connect(str(place), read_only=True)
        with connection:
            yield connection


Comment = tuple[str, str, str]
"""`schema.table`, column (empty: the table), text."""


def copy_tables(
    connection: duckdb.DuckDBPyConnection, target: str, tables: list[str], at_once: int = 1
) -> dict[str, int]:
    """Writes tables or views of a connection into an attached file; those that it has already stay as they are.

    Args:
        target: the name under which the file is attached.
        tables: `schema.table`.
        at_once: tables written side by side: a small one, and the end of a large one, keep one core busy only.
            They must not rest on temporary tables, which nobody but this connection sees.
    Returns:
        rows per table.
    """

    def copy(table: str) -> int:
        with nullcontext(connection) if at_once == 1 else connection.cursor() as own:
            own.execute(f"create table if not exists {target}.{quoted(table)} as select * from {quoted(table)}")
            rows: int = own.execute(f"select count(*) from {target}.{quoted(table)}").fetchall()[0][0]
            return rows

    with ThreadPoolExecutor(at_once) as pool:
        return dict(zip(tables, pool.map(copy, tables), strict=True))


def write_comments(connection: duckdb.DuckDBPyConnection, target: str, comments: list[Comment]) -> None:
    """Comments on tables of an attached file and on their columns."""
    statements = ["begin"]
    for table, column, text in comments:
        what = f'column {target}.{quoted(table)}."{column}"' if column else f"table {target}.{quoted(table)}"
        statements.append(f"comment on {what} is {literal(text)}")
    connection.execute(";\n".join([*statements, "commit"]))


def comments_in(connection: duckdb.DuckDBPyConnection, database: str, tables: list[str]) -> list[Comment]:
    """The comments on tables of an attached file."""
    return connection.execute(
        "select schema_name || '.' || table_name, column_name, comment from ("
        "  select database_name, schema_name, table_name, '' as column_name, comment from duckdb_tables()"
        "  union all select database_name, schema_name, table_name, column_name, comment from duckdb_columns()"
        ") where database_name = ? and comment is not null and list_contains(?, schema_name || '.' || table_name)",
        [database, tables],
    ).fetchall()


def dicts(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query by the names of their columns, money exact."""
    found = connection.execute(sql, list(parameters))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
