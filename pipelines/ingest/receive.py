"""Filing a drop under its received stamp (收件登记).

What belongs here: where a received file is laid and the check at once whether it can be read. What does
not: loading it into the warehouse (the nightly run does).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import providers
from pipelines.ingest.checks.check import check_file
from pipelines.ingest.checks.outcome import Sender
from pipelines.ingest.checks.unread import UNREAD
from pipelines.ingest.manifest import in_unicode
from pipelines.ingest.readers.sheet import Refused
from pipelines.ingest.readers.tables import tables
from pipelines.settings import Settings


@dataclass(frozen=True)
class Received:
    """Where the drop lies, why it will be refused (empty if not), rows in, accepted, rejected, repeated, and what of it is not read:
    sheets that are not the feed's, columns nobody knows."""

    path: Path
    refused: str
    counts: tuple[int, int, int, int]
    unread: tuple[str, ...] = ()


def file_drop(settings: Settings, source: Path, provider: str, feed: str, now: datetime) -> Received:
    """Copies a file into the drop zone under the stamp of `now` and looks whether it can be read.

    A file of the same name received in the same minute gets a number behind its name.
    """
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
    contract = contracts()[feed]
    sender = Sender(providers()[provider], now.date())
    try:
        sheets = tables(target.read_bytes(), target.name, contract)
        checked = list(check_file(sheets, contract, sender, lambda column: column))
    except Refused as refusal:
        return Received(target, refusal.message, (0, 0, 0, 0))
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
    return Received(target, "", counts, unread)
