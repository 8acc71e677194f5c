"""From drops to landing files: each file is read once and becomes a Parquet file and a receipt.

What belongs here: which drops are read, the tables over all of them. What does not: what is done to one of
them (drop.py).

landing/<feed>/<file_id>.parquet     accepted rows, in the contract's types
landing/<feed>/<file_id>.1.parquet   the next block of a large file
landing/<feed>/_small/               small ones; landing/<feed>/small-….parquet holds them all (compaction.py)
landing/_issues/<file_id>.parquet    rejected rows and warnings
landing/files.parquet                one row per drop
landing/_receipts/                   one JSON per drop, written last
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

import pipelines
from pipelines import settings as config
from pipelines.feeds.contracts import HOME_SENDER, all_contracts, contracts
from pipelines.feeds.reference import Reference
from pipelines.ingest import manifest
from pipelines.ingest.calendar import write_calendar
from pipelines.ingest.compaction import EMPTY, compact
from pipelines.ingest.drop import FILE_ISSUE_SCHEMA, Reading, reading_fingerprint
from pipelines.ingest.manifest import Drop, Receipt, is_current, parquet, write_atomically
from pipelines.ingest.reference import land_reference, take_bundled
from pipelines.ingest.workers import land_all

# The code and contracts that decide how a file is read: a change reads every file again.
READING_CODE = ("feeds", "ingest")
PROGRESS_SECONDS = 1.0
SETTLED_AFTER_NS = 5_000_000_000
SECOND_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Landed:
    """What one run of landing did, per feed."""

    feed: str
    new_files: int
    refused: int
    rows_in: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int


@dataclass(frozen=True)
class Progress:
    """How many of the new drops have been read."""

    done: int
    total: int


def code_of_reading(settings: config.Settings) -> str:
    """Fingerprint of the code, contracts and shipped reference data that decide how a file is read; with another key for
    personal values, all are read again."""
    digest = hashlib.sha256(settings.key_fingerprint().encode())
    package = Path(__file__).parents[1]
    paths = [
        path
        for folder in READING_CODE
        for path in sorted((package / folder).rglob("*"))
        if path.suffix in (".py", ".yaml", ".csv")
    ]
    for path in paths:
        digest.update(path.relative_to(config.PROJECT_ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def pending(settings: config.Settings) -> list[Drop]:
    """Drops that have not been loaded yet."""
    receipts = manifest.load_receipts(settings.landing)
    code = code_of_reading(settings)
    return [
        drop
        for drop in _drops(settings, receipts)
        if not is_current(drop, receipts.get(drop.path), _fingerprint(settings, code, drop))
    ]


def _fingerprint(settings: config.Settings, code: str, drop: Drop) -> str:
    """As drop.reading_fingerprint; empty where no reference data have been landed yet."""
    try:
        return reading_fingerprint(code, drop, Reference.on(settings.landing, drop.received_at.date()))
    except (OSError, ValueError):
        return ""


def _drops(settings: config.Settings, receipts: Mapping[str, Receipt]) -> list[Drop]:
    known = {path: datetime.fromisoformat(receipt.received_at) for path, receipt in receipts.items()}
    return manifest.find_drops(settings.raw, known=known)


def vanished(settings: config.Settings) -> list[str]:
    """Drops that have been read and are no longer in raw/. Their rows stay until an operator decides (`forget`)."""
    receipts = manifest.load_receipts(settings.landing)
    drops = _drops(settings, receipts)
    return sorted(_lost(receipts, drops))


def _vanished(receipts: Mapping[str, Receipt], drops: list[Drop]) -> set[str]:
    hidden = tuple(drop.path for drop in drops if drop.path.endswith("/"))  # what was read in there is still there
    there = {drop.path for drop in drops}
    return {path for path in receipts if path not in there and not path.startswith(hidden)}


def _lost(receipts: Mapping[str, Receipt], drops: list[Drop]) -> set[str]:
    """Vanished drops that left rows behind."""
    return {path for path in _vanished(receipts, drops) if receipts[path].status == "loaded"}


def forget(settings: config.Settings, path: str) -> bool:
    """An operator's decision that a drop which vanished from raw/ does not count any more: its rows go with the next night.

    Returns:
        False where nothing of that path was read, or the file is there.
    """
    if path not in vanished(settings):
        return False
    (manifest.receipts_folder(settings.landing) / f"{manifest.path_id(path)}.json").unlink()
    return True


def read_again(settings: config.Settings) -> None:
    """Everything that can be read again is, at the next landing; what vanished from raw/ stays as it was read."""
    kept = vanished(settings)
    receipts = manifest.load_receipts(settings.landing)
    for path in receipts.keys() - set(kept):
        (manifest.receipts_folder(settings.landing) / f"{manifest.path_id(path)}.json").unlink()


def damaged(settings: config.Settings) -> list[Receipt]:
    """Receipts whose landing files are gone or not what was written."""
    return manifest.damaged(settings.landing, list(manifest.load_receipts(settings.landing).values()), settings.threads)


def land(
    settings: config.Settings,
    progress: Callable[[Progress], None] = lambda progress: None,
    feeds: Collection[str] = (),
) -> list[Landed]:
    """Loads every drop that is not loaded yet and brings landing/files.parquet up to date.

    Bad input never raises: it ends in quarantine or as a refused file with its reason.

    Args:
        feeds: the feeds whose drops are loaded; empty: all. What lies in landing of the others stays as it is, also where
            it would be read otherwise now: the next whole night sees to it.
    Returns:
        what was done, per feed.
    """
    manifest.check_schema(settings.landing)
    manifest.write_schema(settings.landing, f"anze {pipelines.__version__}")
    settings.personal_data_key()  # made here, once, before anybody uses it
    take_bundled(settings)
    receipts = manifest.load_receipts(settings.landing)
    drops = _drops(settings, receipts)
    for broken in manifest.damaged(settings.landing, list(receipts.values()), settings.threads):
        del receipts[broken.path]
    code = code_of_reading(settings)
    loaded: dict[str, Receipt] = {}
    receipts |= _land_reference(settings, code, drops, receipts, loaded)
    seen = {receipt.file_id: receipt for receipt in receipts.values()}
    new = [
        drop
        for drop in drops
        if drop.provider != HOME_SENDER
        and not is_current(drop, receipts.get(drop.path), _fingerprint(settings, code, drop))
        and (not feeds or drop.feed in feeds)
    ]
    moving = _still_changing(settings, new)
    # What is still being copied is read the next time. Large files first: nobody waits for the last one.
    ready = sorted((drop for drop in new if drop.path not in moving), key=lambda drop: -drop.size)
    said = 0.0
    for done, (drop, receipt) in enumerate(land_all(Reading(settings, code, seen), ready), start=1):
        if receipt is not None:
            receipts[drop.path] = loaded[drop.path] = receipt
        if time.monotonic() - said > PROGRESS_SECONDS:
            said = time.monotonic()
            progress(Progress(done, len(ready)))
    write_calendar(settings)
    for path in _vanished(receipts, drops) - _lost(receipts, drops):  # refused and gone: nothing is left of it
        del receipts[path]
        (manifest.receipts_folder(settings.landing) / f"{manifest.path_id(path)}.json").unlink(missing_ok=True)
    compact(settings.landing, receipts.values(), settings.threads)
    _write_files_table(settings, list(receipts.values()))
    return [
        _summary(feed, [receipt for receipt in loaded.values() if receipt.feed == feed]) for feed in all_contracts()
    ]


def reference_of(settings: config.Settings) -> Reference:
    """The reference data of a home as they are now: what has come of them since the last night is read first."""
    manifest.check_schema(settings.landing)
    take_bundled(settings)
    settings.personal_data_key()
    receipts = manifest.load_receipts(settings.landing)
    _land_reference(settings, code_of_reading(settings), _drops(settings, receipts), receipts, {})
    return Reference.on(settings.landing)


def _land_reference(
    settings: config.Settings, code: str, drops: list[Drop], receipts: Mapping[str, Receipt], loaded: dict[str, Receipt]
) -> dict[str, Receipt]:
    """The receipts of reference data, brought up to date; new ones are put into `loaded`."""
    home = {path: receipt for path, receipt in receipts.items() if receipt.provider == HOME_SENDER}
    sent = [drop for drop in drops if drop.provider == HOME_SENDER]
    moving = _still_changing(settings, [drop for drop in sent if not is_current(drop, home.get(drop.path), code)])
    landed = land_reference(settings, code, [drop for drop in sent if drop.path not in moving], home)
    loaded.update({path: receipt for path, receipt in landed.items() if receipt != home.get(path)})
    return landed


def _still_changing(settings: config.Settings, drops: list[Drop]) -> set[str]:
    """Drops written to a moment ago whose size or time still changes."""
    recent = [drop for drop in drops if time.time_ns() - drop.mtime_ns < SETTLED_AFTER_NS]
    if not recent:
        return set()
    time.sleep(SECOND_LOOK_SECONDS)
    changing = set()
    for drop in recent:
        try:
            stat = drop.place(settings.raw).lstat()
        except FileNotFoundError:
            stat = None
        if stat is None or (stat.st_size, stat.st_mtime_ns) != (drop.size, drop.mtime_ns):
            changing.add(drop.path)
    return changing


def _write_files_table(settings: config.Settings, receipts: list[Receipt]) -> None:
    """The table of files, and an empty landing file per feed so that every feed can be read."""
    write_atomically(settings.landing / "files.parquet", parquet(manifest.files_table(receipts)))
    empty = {f"{feed}/{EMPTY}": contract.landing_schema() for feed, contract in contracts().items()}
    empty[f"_issues/{EMPTY}"] = FILE_ISSUE_SCHEMA
    for name, schema in empty.items():
        write_atomically(settings.landing / name, parquet(pl.DataFrame(schema=schema)))


def _summary(feed: str, receipts: list[Receipt]) -> Landed:
    return Landed(
        feed,
        new_files=len(receipts),
        refused=sum(receipt.status == "refused" for receipt in receipts),
        rows_in=sum(receipt.rows_in for receipt in receipts),
        rows_accepted=sum(receipt.rows_accepted for receipt in receipts),
        rows_quarantined=sum(receipt.rows_quarantined for receipt in receipts),
        rows_duplicate=sum(receipt.rows_duplicate for receipt in receipts),
    )
