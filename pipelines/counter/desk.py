"""The desk: takes files, lays them down as drops, has them looked at, remembers what was found.

What belongs here: the life of a drop from its first byte to its receipt. What does not: HTTP (api.py, pages.py), what is right and wrong in
a file (pipelines/ingest), what a publication knows of it (service.py).

A drop is acknowledged only when it lies whole in raw/ and its record is on disk; the look at it comes after. Its number (receipt_number) is
made of sender, feed and content, so that the same content handed in again is the same drop; quality.file_balance.receipt_no is the same number.

counter/drops/<sender>/<number>.json, .issues.parquet, .policies.parquet; counter/incoming/ holds what is still coming, and how far a look is.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import io
import json
import logging
import os
import re
import secrets
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from pipelines.access.guard import Denied
from pipelines.access.tokens import folder
from pipelines.feeds.reference import Reference
from pipelines.ingest.checks.issues import ISSUE_SCHEMA
from pipelines.ingest.manifest import receipt_number, write_atomically
from pipelines.ingest.readers.sheet import Refused
from pipelines.ingest.readers.tables import SUFFIXES
from pipelines.ingest.receive import POLICIES, Looked, lay_down, look_at
from pipelines.ingest.workers import limit_memory
from pipelines.processes import processes
from pipelines.settings import CHINA, Settings, use_home

LOG = logging.getLogger("anze.counter")
LOOKERS = 2
NUMBER = re.compile(r"[0-9a-f]{24}")
NAME_CHARACTERS = 120
ROOM_LEFT, ROOM_EVERY = 1 << 30, 8 << 20
"""Bytes that stay free on the disk, as the night needs them; after so many more bytes of a file it is looked again."""
ARRIVING_AT_ONCE = 10
"""Files of one sender: nobody takes all the room there is at the counter."""
FORMS_AT_ONCE = 4
"""Forms of one sender whose files are still coming: they lie in the temporary folder before the desk sees them."""
CHUNK_SECONDS = 30
"""A sender that sends nothing for so long is let go."""
UPLOAD_SECONDS = 3600
"""A file that has not come whole by then is not taken, however steadily it drips."""
RECEIVED, READABLE, REFUSED, CHECKED = "received", "readable", "refused", "checked"


@dataclass(frozen=True)
class Entry:
    """What is known of a drop. `path` is relative to raw/; `state`: received (waits to be looked at), readable (being looked at: `rows_in`
    rows so far), refused, checked."""

    number: str
    provider: str
    feed: str
    file_name: str
    size: int
    sha256: str
    received_at: str
    path: str = ""
    state: str = RECEIVED
    refused: str = ""
    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    unread: tuple[str, ...] = ()
    checked_at: str = ""
    since: str = ""
    """Of the reference data it was taken under: after a change of them the same content is another drop (drop.py)."""
    about: tuple[str, ...] = ()
    """Numbers of what its rows answer, where they were given one by one."""


class Busy(Exception):
    """Another server has the desk of this home."""


class Desk:
    """One desk of a home; all its methods are called by the one server that has it."""

    def __init__(self, settings: Settings) -> None:
        """Raises Busy where another server has the desk of this home."""
        self.settings = settings
        self.lock = (folder(settings) / ".desk.lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("另一个窗口服务正在使用这个数据目录。") from None
        self.drops = folder(settings) / "drops"
        self.incoming = folder(settings) / "incoming"
        shutil.rmtree(self.incoming, ignore_errors=True)  # nothing in it was ever acknowledged
        self.incoming.mkdir(parents=True)
        self.lookers = self._pool(LOOKERS)
        self.writer = self._pool(1)
        self.alone = asyncio.Semaphore(1)
        self.taking: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self.looking: set[asyncio.Task[None]] = set()
        self.arriving: Counter[str] = Counter()
        self.forms: Counter[str] = Counter()
        self.form_bytes = 0
        self.stamps: dict[tuple[str, str], datetime] = {}

    def _pool(self, count: int) -> ProcessPoolExecutor:
        return processes(count, limit_memory, self.settings.reader_memory_mb)

    @contextmanager
    def form(self, provider: str, size: int) -> Iterator[None]:
        """While a form of so many bytes comes in.

        Raises:
            Denied: too many of one sender, or no room where forms are kept meanwhile.
        """
        if self.forms[provider] >= FORMS_AT_ONCE:
            raise Denied(429, f"本单位已有 {FORMS_AT_ONCE} 份表单正在传送，请等它们传完。")
        if shutil.disk_usage(tempfile.gettempdir()).free - self.form_bytes - size < ROOM_LEFT:
            raise Denied(507, "服务器磁盘空间不足，请稍后再报。")
        self.forms[provider] += 1
        self.form_bytes += size
        try:
            yield
        finally:
            self.forms[provider] -= 1
            self.form_bytes -= size

    @asynccontextmanager
    async def _coming(
        self, chunks: AsyncIterator[bytes], provider: str, feed: str, name: str, limit: int
    ) -> AsyncIterator[tuple[Entry, Path]]:
        """A file that has come whole, in a folder of its own that goes when it has been dealt with.

        Raises:
            Denied: too large, too slow, of no known kind, or no room.
        """
        file_name = safe_name(name)
        if self.arriving[provider] >= ARRIVING_AT_ONCE:
            raise Denied(429, f"本单位已有 {ARRIVING_AT_ONCE} 份文件正在传送，请等它们传完。")
        place = self.incoming / secrets.token_hex(12)
        place.mkdir()
        self.arriving[provider] += 1
        try:
            try:
                async with asyncio.timeout(UPLOAD_SECONDS):
                    size, sha256 = await _stream(chunks, place / file_name, limit)
            except TimeoutError:
                raise Denied(408, f"{UPLOAD_SECONDS // 60} 分钟没有传完，已断开，请拆分后重新报送。") from None
            number = receipt_number(provider, feed, sha256)
            now = datetime.now(CHINA)
            yield Entry(number, provider, feed, file_name, size, sha256, f"{now:%Y-%m-%dT%H:%M:%S}"), place / file_name
        finally:
            self.arriving[provider] -= 1
            shutil.rmtree(place, ignore_errors=True)

    async def take(
        self, chunks: AsyncIterator[bytes], provider: str, feed: str, name: str, limit: int, about: tuple[str, ...] = ()
    ) -> tuple[Entry, bool]:
        """Takes a file; returns its record, and whether it is new. Raises what `_coming` raises."""
        coming = self._coming(chunks, provider, feed, name, limit)
        # One after the other: the same content sent twice at once is one drop, and stamps follow each other.
        async with coming as (entry, path), self.taking[provider, feed]:
            known, since = self.entry(provider, entry.number), Reference.on(self.settings.landing).since
            if known is not None and known.since == since:
                return known, False
            now = await self._stamp(provider, feed)
            laid = await asyncio.to_thread(lay_down, self.settings, path, provider, feed, now)
            _synced(laid)
            taken = replace(
                entry, received_at=f"{now:%Y-%m-%dT%H:%M:%S}", path=laid.relative_to(self.settings.raw).as_posix(), since=since, about=about
            )  # fmt: skip
            self._remember(taken)
        self._in_background(self._look_later(taken))
        return taken, True

    async def _stamp(self, provider: str, feed: str) -> datetime:
        """When a drop is received: no two of a sender and feed in the same second, so that the later one is the newer."""
        before = self.stamps.get((provider, feed))
        now = datetime.now(CHINA).replace(microsecond=0)
        stamp = self.stamps[provider, feed] = now if before is None else max(now, before + timedelta(seconds=1))
        await asyncio.sleep((stamp - now).total_seconds())
        return stamp

    async def try_out(
        self, chunks: AsyncIterator[bytes], provider: str, feed: str, name: str, limit: int
    ) -> tuple[Entry, pl.DataFrame]:
        """What would be found in a file, and its problems; the file is forgotten. Raises what `_coming` raises."""
        async with self._coming(chunks, provider, feed, name, limit) as (entry, path):
            looked = await self._look(path, entry, path.parent / "rows")
        return _found(entry, looked), _sorted(looked.issues)

    async def _look_later(self, entry: Entry) -> None:
        """Looks, and remembers what was found; whatever goes wrong with one drop, the others are looked at."""
        try:
            looked = await self._look(self.settings.raw / entry.path, entry, self._progress(entry.number))
            for frame, suffix in ((looked.issues, ".issues.parquet"), (looked.policies, ".policies.parquet")):
                await asyncio.to_thread(_write, frame, self._place(entry, suffix))
            self._remember(_found(entry, looked))
        except Exception:
            LOG.exception("drop %s cannot be looked at", entry.number)
            self._remember(
                replace(
                    entry, state=REFUSED, refused="窗口没有检查成。文件已收下，是否入库以夜间作业为准；请告知管理员。"
                )
            )
        finally:
            self._progress(entry.number).unlink(missing_ok=True)

    async def _look(self, path: Path, entry: Entry, progress: Path) -> Looked:
        """The look, in a bounded process. When one dies, all that waited for the pool are looked at again, one at a time and each in a
        process of its own; one that takes that down too is refused."""
        day = datetime.fromisoformat(entry.received_at).date()
        look = partial(
            look_in_process, str(self.settings.home), str(path), entry.provider, entry.feed, day, str(progress)
        )
        loop = asyncio.get_running_loop()
        lookers = self.lookers
        try:
            return await loop.run_in_executor(lookers, look)
        except BrokenProcessPool:
            if lookers is self.lookers:  # of several that fell with it, the first makes a new one
                self.lookers = self._pool(LOOKERS)
        async with self.alone:
            alone = self._pool(1)
            try:
                return await loop.run_in_executor(alone, look)
            except BrokenProcessPool:
                stalled = Refused("stalled", seconds=self.settings.reader_seconds)
                return Looked(stalled.message, (0, 0, 0, 0), (), pl.DataFrame(schema=ISSUE_SCHEMA))
            finally:
                alone.shutdown(wait=False)

    async def written(self, write: Callable[[], None]) -> None:
        """Runs what reads a file once more (corrections) in a bounded process, apart from the looks.

        Raises:
            Denied: the process died of it.
        """
        writer = self.writer
        try:
            await asyncio.get_running_loop().run_in_executor(writer, write)
        except BrokenProcessPool:
            if writer is self.writer:
                self.writer = self._pool(1)
            raise Denied(503, "更正工作簿没有生成，请稍后再试。") from None

    def look_at_the_rest(self) -> None:
        """What was acknowledged and not looked at when the server ended is looked at now, in the background."""
        self._in_background(self._look_at_the_rest())

    async def _look_at_the_rest(self) -> None:
        for path in await asyncio.to_thread(sorted, self.drops.glob("*/*.json")):
            entry = _read(path)
            if entry and entry.state == RECEIVED:
                await self._look_later(entry)

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self.looking.add(task)  # a task that nobody holds may be forgotten
        task.add_done_callback(self.looking.discard)

    def entry(self, provider: str, number: str) -> Entry | None:
        """A sender's own drop as far as it is; None: it has none of that number."""
        if not NUMBER.fullmatch(number):
            return None
        path = self.drops / provider / f"{number}.json"
        entry = _read(path) if path.exists() else None
        if entry is None:
            return None
        if entry.state == CHECKED and not self._place(entry, ".issues.parquet").exists():
            entry = replace(entry, state=RECEIVED)  # what was found has been lost: it is looked at again
            self._remember(entry)
            self._in_background(self._look_later(entry))
        try:
            rows = int(self._progress(number).read_text()) if entry.state == RECEIVED else 0
        except (OSError, ValueError):
            rows = 0
        return replace(entry, state=READABLE, rows_in=rows) if rows else entry

    def entries(self, provider: str, page: int, size: int) -> tuple[list[Entry], int]:
        """A page of a sender's drops that came by the counter, the newest first, and how many there are."""
        names = sorted(
            ((item.stat().st_ctime_ns, item.name) for item in os.scandir(self.drops / provider) if item.name.endswith(".json")), reverse=True
        ) if (self.drops / provider).exists() else []  # fmt: skip
        chosen = (self.entry(provider, name.removesuffix(".json")) for _, name in names[(page - 1) * size :][:size])
        found = [entry for entry in chosen if entry]
        return sorted(found, key=lambda entry: (entry.received_at, entry.number), reverse=True), len(names)

    def issues(self, entry: Entry) -> pl.DataFrame:
        """Every problem found in a drop, in the order of its rows."""
        path = self._place(entry, ".issues.parquet")
        try:
            return _sorted(pl.read_parquet(path))
        except FileNotFoundError:
            return pl.DataFrame(schema=ISSUE_SCHEMA)
        except pl.exceptions.PolarsError:
            path.unlink()  # damaged: found again at the next look
            raise Denied(503, "这份回执的明细损坏，正在重新检查，请刷新。") from None

    def policies(self, entry: Entry) -> pl.DataFrame:
        """The policies that accepted rows of a drop name (POLICIES)."""
        path = self._place(entry, ".policies.parquet")
        return pl.read_parquet(path) if path.exists() else pl.DataFrame(schema=POLICIES)

    def close(self) -> None:
        self.writer.shutdown(wait=False, cancel_futures=True)
        self.lock.close()
        self.lookers.shutdown(wait=False, cancel_futures=True)

    def _place(self, entry: Entry, suffix: str) -> Path:
        return self.drops / entry.provider / f"{entry.number}{suffix}"

    def _progress(self, number: str) -> Path:
        return self.incoming / f"{number}.rows"

    def _remember(self, entry: Entry) -> None:
        path = self._place(entry, ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(entry), ensure_ascii=False, indent=1).encode())
        _synced(path)


