"""One drop → its landing files: reading, checking, writing.

What belongs here: what is done to a single drop, whatever else has come. What does not: which drops are read and
what the night does with them (landing.py), the steps themselves (readers.py, checks.py).
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import duckdb
import polars as pl

from pipelines import settings as config
from pipelines.feeds.contracts import Contract, contracts
from pipelines.feeds.reference import Provider, providers
from pipelines.ingest import checks, manifest
from pipelines.ingest.compaction import landing_name
from pipelines.ingest.manifest import Drop, Receipt, parquet, write_atomically
from pipelines.ingest.readers import Content, Limits, Refused, tables

SENDER_KINDS = {
    "insurer": {"insurer"},
    "department": {"district_bureau", "industry_department", "city_bureau", "financial_regulator"},
    "any": {"insurer", "district_bureau", "industry_department", "city_bureau", "financial_regulator", "service_org"},
}
SENDER_WORDS = {"insurer": "保险机构", "department": "政府部门", "any": "清单内的单位"}
FILE_ISSUE_SCHEMA: dict[str, pl.DataType] = {"file_id": pl.String(), **checks.ISSUE_SCHEMA}
MAPPED_FROM_BYTES = 32 << 20


@dataclass(frozen=True)
class Reading:
    """What reading a drop needs besides the drop. `seen`: receipts of files already read, by their identity."""

    settings: config.Settings
    fingerprint: str
    seen: dict[str, Receipt]

    def land(self, drop: Drop) -> Receipt | None:
        """Reads one drop, writes its landing files, then its receipt; None if it was taken away since it was seen."""
        try:
            receipt = _land_drop(self.settings, drop, self.fingerprint, self.seen)
        except FileNotFoundError:
            return None  # as if it had never come
        manifest.save_receipt(self.settings.landing, drop, receipt)
        return receipt

    def refuse_deadly(self, drop: Drop) -> Receipt | None:
        """Refuses a drop whose reading ended the process that read it."""
        try:
            content = (self.settings.raw / drop.path).read_bytes()
        except FileNotFoundError:
            return None
        blank = _blank(drop, self.fingerprint)
        refusal = Refused("malformed", detail="读取程序异常终止")
        receipt = _refuse(self.settings, _identified(blank, drop, content), refusal)
        manifest.save_receipt(self.settings.landing, drop, receipt)
        return receipt


@lru_cache(maxsize=1)
def _hashing() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1})


def personal_hash(key: str) -> Callable[[pl.Series], pl.Series]:
    """A keyed hash over a text column (DuckDB's SHA-256); null stays null."""

    def hash_column(values: pl.Series) -> pl.Series:
        if values.null_count() == len(values):
            return values
        with _hashing().cursor() as connection:
            connection.register("frame", pl.DataFrame({"v": values}).to_arrow())
            hashed = connection.sql("select left(sha256($key || '|' || v), 32) as v from frame", params={"key": key})
            return pl.Series(pl.from_arrow(hashed.to_arrow_table().column("v")), dtype=pl.String)

    return hash_column


@contextmanager
def _content(path: Path, size: int) -> Iterator[Content]:
    """The bytes of a file; a large one is mapped, so that only what is looked at is in memory."""
    if size < MAPPED_FROM_BYTES:
        yield path.read_bytes()
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


def _land_drop(settings: config.Settings, drop: Drop, fingerprint: str, seen: dict[str, Receipt]) -> Receipt:
    """Reads one drop and writes its landing files; the receipt is the caller's to write."""
    blank = _blank(drop, fingerprint)
    if drop.size > settings.max_file_mb * 1024 * 1024:
        refusal = Refused("too_large", limit=settings.max_file_mb)
        return _refuse(settings, _identified(blank, drop, b"", drop.path), refusal)
    with _content(settings.raw / drop.path, drop.size) as content:
        try:
            provider, contract = _expected(drop)
            identity = _identified(blank, drop, content)
            if identity.file_id in seen:
                return replace(
                    seen[identity.file_id],
                    path=drop.path,
                    received_at=blank.received_at,
                    size=drop.size,
                    mtime_ns=drop.mtime_ns,
                )
            limits = Limits(settings.max_expanded_mb << 20, settings.max_cell_characters)
            sender = checks.Sender(provider, drop.received_at.date())
            hash_personal = personal_hash(settings.personal_data_key())
            checked = read_safely(content, drop.file_name, contract, limits, sender, hash_personal)
            return _write(settings, contract, identity, checked)
        except Refused as refusal:
            # Where it lies says nothing about the content: a copy elsewhere is judged anew.
            path = drop.path if refusal.reason == "misfiled" else ""
            return _refuse(settings, _identified(blank, drop, content, path), refusal)


def _blank(drop: Drop, fingerprint: str) -> Receipt:
    return Receipt(
        drop.path, drop.provider, drop.feed, drop.received_at.isoformat(), drop.size, drop.mtime_ns,
        sha256="", file_id="", contract=fingerprint, status="refused",
    )  # fmt: skip


def _expected(drop: Drop) -> tuple[Provider, Contract]:
    """Who sent the drop, and as what.

    Raises:
        Refused: nobody who is known, or nothing that this sender sends.
    """
    if drop.misfiled:
        raise Refused("misfiled", feeds="、".join(contracts()))
    contract = contracts()[drop.feed]
    provider = providers().get(drop.provider)
    if provider is None:
        raise Refused("unknown_provider", provider=drop.provider)
    if provider.kind not in SENDER_KINDS[contract.sender]:
        raise Refused("wrong_sender", provider_name=provider.name, sender=SENDER_WORDS[contract.sender])
    return provider, contract


def _identified(blank: Receipt, drop: Drop, content: Content, path: str = "") -> Receipt:
    """With the file's hash, and an identity that does not depend on when or where it was dropped, unless by path."""
    sha256 = hashlib.sha256(content).hexdigest()
    file_id = hashlib.sha256(f"{path}/{drop.provider}/{drop.feed}/{sha256}".encode()).hexdigest()[:16]
    return replace(blank, sha256=sha256, file_id=file_id)


def read_safely(
    content: Content,
    file_name: str,
    contract: Contract,
    limits: Limits,
    sender: checks.Sender,
    hash_personal: Callable[[pl.Series], pl.Series],
) -> Iterator[checks.Checked]:
    """The tables of a file, checked; whatever a library does over hostile bytes (Rust ones panic), the run goes on."""
    try:
        yield from checks.check_file(tables(content, file_name, contract, limits), contract, sender, hash_personal)
    except (Refused, OSError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise Refused("malformed", detail=f"{type(error).__name__}：{str(error)[:100]}") from error


def _write(
    settings: config.Settings, contract: Contract, receipt: Receipt, checked: Iterator[checks.Checked]
) -> Receipt:
    """Writes the tables of a file as they come; of a file refused half-way nothing stays."""
    schema = contract.landing_schema()
    outputs: dict[str, str] = {}
    rows_in = accepted_rows = quarantined = duplicate = 0
    try:
        for number, table in enumerate(checked):
            part = f"{receipt.file_id}.{number}" if number else receipt.file_id
            accepted = table.accepted.with_columns(file_id=pl.lit(receipt.file_id))[list(schema)]
            if accepted.schema != schema:
                accepted = accepted.cast(schema)  # type: ignore[arg-type]
            outputs |= _write_output(settings, contract.feed, part, accepted)
            if table.issues.height:
                issues = table.issues.with_columns(file_id=pl.lit(receipt.file_id)).select(list(FILE_ISSUE_SCHEMA))
                outputs |= _write_output(settings, "_issues", part, issues)
            rows_in += table.rows_in
            accepted_rows += accepted.height
            quarantined += table.rows_quarantined
            duplicate += table.rows_duplicate
    except Refused:
        for name in outputs:
            (settings.landing / name).unlink()
        raise
    return replace(
        receipt, status="loaded", rows_in=rows_in, rows_accepted=accepted_rows, rows_quarantined=quarantined,
        rows_duplicate=duplicate, outputs=outputs,
    )  # fmt: skip


def _refuse(settings: config.Settings, receipt: Receipt, refusal: Refused) -> Receipt:
    message = refusal.message
    issue = pl.DataFrame(
        {"file_id": receipt.file_id, "rule_code": refusal.reason, "severity": "fatal", "message": message}
    ).select(
        pl.col(name) if name in ("file_id", "rule_code", "severity", "message") else pl.lit(None, kind).alias(name)
        for name, kind in FILE_ISSUE_SCHEMA.items()
    )
    return replace(receipt, reason=message, outputs=_write_output(settings, "_issues", receipt.file_id, issue))


def _write_output(settings: config.Settings, feed: str, part: str, frame: pl.DataFrame) -> dict[str, str]:
    """Writes a landing file; returns its name and SHA-256."""
    content = parquet(frame)
    name = landing_name(feed, part, len(content))
    write_atomically(settings.landing / name, content, durable=False)
    return {name: hashlib.sha256(content).hexdigest()}
