"""The extract for one department, district or insurer: what it may see, as DuckDB, Parquet and a workbook.

What belongs here: writing the views of pipelines/warehouse/rights.py out. What does not: who may see what (there), what the
lists in the workbook look like (pipelines/warehouse/lists.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.documents.spreadsheet import workbook, write_table
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS
from pipelines.warehouse.lists import LISTS, read, seen
from pipelines.warehouse.reach import in_one_line
from pipelines.warehouse.rights import Audience, open_as
from pipelines.warehouse.tables import comments_in, copy_tables, fresh_file, literal, quoted, write_comments


@dataclass(frozen=True)
class Extract:
    """What was written: the folder, and rows per table."""

    folder: Path
    rows: dict[str, int]


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
            connection.execute(f"copy {quoted(table)} to {literal(str(file))} (format parquet)")
        _write_workbook(connection, folder / f"{who.provider}.xlsx", who)
    for stale in (folder / "parquet").glob("*.parquet"):
        if stale.stem not in rows:
            stale.unlink()
    target.unlink(missing_ok=True)
    partial.replace(target)
    return Extract(folder, rows)


def write_database(warehouse: Path, who: Audience, path: Path) -> dict[str, int]:
    """Everything the audience may see in a fresh read-only file, comments included; rows per table."""
    with open_as(warehouse, who) as views:
        connection = views.connection
        tables = sorted(table for table in seen(connection) if table.split(".")[0] in PUBLISHED_SCHEMAS)
        fresh_file(path, PUBLISHED_SCHEMAS)
        connection.execute(f"attach {literal(str(path))} as extract")
        rows = copy_tables(connection, "extract", tables)
        _own_counts(connection, rows)
        write_comments(connection, "extract", comments_in(connection, "whole", tables))
    path.chmod(0o440)
    return rows


def _own_counts(connection: duckdb.DuckDBPyConnection, rows: dict[str, int]) -> None:
    """The publication as the audience may know it: what the others sent, and how much of it there is, is theirs (trust.md 5)."""
    connection.execute(
        "update extract.meta.publication set row_counts = ?, source_hash = null, "
        "source_files = (select count(*) from extract.quality.files)",
        [json.dumps(rows)],
    )


def _write_workbook(connection: duckdb.DuckDBPyConnection, path: Path, who: Audience) -> None:
    """A sheet per list, or several where one does not hold it."""
    dates = in_one_line(connection)
    tables = seen(connection)
    with workbook(str(path)) as book:
        for listing in LISTS.values():
            if listing.table not in tables:
                continue
            rows = read(connection, listing, None, tables=tables)
            write_table(book, listing.title, rows.frame, f"{who.name}　{dates}")
