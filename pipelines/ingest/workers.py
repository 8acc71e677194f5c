"""Who reads the drops of a night: threads for a few small texts, processes for everything else.

What belongs here: starting and ending them, what happens when one dies. What does not: what they do (drop.py).

A parser that runs out of memory or trips over hostile bytes may end its process, with no exception to catch. Workbooks,
Parquet and archives are therefore never read in the night's own process; the drop that a worker dies of is refused.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import PurePosixPath

from pipelines.ingest.drop import Reading
from pipelines.ingest.manifest import Drop, Receipt

# Below this much to read, starting other processes costs more than they save.
FEW_FILES, FEW_BYTES = 150, 48 << 20
TEXTS = {".csv", ".txt", ".tsv"}
PR_SET_PDEATHSIG = 1

_reading: Reading | None = None


@contextmanager
def workers(reading: Reading, drops: list[Drop]) -> Iterator[Callable[[list[Drop]], Iterator[Receipt | None]]]:
    """What lands drops, in their order."""
    count = reading.settings.threads
    texts = all(PurePosixPath(drop.path).suffix.lower() in TEXTS for drop in drops)
    if texts and len(drops) <= FEW_FILES and sum(drop.size for drop in drops) <= FEW_BYTES:
        with ThreadPoolExecutor(count) as threads:
            yield lambda ready: threads.map(reading.land, ready)
        return
    with _environment("POLARS_MAX_THREADS", "1"):
        yield lambda ready: _by_processes(reading, ready, count)


def _by_processes(reading: Reading, drops: list[Drop], count: int) -> Iterator[Receipt | None]:
    """Receipts in order. When a worker dies, what is left is read one by one, each in a process of its own."""
    done = 0
    try:
        with _processes(reading, count) as processes:
            for receipt in processes.map(_land, drops):
                done += 1
                yield receipt
        return
    except BrokenProcessPool:
        pass
    for drop in drops[done:]:
        try:
            with _processes(reading, 1) as process:
                receipt = process.submit(_land, drop).result()
        except BrokenProcessPool:
            receipt = reading.refuse_deadly(drop)
        yield receipt


def _processes(reading: Reading, count: int) -> ProcessPoolExecutor:
    """New processes and no copies of this one: Polars' threads do not survive a fork."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (reading, os.getpid()))


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """What new processes see; Polars looks at it when it is imported."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _begin(reading: Reading, parent: int) -> None:
    """A worker ends with the night that started it, however that ends (kill -9 included)."""
    global _reading  # noqa: PLW0603 - what a worker is told once
    _reading = reading
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        os._exit(1)


def _land(drop: Drop) -> Receipt | None:
    assert _reading is not None
    return _reading.land(drop)
