"""Who reads the drops of a night: threads for a few small files, processes for more.

What belongs here: starting and ending them. What does not: what they do (drop.py).
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

from pipelines.ingest.drop import Reading
from pipelines.ingest.manifest import Drop, Receipt

# Below this much to read, starting other processes costs more than they save.
FEW_FILES, FEW_BYTES = 150, 48 << 20
PR_SET_PDEATHSIG = 1

_reading: Reading | None = None


@contextmanager
def workers(reading: Reading, drops: list[Drop]) -> Iterator[Callable[[list[Drop]], Iterator[Receipt | None]]]:
    """What lands drops, in their order."""
    count = reading.settings.threads
    if len(drops) <= FEW_FILES and sum(drop.size for drop in drops) <= FEW_BYTES:
        with ThreadPoolExecutor(count) as threads:
            yield lambda ready: threads.map(reading.land, ready)
        return
    # New processes and no copies of this one: Polars' threads do not survive a fork.
    with (
        _environment("POLARS_MAX_THREADS", "1"),
        ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (reading, os.getpid())) as processes,
    ):
        yield lambda ready: processes.map(_land, ready)


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
