"""Who reads the drops of a night: threads for a few small texts, processes for everything else.

What belongs here: starting and ending them, what happens when one dies. What does not: what they do (drop.py).

A parser that runs out of memory or trips over hostile bytes may end its process, with no exception to catch. Workbooks,
Parquet and archives are therefore never read in the night's own process; the drop that a worker dies of is refused.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import PurePosixPath

from pipelines.ingest.drop import Reading
from pipelines.ingest.manifest import Drop, Receipt
from pipelines.settings import environment

# Below this much to read, starting other processes costs more than they save.
FEW_FILES, FEW_BYTES = 150, 48 << 20
TEXTS = {".csv", ".txt", ".tsv"}
PR_SET_PDEATHSIG = 1

_reading: Reading | None = None


Landed = Iterator[tuple[Drop, Receipt | None]]


def land_all(reading: Reading, drops: list[Drop]) -> Landed:
    """Lands drops; each with its receipt, in the order they are done."""
    count = reading.settings.threads
    texts = all(PurePosixPath(drop.path).suffix.lower() in TEXTS for drop in drops)
    if texts and len(drops) <= FEW_FILES and sum(drop.size for drop in drops) <= FEW_BYTES:
        with ThreadPoolExecutor(count) as threads:
            yield from zip(drops, threads.map(reading.land, drops), strict=True)
        return
    with environment("POLARS_MAX_THREADS", "1"):
        yield from _by_processes(reading, drops, count)


def _by_processes(reading: Reading, drops: list[Drop], count: int) -> Landed:
    """When a worker dies, the drops that may have been its death are read each in a process of its own."""
    left = drops
    while left:
        finished = set()
        with _processes(reading, count) as processes:
            try:
                futures = {processes.submit(_land, drop): drop for drop in left}
            except BrokenProcessPool:
                futures = {}
            for future in as_completed(futures):
                if not isinstance(future.exception(), BrokenProcessPool):
                    finished.add(futures[future].path)
                    yield futures[future], future.result()
        # Drops are begun in their order: those in work when it happened are the first that are left.
        left = [drop for drop in left if drop.path not in finished]
        for drop in left[:count]:
            yield drop, _alone(reading, drop)
        left = left[count:]


def _alone(reading: Reading, drop: Drop) -> Receipt | None:
    try:
        with _processes(reading, 1) as process:
            return process.submit(_land, drop).result()
    except BrokenProcessPool:
        return reading.refuse_deadly(drop)


def _processes(reading: Reading, count: int) -> ProcessPoolExecutor:
    """New processes and no copies of this one: Polars' threads do not survive a fork."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (reading, os.getpid()))


def _begin(reading: Reading, parent: int) -> None:
    """A worker ends with the night that started it, however that ends (kill -9 included)."""
    global _reading  # noqa: PLW0603 - what a worker is told once
    _reading = reading
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    limit_memory(reading.settings.reader_memory_mb)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(megabytes: int) -> None:
    """A few damaged bytes may ask a parser for more memory than the machine has: this process ends over it, not the machine."""
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))


def _land(drop: Drop) -> Receipt | None:
    assert _reading is not None
    return _reading.land(drop)
