"""Who reads the drops of a night: threads for a few small texts, processes for everything else.

What belongs here: starting and ending them, what happens when one dies. What does not: what they do (drop.py).

A parser that runs out of memory or trips over hostile bytes may end its process, with no exception to catch. Workbooks,
Parquet and archives are therefore never read in the night's own process; the drop that a worker dies of is refused.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import PurePosixPath

from pipelines.ingest.drop import Reading
from pipelines.ingest.manifest import Drop, Receipt
from pipelines.processes import processes
from pipelines.settings import environment

# Below this much to read, starting other processes costs more than they save.
FEW_FILES, FEW_BYTES = 150, 48 << 20
TEXTS = {".csv", ".txt", ".tsv"}

# Texts of one sender and feed are read together, so many and so much at once; larger ones have enough rows of their own.
TOGETHER_FILES, TOGETHER_BYTES = 32, 8 << 20
ALONE_FROM_BYTES = 4 << 20

_reading: Reading | None = None


Task = list[Drop]
"""Drops that are read together; of one, that one alone."""
Landed = Iterator[tuple[Drop, Receipt | None]]


def land_all(reading: Reading, drops: list[Drop]) -> Landed:
    """Lands drops; each with its receipt, in the order they are done."""
    count = reading.settings.threads
    tasks = together(drops)
    if (
        all(_is_text(drop) for drop in drops)
        and len(drops) <= FEW_FILES
        and sum(drop.size for drop in drops) <= FEW_BYTES
    ):
        with ThreadPoolExecutor(count) as threads:
            for landed in threads.map(reading.land, tasks):
                yield from landed
        return
    with environment("POLARS_MAX_THREADS", "1"):
        yield from _by_processes(reading, tasks, count)


def _is_text(drop: Drop) -> bool:
    return PurePosixPath(drop.path).suffix.lower() in TEXTS


def together(drops: list[Drop]) -> list[Task]:
    """Drops as tasks; large files and other formats stay alone, in their place."""
    tasks: list[Task] = []
    growing: dict[tuple[str, str], tuple[Task, int]] = {}
    for drop in drops:
        task, size = growing.get((drop.provider, drop.feed), ([], 0))
        if drop.size >= ALONE_FROM_BYTES or not _is_text(drop):
            tasks.append([drop])
            continue
        if not task or len(task) == TOGETHER_FILES or size + drop.size > TOGETHER_BYTES:
            task, size = [], 0
            tasks.append(task)
        task.append(drop)
        growing[drop.provider, drop.feed] = task, size + drop.size
    return tasks


def _by_processes(reading: Reading, tasks: list[Task], count: int) -> Landed:
    """When a worker dies, the drops that may have been its death are read each in a process of its own."""
    left = tasks
    while left:
        finished = set()
        with _processes(reading, count) as workers:
            try:
                futures = {workers.submit(_land, task): task for task in left}
            except BrokenProcessPool:
                futures = {}
            for future in as_completed(futures):
                if not isinstance(future.exception(), BrokenProcessPool):
                    finished.add(futures[future][0].path)
                    yield from future.result()
        # Tasks are begun in their order: those in work when it happened are the first that are left.
        left = [task for task in left if task[0].path not in finished]
        for task in left[:count]:
            if len(task) == 1:
                yield from _alone(reading, task[0])
        left = [[drop] for task in left[:count] if len(task) > 1 for drop in task] + left[count:]


def _alone(reading: Reading, drop: Drop) -> Landed:
    try:
        with _processes(reading, 1) as process:
            yield from process.submit(_land, [drop]).result()
    except BrokenProcessPool:
        yield drop, reading.refuse_deadly(drop)


def _processes(reading: Reading, count: int) -> ProcessPoolExecutor:
    return processes(count, _begin, reading)


def _begin(reading: Reading) -> None:
    global _reading  # noqa: PLW0603 - what a worker is told once
    _reading = reading
    limit_memory(reading.settings.reader_memory_mb)


def limit_memory(megabytes: int) -> None:
    """A few damaged bytes may ask a parser for more memory than the machine has: this process ends over it, not the machine."""
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))


def _land(task: Task) -> list[tuple[Drop, Receipt | None]]:
    assert _reading is not None
    return _reading.land(task)
