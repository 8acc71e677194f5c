"""The desk: takes files, lays them down as drops, has them looked at, remembers what was found.

What belongs here: the life of a drop from its first byte to its receipt. What does not: HTTP (api.py, pages.py), what is right and wrong in
a file (pipelines/ingest).

A drop is acknowledged only when it lies whole in raw/ and its record is on disk; the look at it comes after. Its number is made of sender,
feed and content, so that the same content handed in again is the same drop.

counter/drops/<sender>/<number>.json, .issues.parquet; counter/incoming/ holds what is still coming.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import polars as pl

from pipelines.counter.tokens import folder
from pipelines.ingest.checks.issues import ISSUE_SCHEMA
from pipelines.ingest.manifest import write_atomically
from pipelines.ingest.readers.sheet import Refused
from pipelines.ingest.readers.tables import SUFFIXES
from pipelines.ingest.receive import Looked, lay_down, look_at
from pipelines.ingest.workers import limit_memory
from pipelines.processes import processes
from pipelines.settings import CHINA, Settings, use_home
from pipelines.warehouse.tables import reading

LOOKERS = 2
NUMBER = re.compile(r"[0-9a-f]{24}")
NAME_CHARACTERS = 120
ROOM_LEFT = 1 << 30
"""Bytes that stay free on the disk: the night needs them."""
CHUNK_SECONDS = 30
"""A sender that sends nothing for so long is let go."""
RECEIVED, REFUSED, CHECKED = "received", "refused", "checked"


class NotTaken(Exception):
    """What was sent is not taken: an HTTP status and a message for the sender."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Entry:
    """What is known of a drop. `path` is relative to raw/; `state`: received (being looked at), refused, checked."""

    number: str
    provider: str
    feed: str
    file_name: str
    size: int
    sha256: str
    received_at: str
    path: str
    state: str = RECEIVED
    refused: str = ""
    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    unread: tuple[str, ...] = ()
    checked_at: str = ""


class Desk:
    """One desk of a home; all its methods are called by the one server that has it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.drops = folder(settings) / "drops"
        self.incoming = folder(settings) / "incoming"
        shutil.rmtree(self.incoming, ignore_errors=True)  # nothing in it was ever acknowledged
        self.incoming.mkdir(parents=True)
        self.lookers = self._pool(LOOKERS)
        self.looking: set[asyncio.Task[None]] = set()

    def _pool(self, count: int) -> ProcessPoolExecutor:
        return processes(count, limit_memory, self.settings.reader_memory_mb)

    async def take(
        self, chunks: AsyncIterator[bytes], provider: str, feed: str, name: str, limit: int, dry_run: bool = False
    ) -> tuple[Entry, bool]:
        """Takes a file; returns its record, and whether it is new. A dry run is looked at and forgotten.

        Raises:
            NotTaken: too large, too slow, of no known kind, or no room.
        """
        file_name = safe_name(name)
        if shutil.disk_usage(self.settings.home).free < ROOM_LEFT:
            raise NotTaken(507, "服务器磁盘空间不足，请稍后再报。")
        coming = self.incoming / secrets.token_hex(12)
        try:
            size, sha256 = await _stream(chunks, coming, limit)
            number = hashlib.sha256(f"{provider}\0{feed}\0{sha256}".encode()).hexdigest()[:24]
            now = datetime.now(CHINA)
            entry = Entry(number, provider, feed, file_name, size, sha256, f"{now:%Y-%m-%dT%H:%M:%S}", "")
            if dry_run:
                named = coming.with_name(f"{coming.name}{Path(file_name).suffix}")
                coming.rename(named)
                try:
                    return _found(entry, await self._look(named, entry))[0], False
                finally:
                    named.unlink(missing_ok=True)
            known = self.entry(provider, number)
            if known is not None:
                return known, False
            # Renamed to its own name first: it is laid down under it.
            kept = self.incoming / number / file_name
            kept.parent.mkdir(exist_ok=True)
            coming.rename(kept)
            try:
                laid = await asyncio.to_thread(lay_down, self.settings, kept, provider, feed, now)
            finally:
                shutil.rmtree(kept.parent, ignore_errors=True)
            _synced(laid)
            entry = replace(entry, path=laid.relative_to(self.settings.raw).as_posix())
            self._remember(entry)
        finally:
            coming.unlink(missing_ok=True)
        task = asyncio.create_task(self._look_later(entry))
        self.looking.add(task)
        task.add_done_callback(self.looking.discard)
        return entry, True

    async def _look_later(self, entry: Entry) -> None:
        looked = await self._look(self.settings.raw / entry.path, entry)
        entry, issues = _found(entry, looked)
        issues.write_parquet(self._place(entry.provider, entry.number, ".issues.parquet"))
        self._remember(entry)

    async def _look(self, path: Path, entry: Entry) -> Looked:
        """The look, in a bounded process; one that its process dies of is looked at once more alone, then refused."""
        day = datetime.fromisoformat(entry.received_at).date()
        look = partial(look_in_process, str(self.settings.home), str(path), entry.provider, entry.feed, day)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.lookers, look)
        except BrokenProcessPool:
            self.lookers = self._pool(LOOKERS)
        alone = self._pool(1)
        try:
            return await loop.run_in_executor(alone, look)
        except BrokenProcessPool:
            stalled = Refused("stalled", seconds=self.settings.reader_seconds)
            return Looked(stalled.message, (0, 0, 0, 0), (), pl.DataFrame(schema=ISSUE_SCHEMA))
        finally:
            alone.shutdown(wait=False)

    async def look_at_the_rest(self) -> None:
        """What was acknowledged and not looked at when the server ended: looked at now."""
        for path in sorted(self.drops.glob("*/*.json")):
            entry = _read(path)
            if entry.state == RECEIVED:
                await self._look_later(entry)

    def entry(self, provider: str, number: str) -> Entry | None:
        """A sender's own drop; None: it has none of that number."""
        if not NUMBER.fullmatch(number):
            return None
        path = self._place(provider, number, ".json")
        return _read(path) if path.exists() else None

    def entries(self, provider: str) -> list[Entry]:
        """All drops of a sender that came by the counter, the newest first."""
        found = [_read(path) for path in (self.drops / provider).glob("*.json")]
        return sorted(found, key=lambda entry: (entry.received_at, entry.number), reverse=True)

    def issues(self, entry: Entry) -> pl.DataFrame:
        """Every problem found in a drop, in the order of its rows."""
        path = self._place(entry.provider, entry.number, ".issues.parquet")
        if not path.exists():
            return pl.DataFrame(schema=ISSUE_SCHEMA)
        return pl.read_parquet(path).sort("sheet", "line_no", "column_name", nulls_last=True, maintain_order=True)

    def in_warehouse(self, entry: Entry) -> str:
        """The publication that knows the drop; empty: none does yet."""
        if not self.settings.published.exists():
            return ""
        with reading(self.settings.published) as connection:
            found = connection.execute(
                "select publication_id from meta.publication where exists (select 1 from quality.files where provider = ? and feed = ? and sha256 = ?)",
                [entry.provider, entry.feed, entry.sha256],
            ).fetchall()
        return str(found[0][0]) if found else ""

    def close(self) -> None:
        self.lookers.shutdown(wait=False, cancel_futures=True)

    def _place(self, provider: str, number: str, suffix: str) -> Path:
        return self.drops / provider / f"{number}{suffix}"

    def _remember(self, entry: Entry) -> None:
        path = self._place(entry.provider, entry.number, ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(entry), ensure_ascii=False, indent=1).encode())
        _synced(path)


