"""The process that gates run in.

What belongs here: starting it early. It loads Great Expectations for three seconds of one core, while the night loads
Dagster with the other. What does not: the gates (run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from pipelines.gates.run import GateResult
from pipelines.gates.suites import landing_suites, mart_suites
from pipelines.processes import processes
from pipelines.settings import Settings, quiet_dependencies

_process: ProcessPoolExecutor | None = None


def begin() -> ProcessPoolExecutor:
    """Starts it, unless it runs."""
    global _process  # noqa: PLW0603 - one, for both stages of a night
    if _process is None:
        _process = processes(1, _load)
        _process.submit(_load)  # a pool starts with its first task
    return _process


def _load() -> None:
    quiet_dependencies()
    import great_expectations  # noqa: F401, PLC0415 - here and not in the night's own process

    from pipelines.gates import dialect  # noqa: F401, PLC0415

    landing_suites(), mart_suites()


def run(
    gates: Callable[[Settings, Collection[str]], list[GateResult]], settings: Settings, tables: Collection[str] = ()
) -> list[GateResult]:
    """What `gates` finds in some tables (none named: in all), in that process; it ends with the night's.

    Raises:
        BrokenProcessPool: it died (of memory, most likely).
    """
    global _process  # noqa: PLW0603
    try:
        return begin().submit(gates, settings, tables).result()
    except BrokenProcessPool:
        _process = None
        raise
