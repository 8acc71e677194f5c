"""Who reads the drops of a night: processes bounded in memory and time.

What belongs here: starting and ending them, what happens when one dies. What does not: what they do (drop.py).

A parser that runs out of memory or trips over hostile bytes may end its process, with no exception to catch, or never come
back. No drop is therefore read in the night's own process, however small; the one that a worker dies of is refused.
"""

from __future__ import annotations

import resource
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import PurePosixPath

from pipelines.ingest.drop import Reading
from pipelines.ingest.manifest import Drop, Receipt
from pipelines.processes import processes
from pipelines.settings import environment

TEXTS = {".csv", ".txt", ".tsv"}

# Texts of one sender and feed are read together, so many and so much at once; larger ones have enough rows of their own.
TOGETHER_FILES, TOGETHER_BYTES = 32, 8 << 20
ALONE_FROM_BYTES = 4 << 20
DEATHS_A_NIGHT = 3

_reading: Reading | None = None


Task = list[Drop]
"""Drops that are read together; of one, that one alone."""
Landed = Iterator[tuple[Drop, Receipt | None]]


def land_all(reading: Reading, drops: list[Drop]) -> Landed:
    """Lands drops; each with its receipt, in the order they are done."""
    tasks = together(drops)
    with environment("POLARS_MAX_THREADS", "1"):
        yield from _by_processes(reading, tasks, min(reading.settings.threads, len(tasks)))


def in_order(reading: Reading, drops: list[Drop]) -> Landed:
    """Lands drops one after another, each when the one before is done; what ends the process is refused."""
    left = list(drops)
    while left:
        with _processes(reading, 1) as process:
            try:
                while left:
                    landed = process.submit(_land, left[:1]).result()
                    left = left[1:]
                    yield from landed
            except BrokenProcessPool:
                _can_begin(reading)
                deadly, left = left[0], left[1:]
                yield deadly, reading.refuse_deadly(deadly)


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
    """When a worker dies, the drops that may have been its death are read each in a process of its own. What a sender of many such
    drops has sent besides waits for the next night: each costs minutes, and the others' are to be read in this one."""
    left = tasks
    deaths: Counter[str] = Counter()
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
        for drop in (task[0] for task in left[:count] if len(task) == 1):
            landed, has_died = _alone(reading, drop)
            deaths[drop.provider] += has_died
            yield from landed
        left = [[drop] for task in left[:count] if len(task) > 1 for drop in task] + left[count:]
        yield from ((drop, None) for task in left for drop in task if deaths[drop.provider] >= DEATHS_A_NIGHT)
        left = [task for task in left if deaths[task[0].provider] < DEATHS_A_NIGHT]


def _alone(reading: Reading, drop: Drop) -> tuple[list[tuple[Drop, Receipt | None]], bool]:
    """What became of a drop in a process of its own, and whether that has died of it."""
    try:
        with _processes(reading, 1) as process:
            return process.submit(_land, [drop]).result(), False
    except BrokenProcessPool:
        _can_begin(reading)
        return [(drop, reading.refuse_deadly(drop))], True


def _can_begin(reading: Reading) -> None:
    """That a reading process begins at all: where none does, it is not the drops' fault.

    Raises:
        OSError: none does (no memory, no processes, the environment is being changed).
    """
    try:
        with _processes(reading, 1) as process:
            process.submit(_nothing).result()
    except BrokenProcessPool as broken:
        raise OSError(
            "读取报送文件的进程无法启动：请检查内存、进程数上限，以及运行环境是否正在重装；文件未读，下一晚再读。"
        ) from broken


def _nothing() -> None:
    """What a process does that only has to begin."""


def _processes(reading: Reading, count: int) -> ProcessPoolExecutor:
    return processes(count, _begin, reading)


def _begin(reading: Reading) -> None:
    global _reading  # noqa: PLW0603 - what a worker is told once
    _reading = reading
    limit_memory(reading.settings.reader_memory_mb)


def limit_memory(megabytes: int) -> None:
    """A few damaged bytes may ask a parser for more memory than the machine has: this process ends over it, not the machine."""
    _, highest = resource.getrlimit(resource.RLIMIT_DATA)
    limit = megabytes << 20 if highest == resource.RLIM_INFINITY else min(megabytes << 20, highest)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _land(task: Task) -> list[tuple[Drop, Receipt | None]]:
    """Lands drops; a process that has not done so in time is ended by its own alarm, wherever it hangs."""
    assert _reading is not None
    signal.alarm(seconds_for(task, _reading.settings.reader_seconds))
    try:
        return _reading.land(task)
    finally:
        signal.alarm(0)


def seconds_for(task: Task, seconds: int) -> int:
    """How long reading may take: a slow machine reads ten megabytes in a few seconds."""
    return seconds + seconds * sum(drop.size for drop in task) // (100 << 20)
