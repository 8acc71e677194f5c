"""A SQLAlchemy dialect for reading a DuckDB file through Great Expectations.

What belongs here: the few differences from duckdb_engine that Great Expectations needs. It reads a
result after it has given the connection back; the rollback on the way drops DuckDB's pending result
(great_expectations issue 11579). On a read-only file there is nothing to roll back: one connection is
kept and begin, commit and rollback do nothing. What does not: opening files other than for gates.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb_engine
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL
from sqlalchemy.pool import Pool, StaticPool

from pipelines.warehouse.tables import literal

NAME = "duckdb_reader"
_open: list[Any] = []
_beside: list[Path] = []


class DuckDBReader(duckdb_engine.Dialect):  # type: ignore[misc]
    """duckdb_engine over one read-only connection; every schema of the file is on the search path."""

    supports_statement_cache = False

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return StaticPool

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = super().connect(*args, **kwargs)
        for path in _beside:
            connection.execute(f"attach if not exists {literal(str(path))} (read_only)")
        connection.execute(
            "select string_agg(schema_name, ',') from duckdb_schemas() where database_name = current_database() and not internal"
        )
        schemas = connection.fetchone()[0] or "main"
        connection.execute(f"set search_path = '{schemas}'")
        _open.append(connection)
        return connection

    def do_begin(self, dbapi_connection: Any) -> None:
        pass

    def do_commit(self, dbapi_connection: Any) -> None:
        pass

    def do_rollback(self, dbapi_connection: Any) -> None:
        pass


def register(beside: Path | None = None) -> None:
    """`beside`: a DuckDB file that views look into, attached under its name."""
    _beside[:] = [beside] if beside and beside.exists() else []
    registry.register(NAME, __name__, DuckDBReader.__name__)


def close_connections() -> None:
    """Closes what the gates opened: the file must be free for the writer that comes after them."""
    while _open:
        _open.pop().close()
