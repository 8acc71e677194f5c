"""Dagster's log of events in SQLite, without a new engine for every event.

What belongs here: how the log's files are opened. What does not: what Dagster writes there; which storage is used
(dagster.yaml, written by pipelines/nightly.py).

A night writes some eight hundred events and asks as often what was there before. Dagster makes an SQLAlchemy engine each
time, which compiles its statements anew and waits for the disk: a tenth of a city's night.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import local
from typing import Any

import sqlalchemy
from dagster import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import NullPool


class EventLog(SqliteEventLogStorage):
    """The same files at the same place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._engines: dict[str, sqlalchemy.Engine] = {}
        self._held = local()
        super().__init__(*args, **kwargs)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> EventLog:
        """Dagster's own would make one of Dagster's."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        held = self._connections_held()
        if shard in held:
            yield held[shard]
            return
        self._prepare(shard)
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _prepare(self, shard: str) -> None:
        """Dagster makes the file or brings it up to date."""
        if shard not in self._initialized_dbs:
            with super()._connect(shard):
                pass

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """One transaction for each file, instead of two for each event."""
        shards = sorted({event.run_id for event in events} | {INDEX_SHARD_NAME})
        for shard in shards:
            self._prepare(shard)
        held = self._connections_held()
        with self._db_lock, ExitStack() as stack:
            stack.callback(held.clear)
            for shard in shards:
                held[shard] = stack.enter_context(self._engine(shard).begin())
            super().store_event_batch(events)

    def _connections_held(self) -> dict[str, sqlalchemy.Connection]:
        """This thread's connections for the batch it writes, by shard; SQLite's belong to one thread."""
        if not hasattr(self._held, "connections"):
            self._held.connections = {}
        connections: dict[str, sqlalchemy.Connection] = self._held.connections
        return connections

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
