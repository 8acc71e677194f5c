"""One writer at a time.

What belongs here: the lock of a home's warehouse. It is the operating system's (flock): a killed process leaves none
behind. What does not: what is written under it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.settings import Settings

_held: dict[Path, int] = {}


class AlreadyRunning(Exception):
    """Another process is writing this warehouse; `holder` is what it wrote about itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


@contextmanager
def writer_lock(settings: Settings) -> Iterator[None]:
    """Held while the warehouse is written; may be taken again by the process that has it.

    Raises:
        AlreadyRunning: another process has it.
    """
    path = settings.warehouse / ".lock"
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 100).decode(errors="replace")
        os.close(handle)
        raise AlreadyRunning(holder) from error
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"PID {os.getpid()}".encode())
        _held[path] = handle
        yield
    finally:
        _held.pop(path, None)
        os.close(handle)