def look_in_process(home: str, path: str, provider: str, feed: str, day: date) -> Looked:
    """In a process of its own: the settings are read again there."""
    return look_at(use_home(Path(home)), Path(path), provider, feed, day)


def safe_name(name: str) -> str:
    """The last part of a name as a sender gave it, without what no file name should have; never a path.

    Raises:
        NotTaken: a kind of file that no feed is read from.
    """
    last = re.split(r"[\\/]", name)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').rstrip(". ")
    suffix = Path(f"x{kept}").suffix.lower()
    if suffix not in SUFFIXES:
        raise NotTaken(415, f"「{kept or '（没有文件名）'}」：只收 {'、'.join(sorted(SUFFIXES))} 文件。")
    stem = kept[: -len(suffix)].strip(". ") or "文件"
    return stem.encode()[:NAME_CHARACTERS].decode(errors="ignore") + suffix


async def _stream(chunks: AsyncIterator[bytes], path: Path, limit: int) -> tuple[int, str]:
    """Writes what comes to disk, counted and hashed on the way; nothing is kept in memory."""
    size, digest = 0, hashlib.sha256()
    with path.open("wb") as file:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks, None), CHUNK_SECONDS)
            except TimeoutError:
                raise NotTaken(408, f"{CHUNK_SECONDS} 秒没有收到数据，已断开，请重新报送。") from None
            if chunk is None:
                break
            size += len(chunk)
            if size > limit:
                raise NotTaken(413, f"文件超过 {limit >> 20} MB。请按月或按表拆分后报送。")
            digest.update(chunk)
            file.write(chunk)
    if not size:
        raise NotTaken(400, "文件是空的。")
    return size, digest.hexdigest()


def _found(entry: Entry, looked: Looked) -> tuple[Entry, pl.DataFrame]:
    rows_in, accepted, quarantined, duplicate = looked.counts
    state = REFUSED if looked.refused else CHECKED
    now = f"{datetime.now(CHINA):%Y-%m-%dT%H:%M:%S}"
    return replace(
        entry, state=state, refused=looked.refused, rows_in=rows_in, accepted=accepted, quarantined=quarantined, duplicate=duplicate,
        unread=looked.unread, checked_at=now,
    ), looked.issues  # fmt: skip


def _read(path: Path) -> Entry:
    row = json.loads(path.read_text(encoding="utf-8"))
    return Entry(**row | {"unread": tuple(row["unread"])})


def _synced(path: Path) -> None:
    """The file and the folder that names it are on disk."""
    for place in (path, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
