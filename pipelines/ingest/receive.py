"""Filing a drop under its received stamp (收件登记).

What belongs here: where a received file is laid and the check at once whether it can be read. What does
not: loading it into the warehouse (the nightly run does).
"""

from __future__ import annotations

import shutil
import signal
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Reference
from pipelines.ingest.checks.outcome import Sender
from pipelines.ingest.checks.unread import UNREAD
from pipelines.ingest.drop import read_safely
from pipelines.ingest.manifest import in_unicode
from pipelines.ingest.readers.sheet import Limits, Refused
from pipelines.ingest.workers import limit_memory
from pipelines.processes import processes
from pipelines.settings import Settings


@dataclass(frozen=True)
class Received:
    """Where the drop lies, why it will be refused (empty if not), rows in, accepted, rejected, repeated, and what of it is not read:
    sheets that are not the feed's, columns nobody knows."""

    path: Path
    refused: str
    counts: tuple[int, int, int, int]
    unread: tuple[str, ...] = ()


def lay_down(settings: Settings, source: Path, provider: str, feed: str, now: datetime) -> Path:
    """Copies a file under the stamp of `now`; one of the same name received in the same minute gets a number behind its name."""
    folder = settings.raw / provider / feed / now.strftime("%Y-%m-%dT%H%M")
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(in_unicode(source.name))
    target = folder / name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{name.stem}_{number}{name.suffix}"
    partial = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, partial)
    partial.replace(target)
    return target


def file_drop(settings: Settings, source: Path, provider: str, feed: str, now: datetime) -> Received:
    """Copies a file into the drop zone under the stamp of `now` and looks whether it can be read."""
    target = lay_down(settings, source, provider, feed, now)
    try:
        with processes(1, limit_memory, settings.reader_memory_mb) as reader:
            refused, counts, unread = reader.submit(_looked_at, settings, target, provider, feed, now.date()).result()
    except BrokenProcessPool:
        refused, counts, unread = Refused("stalled", seconds=settings.reader_seconds).message, (0, 0, 0, 0), ()
    return Received(target, refused, counts, unread)


def _looked_at(
    settings: Settings, target: Path, provider: str, feed: str, day: date
) -> tuple[str, tuple[int, int, int, int], tuple[str, ...]]:
    """In a process bounded like those of the night: why the drop will be refused, the counts, what is not read."""
    signal.alarm(settings.reader_seconds)
    reference = Reference.on(settings.landing, day)
    contract, sender = contracts()[feed], Sender(reference.providers()[provider], day, reference)
    limits = Limits(settings.max_expanded_mb << 20, settings.max_cell_characters)
    try:
        content = target.read_bytes()
        checked = list(read_safely(content, target.name, contract, limits, sender, lambda column: column))
    except Refused as refusal:
        return refusal.message, (0, 0, 0, 0), ()
    finally:
        signal.alarm(0)
    counts = (
        sum(sheet.rows_in for sheet in checked),
        sum(sheet.accepted.height for sheet in checked),
        sum(sheet.rows_quarantined for sheet in checked),
        sum(sheet.rows_duplicate for sheet in checked),
    )
    unread = tuple(
        message
        for table in checked
        for message in table.issues.filter(pl.col("severity") == UNREAD)["message"].to_list()
    )
    return "", counts, unread
