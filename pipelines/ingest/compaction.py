"""Compaction (小文件合并): the small landing files of a feed once more in one file, for those who read the whole feed.

What belongs here: which landing files are small, the file that holds all of them, landing files that no receipt
knows. What does not: what a landing file holds (drop.py).

Opening a file takes a third of a millisecond, whatever it holds; a month of a city is a hundred files of a few rows, and
a night reads every feed a dozen times. All readers look at landing/<feed>/*.parquet, where only the large files and the
one with all small ones lie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from pipelines.feeds.contracts import all_contracts
from pipelines.ingest.manifest import Receipt, parquet, sha256_of, write_atomically

SMALL = "_small"
SMALL_BYTES = 128 << 10
"""Below it, opening a file takes longer than reading it."""
EMPTY = "_empty.parquet"
"""The columns of a feed, so that one of which nothing has come can be read."""


def landing_name(feed: str, part: str, size: int) -> str:
    """Where a landing file of so many bytes lies, below landing/."""
    return f"{feed}/{SMALL}/{part}.parquet" if size < SMALL_BYTES else f"{feed}/{part}.parquet"


def compact(landing: Path, receipts: Iterable[Receipt], threads: int) -> None:
    """Brings the files of small ones up to date; of a feed to which nothing has come nothing is written.

    Args:
        receipts: of all drops that count; landing files that none of them knows go.
    """
    outputs = {name: sha256 for receipt in receipts for name, sha256 in receipt.outputs.items()}
    known = set(outputs)
    small: dict[str, dict[str, str]] = {feed: {} for feed in (*all_contracts(), "_issues")}
    for name in sorted(outputs):
        feed, _, rest = name.partition("/")
        if feed in small and rest.startswith(f"{SMALL}/"):
            small[feed][name] = outputs[name]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda feed: _compact_feed(landing, feed, known, small[feed]), small))


def _compact_feed(landing: Path, feed: str, known: set[str], small: dict[str, str]) -> None:
    """`small`: the feed's small files and their SHA-256. The file of all of them is named after both."""
    folder = landing / feed
    digest = hashlib.sha256("".join(f"{name} {sha256}\n" for name, sha256 in small.items()).encode()).hexdigest()
    together = folder / f"small-{digest[:16]}.parquet"
    checksum = folder / SMALL / "sha256"
    for path in (*folder.glob("*.parquet"), *(folder / SMALL).glob("*.parquet")):
        if path.name not in (EMPTY, together.name) and path.relative_to(landing).as_posix() not in known:
            path.unlink()
    if small and not _is_whole(together, checksum):
        content = parquet(_read([landing / name for name in small]))
        write_atomically(together, content, durable=False)
        write_atomically(checksum, hashlib.sha256(content).hexdigest().encode(), durable=False)


def _is_whole(path: Path, checksum: Path) -> bool:
    try:
        return checksum.read_bytes() == sha256_of(path).encode()
    except OSError:
        return False


def _read(paths: list[Path]) -> pl.DataFrame:
    try:
        return pl.read_parquet(paths)
    except pl.exceptions.PolarsError:  # a drop that still changes was read under an older contract
        return pl.concat([pl.read_parquet(path) for path in paths], how="diagonal_relaxed")
