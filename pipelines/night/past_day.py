"""The warehouse of a day, built when it is not there yet.

What belongs here: that a past day is not built while somebody else writes. What does not: how it is built
(pipelines/transform/past_days.py).
"""

from __future__ import annotations

from pathlib import Path

from pipelines.night.lock import writer_lock
from pipelines.settings import Settings
from pipelines.transform import past_days


def warehouse_at(settings: Settings, as_of: str) -> Path:
    """The warehouse as of a day; the published one when that is its day (or no day is given).

    Raises:
        NothingKnown: nothing had been received by then, or nothing is published.
        AlreadyRunning: another process is writing this warehouse.
    """
    found = past_days.at_hand(settings, as_of)
    if found is None:
        with writer_lock(settings):
            found = past_days.build(settings, as_of)
    return found
