"""Processes beside a night's own.

What belongs here: how they begin and end with it. What does not: what they do.
"""

from __future__ import annotations

import atexit
import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

PR_SET_PDEATHSIG = 1


def processes(count: int, begin: Callable[..., None] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """New processes and no copies of this one: Polars' threads do not survive a fork.

    Args:
        begin: what each does first, with `arguments`.
    """
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (os.getpid(), begin, arguments))


def end_with(parent: int) -> None:
    """This process ends with the one that started it, however that ends (kill -9 included)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _begin(parent: int, begin: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    atexit.register(os._exit, 0)  # without taking apart what it had loaded: a second, of Great Expectations
    if begin:
        begin(*arguments)