def look_in_process(home: str, path: str, provider: str, feed: str, day: date, progress: str) -> Looked:
    """In a process of its own: the settings are read again there; how many rows were read so far stands in a file."""

    def told(rows: int) -> None:
        write_atomically(Path(progress), str(rows).encode(), durable=False)

    return look_at(use_home(Path(home)), Path(path), provider, feed, day, told)


def safe_name(name: str) -> str:
    """The last part of a name as a sender gave it, without what no file name should have; never a path.

    Raises:
        Denied: a kind of file that no feed is read from.
    """
    last = re.split(r"[\\/]", name)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').rstrip(". ")
    suffix = Path(f"x{kept}").suffix.lower()
    if suffix not in SUFFIXES:
        raise Denied(415, f"「{kept or '（没有文件名）'}」：只收 {'、'.join(sorted(SUFFIXES))} 文件。")
    # No beginning that a night takes for a file that is still being written (manifest.is_unfinished).
    stem = kept[: -len(suffix)].strip(". ").lstrip("~$. ") or "文件"
    if suffix == ".gz" and (inner := Path(f"x{stem}").suffix.lower()) in SUFFIXES:
        stem, suffix = stem[: -len(inner)] or "文件", inner + suffix  # what is packed is told by it
    return stem.encode()[:NAME_CHARACTERS].decode(errors="ignore") + suffix


