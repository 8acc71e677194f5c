"""The example queries for analysts, and writing the result of any query to a file.

What belongs here: finding the examples of dbt_project/analyses and their questions; result files. What does not: the
queries themselves.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.documents.spreadsheet import workbook, write_csv, write_table
from pipelines.settings import DBT_PROJECT

FOLDER = DBT_PROJECT / "analyses"
WRITTEN_AS = (".csv", ".xlsx", ".parquet")


def examples() -> dict[str, str]:
    """Name and question of every example."""
    return {
        path.stem: path.read_text(encoding="utf-8").splitlines()[0].lstrip("- ")
        for path in sorted(FOLDER.glob("*.sql"))
    }


def example(name: str) -> str:
    """The SQL of an example.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in examples():
        raise KeyError(name)
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def write_result(frame: pl.DataFrame, path: Path, title: str) -> None:
    """A result as CSV (with byte order mark), workbook or Parquet, by the file's ending; no cell starts a formula.

    Raises:
        ValueError: another ending.
    """
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        write_csv(frame, path)
    elif path.suffix == ".xlsx":
        with workbook(str(path)) as book:
            write_table(book, "查询结果", frame, title)
    else:
        raise ValueError(f"{path.suffix}：只能写成 {'、'.join(WRITTEN_AS)}")
