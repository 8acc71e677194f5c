"""Reference data (参考数据) of the home: its drops under raw/_reference become tables that say what was known on which day.

What belongs here: in which order these drops are read, which version of a row is known from when to when, the rows of the
program beside them, what a home without any gets. What does not: reading a drop (drop.py), looking a value up (feeds/reference.py).

landing/ref_<table>/…                  accepted rows of each drop, as of every feed
landing/_reference/ref_<table>.parquet all rows, shipped and of the home, with the days from and to which each is known
landing/_reference/known.json          from which day on which drops are known

The home's first drops (those of the earliest day) count from ever, as if they had always been there; later ones from the
day they were received. Of two rows of one key the one received later replaces the other; a row of the home replaces
the shipped one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.feeds.contracts import CODE_TABLES, HOME_SENDER, Contract, contracts, reference_contracts
from pipelines.feeds.reference import KNOWN, ORIGIN, TABLES, Reference, State, shipped, table_schema
from pipelines.ingest.checks.rules import WITHDRAWN
from pipelines.ingest.drop import Reading
from pipelines.ingest.manifest import Drop, Receipt, is_current, write_atomically
from pipelines.ingest.manifest import parquet as as_parquet
from pipelines.ingest.workers import in_order
from pipelines.settings import BUNDLED, Settings

NEXT = "_reference.next"
"""The folder of landing/ in which the tables are made."""
DECIDE_READING = {"ref_alias", "ref_provider", "ref_jurisdiction"} | {
    CODE_TABLES[column.codes].table
    for contract in contracts().values()
    for column in contract.columns.values()
    if isinstance(column.codes, str)
}
"""Tables that decide how a file is read; the others are looked at afterwards."""


def take_bundled(settings: Settings) -> bool:
    """A home that never had reference data of its own gets those of the bundled sample, under the stamps they have there.

    That is a home from before reference data were the home's, or one to which files were sent without `anze init`.

    Returns:
        whether it did.
    """
    target = settings.raw / HOME_SENDER
    if target.exists() or not BUNDLED.exists():
        return False
    partial = target.with_name(f".{HOME_SENDER}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(BUNDLED, partial)
    partial.replace(target)
    return True


def land_reference(
    settings: Settings, fingerprint: str, drops: Iterable[Drop], receipts: Mapping[str, Receipt]
) -> dict[str, Receipt]:
    """Brings the tables of reference data up to date; all drops are read again where one is new, in the order they came.

    A row is read with what is known by then (a district's city, a sender's insurer), so that the order matters; there are few.

    Args:
        drops, receipts: those of reference data.
    Returns:
        the receipts of all of them, vanished ones included.
    """
    with _alone(settings):
        return _land(settings, fingerprint, list(drops), receipts)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """A night and a command (`anze reference apply`, `receive`) may come to it at once: the second waits."""
    settings.landing.mkdir(parents=True, exist_ok=True)
    with (settings.landing / ".reference.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _land(
    settings: Settings, fingerprint: str, drops: list[Drop], receipts: Mapping[str, Receipt]
) -> dict[str, Receipt]:
    known = {drop.path: receipts[drop.path] for drop in drops if is_current(drop, receipts.get(drop.path), fingerprint)}
    vanished = {path: receipt for path, receipt in receipts.items() if path not in {drop.path for drop in drops}}
    all_known = known | vanished
    if len(known) == len(drops) and _is_whole(settings, all_known.values(), fingerprint):
        return all_known
    order = {name: place for place, name in enumerate([*reference_contracts()])}
    drops.sort(key=lambda drop: (drop.received_at, order.get(drop.feed, -1), drop.path))
    landed = dict(vanished)
    # Aside, and put in their place once all are there: a night that reads files meanwhile must not see half of them.
    aside = settings.landing / NEXT
    shutil.rmtree(aside, ignore_errors=True)
    _write_tables(settings, aside, reference_contracts(), landed.values(), fingerprint)
    for drop, receipt in in_order(Reading(settings, fingerprint, {}, NEXT), drops):
        if receipt is not None:
            landed[drop.path] = receipt
            _write_tables(settings, aside, {drop.feed} & order.keys(), landed.values(), fingerprint)
    # Which drops were the first is known now.
    _write_tables(settings, aside, reference_contracts(), landed.values(), fingerprint)
    (settings.landing / TABLES).mkdir(exist_ok=True)
    for name in (*(f"{name}.parquet" for name in reference_contracts()), KNOWN):
        (aside / name).replace(settings.landing / TABLES / name)
    shutil.rmtree(aside)
    return landed


def _loaded(receipts: Iterable[Receipt], name: str = "") -> list[Receipt]:
    return [receipt for receipt in receipts if receipt.status == "loaded" and name in ("", receipt.feed)]


def _received(receipt: Receipt) -> datetime:
    return datetime.fromisoformat(receipt.received_at)


def _first_day(receipts: Iterable[Receipt]) -> date:
    return min((_received(receipt).date() for receipt in _loaded(receipts)), default=date.min)


def _states(receipts: Iterable[Receipt], fingerprint: str) -> list[State]:
    """What is known from each day on that something came."""
    receipts = sorted(_loaded(receipts), key=lambda receipt: (receipt.received_at, receipt.path))
    first = _first_day(receipts)
    states = []
    for day in [date.min, *sorted({_received(receipt).date() for receipt in receipts} - {first})]:
        known = [receipt for receipt in receipts if _received(receipt).date() <= max(day, first)]
        reading = [receipt for receipt in known if receipt.feed in DECIDE_READING]
        later = [receipt for receipt in reading if _received(receipt).date() > first]
        states.append(State(day, _hash(known, fingerprint), _hash(reading), _hash(later)))
    return states


def _hash(receipts: list[Receipt], also: str = "") -> str:
    text = also + "".join(f"{receipt.path} {receipt.received_at} {receipt.file_id}\n" for receipt in receipts)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def _write_tables(
    settings: Settings, folder: Path, names: Iterable[str], receipts: Iterable[Receipt], fingerprint: str
) -> None:
    """Writes some of the tables, and what is known when."""
    receipts = list(receipts)
    for name in names:
        contract = reference_contracts()[name]
        rows = versions(contract, shipped(name), _rows(settings, contract, receipts), _first_day(receipts))
        write_atomically(folder / f"{name}.parquet", as_parquet(rows), durable=False)
    entries = [asdict(state) | {"day": state.day.isoformat()} for state in _states(receipts, fingerprint)]
    content = json.dumps(entries, ensure_ascii=False, indent=1).encode()
    write_atomically(folder / KNOWN, content, durable=False)


def _is_whole(settings: Settings, receipts: Iterable[Receipt], fingerprint: str) -> bool:
    """The tables are there and made of these drops."""
    receipts = list(receipts)
    folder = settings.landing / TABLES
    try:
        return Reference.on(settings.landing).known == _states(receipts, fingerprint)[-1].known and all(
            (folder / f"{name}.parquet").exists() for name in reference_contracts()
        )
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _rows(settings: Settings, contract: Contract, receipts: Iterable[Receipt]) -> pl.DataFrame:
    """Accepted rows of the home, with `received_at` and `file_name`."""
    frames = [
        pl.read_parquet(settings.landing / output).with_columns(
            received_at=pl.lit(_received(receipt), pl.Datetime("us")), file_name=pl.lit(Path(receipt.path).name)
        )
        for receipt in _loaded(receipts, contract.feed)
        for output in receipt.outputs
        if not output.startswith("_issues/")
    ]
    schema = contract.landing_schema() | {"received_at": pl.Datetime("us"), "file_name": pl.String()}
    return pl.concat([pl.DataFrame(schema=schema), *frames], how="diagonal_relaxed")


def versions(contract: Contract, shipped_rows: pl.DataFrame, home: pl.DataFrame, first: date) -> pl.DataFrame:
    """All versions of the rows of a table, each with the days from and to which it is known.

    Args:
        shipped_rows: as `shipped` gives them. home: accepted rows with `received_at`, `file_name`.
        first: the day of the home's first drops; what came on it was known from ever.
    Returns:
        `table_schema`; rows that say what was known already, withdrawn rows, and those replaced on the day they came, are not
        among them.
    """
    schema = table_schema(contract)
    mine = home.with_columns(
        known_from=pl.when(pl.col("received_at").dt.date() > first).then(pl.col("received_at").dt.date()),
        is_home=pl.lit(True),
        withdrawn=pl.col("record_status").eq_missing(WITHDRAWN),
    )
    both = pl.concat(
        [shipped_rows.with_columns(withdrawn=pl.lit(False), file_name=pl.lit("")), mine], how="diagonal_relaxed"
    )
    ordered = both.sort(
        "is_home", "received_at", "file_name", "sheet", "line_no", nulls_last=False, maintain_order=True
    )
    value = pl.struct(*(name for name in schema if name not in ORIGIN), "withdrawn")
    repeats = ordered.select(*contract.key, value=value).select(
        pl.col("value").eq_missing(pl.col("value").shift(1)).over(contract.key)
    )
    ordered = ordered.filter(~repeats.to_series())
    following = pl.col("known_from").fill_null(date.min).shift(-1).over(contract.key)
    return (
        ordered.with_columns(known_to=following)
        .filter(
            ~pl.col("withdrawn"),
            pl.col("known_to").is_null() | (pl.col("known_to") > pl.col("known_from").fill_null(date.min)),
        )
        .select(pl.col(name).cast(kind) for name, kind in schema.items())
    )
