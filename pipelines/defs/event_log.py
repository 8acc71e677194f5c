"""Dagster's log of events in SQLite, without a new engine for every event.

What belongs here: how the log's files are opened. What does not: what Dagster writes there; which storage is used
(dagster.yaml, written by pipelines/nightly.py).

A night writes some eight hundred events and asks as often what was there before. Dagster makes an SQLAlchemy engine each
time, which compiles its statements anew and waits for the disk: a tenth of a city's night.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.pool import NullPool


class EventLog(SqliteEventLogStorage):
    """The same files at the same place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._engines: dict[str, sqlalchemy.Engine] = {}
        super().__init__(*args, **kwargs)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        if shard not in self._initialized_dbs:
            with super()._connect(shard):
                pass  # Dagster makes the file or brings it up to date
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        if shard not in self._engines:
            engine = sqlalchemy.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=NullPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            sqlalchemy.event.listen(engine, "connect", _without_waiting)
            self._engines[shard] = engine
        return self._engines[shard]


def _without_waiting(connection: Any, _record: object) -> None:
    """Nothing that happened is lost when the process ends, and no file is damaged when the machine does (SQLite, WAL)."""
    connection.execute("pragma synchronous = normal")