async def _stream(chunks: AsyncIterator[bytes], path: Path, limit: int) -> tuple[int, str]:
    """Writes what comes to disk, counted and hashed on the way; nothing is kept in memory."""
    size, looked, digest = 0, 0, hashlib.sha256()
    with path.open("wb") as file:
        while True:
            if size >= looked:
                looked = size + ROOM_EVERY
                if shutil.disk_usage(path.parent).free < ROOM_LEFT:
                    raise Denied(507, "服务器磁盘空间不足，请稍后再报。")
            try:
                chunk = await asyncio.wait_for(anext(chunks, None), CHUNK_SECONDS)
            except TimeoutError:
                raise Denied(408, f"{CHUNK_SECONDS} 秒没有收到数据，已断开，请重新报送。") from None
            if chunk is None:
                break
            size += len(chunk)
            if size > limit:
                raise Denied(413, f"文件超过 {limit >> 20} MB。请按月或按表拆分后报送。")
            digest.update(chunk)
            file.write(chunk)
    if not size:
        raise Denied(400, "文件是空的。")
    return size, digest.hexdigest()


def _found(entry: Entry, looked: Looked) -> Entry:
    rows_in, accepted, quarantined, duplicate = looked.counts
    state = REFUSED if looked.refused else CHECKED
    now = f"{datetime.now(CHINA):%Y-%m-%dT%H:%M:%S}"
    return replace(
        entry, state=state, refused=looked.refused, rows_in=rows_in, accepted=accepted, quarantined=quarantined, duplicate=duplicate,
        unread=looked.unread, checked_at=now,
    )  # fmt: skip


def _sorted(issues: pl.DataFrame) -> pl.DataFrame:
    return issues.sort("sheet", "line_no", "column_name", nulls_last=True, maintain_order=True)


def _write(frame: pl.DataFrame, path: Path) -> None:
    """The whole of it or nothing: it may be read at any moment."""
    content = io.BytesIO()
    frame.write_parquet(content)
    write_atomically(path, content.getvalue(), durable=False)


def _read(path: Path) -> Entry | None:
    """A record; None: it is damaged, which is logged. The file it was of lies in raw/ all the same."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        return Entry(**row | {name: tuple(row[name]) for name in ("unread", "about")})
    except (ValueError, TypeError, KeyError):
        LOG.warning("damaged record %s", path)
        return None


def _synced(path: Path) -> None:
    """The file and the folder that names it are on disk."""
    for place in (path, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
