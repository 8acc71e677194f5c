"""Filing a drop under its received stamp (收件登记).

What belongs here: where a received file is laid and the check at once whether it can be read. What does
not: loading it into the warehouse (the nightly run does).
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Reference
from pipelines.ingest.checks.issues import ISSUE_SCHEMA
from pipelines.ingest.checks.outcome import Sender
from pipelines.ingest.checks.unread import UNREAD
from pipelines.ingest.drop import may_send, parts_of, personal_hash
from pipelines.ingest.manifest import STAMP_FORMS, in_unicode
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
    """Copies a file under the stamp of `now`, to the second: a correction may follow at once, and is the newer one. One of the same name
    received in the same second gets a number behind its name."""
    folder = settings.raw / provider / feed / now.strftime(STAMP_FORMS[17])
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
    looked = look_at(settings, target, provider, feed, day)
    return looked.refused, looked.counts, looked.unread


POLICIES: dict[str, pl.DataType] = {
    "sheet": pl.String(), "line_no": pl.Int64(), "record_key": pl.String(), "policy_no": pl.String(),
}  # fmt: skip


@dataclass(frozen=True)
class Looked:
    """What a look at a file before the night finds: why the drop will be refused (empty if not), rows in, accepted, rejected, repeated;
    what is not read; every problem of a row (ISSUE_SCHEMA), personal values hashed as the night hashes them; the policies that
    accepted rows of other feeds name (POLICIES), to be looked for among those that are known."""

    refused: str
    counts: tuple[int, int, int, int]
    unread: tuple[str, ...]
    issues: pl.DataFrame
    policies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=POLICIES))


def look_at(
    settings: Settings,
    target: Path,
    provider: str,
    feed: str,
    day: date,
    told: Callable[[int], None] = lambda rows: None,
) -> Looked:
    """Reads and checks a file as the night will; to be called in a process bounded like those of the night (limit_memory).

    Args:
        told: hears how many rows have been read so far.
    """
    signal.alarm(settings.reader_seconds)
    nothing = pl.DataFrame(schema=ISSUE_SCHEMA)
    reference = Reference.on(settings.landing, day)
    contract, sender = contracts()[feed], Sender(reference.providers()[provider], day, reference)
    limits = Limits(settings.max_expanded_mb << 20, settings.max_cell_characters)
    hash_personal = personal_hash(settings.personal_data_key())
    try:
        may_send(sender.provider, contract)
        checked, rows = [], 0
        parts = parts_of(target.read_bytes(), target.name, contract, limits, sender, hash_personal)
        for of, table in ((of, table) for of, tables in parts for table in tables):
            checked.append((of, table))
            rows += table.rows_in
            told(rows)
    except Refused as refusal:
        return Looked(refusal.message, (0, 0, 0, 0), (), nothing)
    finally:
        signal.alarm(0)
    issues = pl.concat([nothing, *(table.issues.select(list(ISSUE_SCHEMA)) for _, table in checked)])
    unread = pl.col("severity") == UNREAD
    policies = [pl.DataFrame(schema=POLICIES)]
    if "policy_no" in contract.columns and contract.key != ["policy_no"]:
        key = pl.concat_str([pl.col(name).cast(pl.String) for name in contract.key], separator="|").alias("record_key")
        policies += [
            table.accepted.filter(pl.col("policy_no").is_not_null()).select("sheet", "line_no", key, "policy_no")
            for of, table in checked
            if of is contract
        ]
    return Looked(
        "",
        (
            sum(table.rows_in for _, table in checked),
            sum(table.accepted.height for _, table in checked),
            sum(table.rows_quarantined for _, table in checked),
            sum(table.rows_duplicate for _, table in checked),
        ),
        tuple(issues.filter(unread)["message"].to_list()),
        issues.filter(~unread),
        pl.concat(policies),
    )
