"""The file that pages are read from: the publication in force, or one audience's extract of it.

What belongs here: noticing a new publication, giving it a path of its own, keeping it open, forgetting old ones. What does not: what is
shown (pages.py), who may see what (pipelines/warehouse/rights.py).

DuckDB hands out the same open database for the same path, even after the file was replaced; hence a path per publication.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from pipelines.publish.extract import write_database
from pipelines.settings import Settings
from pipelines.warehouse.held_back import from_json, in_words
from pipelines.warehouse.rights import audience

FORGET_AFTER = 24 * 3600
"""Seconds after which a path that is no longer shown goes."""
PATIENCE = 2
"""Seconds a page waits for its file; one that takes longer is said to be on its way."""
OPEN_AT_ONCE = 16


class NotReady(Exception):
    """There is nothing to show yet, or any more; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """A warehouse file for one audience. `provider` empty: everything."""

    path: Path
    provider: str
    publication_id: str
    as_of: date
    built_at: datetime
    held_back: str = ""
    """In words, if a city of the audience stays at a day before."""


def identity(settings: Settings) -> str:
    """Changes with every publication; empty: there is none."""
    try:
        stat = settings.published.stat()
    except OSError:
        return ""
    return f"{stat.st_ino}-{stat.st_mtime_ns}"


def source(settings: Settings, provider: str, version: str) -> Source:
    """The file to read for an audience.

    Args:
        version: what `identity` said.
    Raises:
        NotReady: nothing is published yet, or the file cannot be read.
        NoAudience: no such provider.
    """
    if not version:
        raise NotReady(
            f"还没有发布的数据仓（{settings.published}）。请先登记报送文件（anze receive），再运行 anze nightly；发布后本页会自动打开。"
        )
    folder = settings.home / "dashboard"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{provider or 'everything'}_{version}.duckdb"
    try:
        if not path.exists():
            _make(settings, provider, path)
        with duckdb.connect(str(path), read_only=True) as connection:
            publication_id, as_of, built_at, held = connection.execute(
                "select publication_id, as_of, built_at, held_back from meta.publication"
            ).fetchall()[0]
    except (duckdb.Error, OSError, IndexError) as error:
        raise NotReady(f"数据仓文件读不了：{error}。请运行 anze doctor 检查，或重新运行 anze nightly。") from error
    _forget_old(folder, version)
    return Source(path, provider, publication_id, as_of, built_at, in_words(from_json(held)))


def _make(settings: Settings, provider: str, path: Path) -> None:
    partial = path.with_name(f".{os.getpid()}_{path.name}")
    partial.unlink(missing_ok=True)
    if provider:
        write_database(settings.published, audience(settings.published, provider), partial)
    else:
        try:
            os.link(settings.published, partial)
        except OSError:
            shutil.copyfile(settings.published, partial)
    partial.replace(path)


def _forget_old(folder: Path, version: str) -> None:
    for path in folder.glob("*.duckdb"):
        if version not in path.name and time.time() - path.stat().st_atime > FORGET_AFTER:
            path.unlink(missing_ok=True)


class Library:
    """The files that are open, a connection of each; made once per publication, however many ask at the same time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.coming: dict[tuple[str, str], asyncio.Task[tuple[Source, duckdb.DuckDBPyConnection]]] = {}

    async def open(self, provider: str) -> tuple[Source, duckdb.DuckDBPyConnection]:
        """The file of an audience (empty: everything) as it is now, and a cursor of its own to read it with.

        Raises:
            NotReady: nothing is published, the file cannot be read, or it is still being made.
            NoAudience: no such provider.
        """
        version = identity(self.settings)
        key = (provider, version)
        if key not in self.coming:
            for old in [known for known in self.coming if known[1] != version][: -OPEN_AT_ONCE or None]:
                del self.coming[old]
            self.coming[key] = asyncio.create_task(asyncio.to_thread(self._opened, provider, version))
        try:
            found, connection = await asyncio.wait_for(asyncio.shield(self.coming[key]), PATIENCE)
        except TimeoutError:
            raise NotReady("新的发布正在准备，请稍候，本页会自动打开。") from None
        except BaseException:
            self.coming.pop(key, None)  # not for ever: the next one tries again
            raise
        return found, connection.cursor()

    def _opened(self, provider: str, version: str) -> tuple[Source, duckdb.DuckDBPyConnection]:
        found = source(self.settings, provider, version)
        return found, duckdb.connect(str(found.path), read_only=True)
