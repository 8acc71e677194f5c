"""From drops to landing files: each file is read once and becomes one Parquet file and a receipt.

What belongs here: the order of steps for a drop, what is written where. What does not: the steps
themselves (manifest.py, readers.py, checks.py).

landing/<feed>/<file_id>.parquet     accepted rows, in the contract's types
landing/_issues/<file_id>.parquet    rejected rows and warnings
landing/files.parquet                one row per drop
landing/_receipts/                   one JSON per drop, written last
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from pipelines import settings as config
from pipelines.feeds.contracts import Contract, contracts
from pipelines.feeds.reference import Provider, providers
from pipelines.ingest import checks, manifest
from pipelines.ingest.calendar import write_calendar
from pipelines.ingest.manifest import Drop, Receipt, write_atomically
from pipelines.ingest.readers import Limits, Refused, Sheet, read

SENDER_KINDS = {
    "insurer": {"insurer"},
    "department": {"district_bureau", "industry_department", "city_bureau", "financial_regulator"},
    "any": {"insurer", "district_bureau", "industry_department", "city_bureau", "financial_regulator", "service_org"},
}
SENDER_WORDS = {"insurer": "保险机构", "department": "政府部门", "any": "清单内的单位"}
FILE_ISSUE_SCHEMA: dict[str, pl.DataType] = {"file_id": pl.String(), **checks.ISSUE_SCHEMA}
# The code and contracts that decide how a file is read: a change reads every file again.
READING_CODE = ("feeds", "ingest")
PROGRESS_EVERY = 20
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


def reading_fingerprint() -> str:
    """Fingerprint of everything that decides how a file is read."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    paths = [
        path
        for folder in READING_CODE
        for path in sorted((package / folder).iterdir())
        if path.suffix in (".py", ".yaml")
    ]
    for path in paths + sorted(config.SEEDS.glob("ref_*.csv")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_current(drop: Drop, receipt: Receipt | None, fingerprint: str) -> bool:
    """The drop was read, has not been touched since, and would be read the same way now."""
    return (
        receipt is not None
        and receipt.contract == fingerprint
        and (receipt.size, receipt.mtime_ns) == (drop.size, drop.mtime_ns)
        and receipt.received_at == drop.received_at.isoformat()
    )


def pending(settings: config.Settings) -> list[Drop]:
    """Drops that have not been loaded yet."""
    receipts = manifest.load_receipts(settings.landing)
    fingerprint = reading_fingerprint()
    return [
        drop for drop in manifest.find_drops(settings.raw) if not is_current(drop, receipts.get(drop.path), fingerprint)
    ]


def damaged(settings: config.Settings) -> list[Receipt]:
    """Receipts whose landing files are gone or not what was written."""
    return manifest.damaged(settings.landing, list(manifest.load_receipts(settings.landing).values()), settings.threads)


def land(
    settings: config.Settings,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> list[Landed]:
    """Loads every drop that is not loaded yet and brings landing/files.parquet up to date.

    Bad input never raises: it ends in quarantine or as a refused file with its reason.
    """
    drops = manifest.find_drops(settings.raw)
    receipts = manifest.load_receipts(settings.landing)
    for broken in manifest.damaged(settings.landing, list(receipts.values()), settings.threads):
        del receipts[broken.path]
    fingerprint = reading_fingerprint()
    loaded: dict[str, Receipt] = {}
    seen = {receipt.file_id: receipt for receipt in receipts.values() if receipt.contract == fingerprint}
    hash_personal = personal_hash(settings.personal_data_key())
    new = [drop for drop in drops if not is_current(drop, receipts.get(drop.path), fingerprint)]
    moving = _still_changing(settings, new)
    # What is still being copied is read the next time.
    ready = [drop for drop in new if drop.path not in moving]

    def land_one(drop: Drop) -> Receipt | None:
        try:
            receipt = _land_drop(settings, drop, fingerprint, seen, hash_personal)
        except FileNotFoundError:
            return None  # taken away since it was seen: as if it had never come
        manifest.save_receipt(settings.landing, drop, receipt)
        return receipt

    with ThreadPoolExecutor(settings.threads) as pool:
        for done, (drop, receipt) in enumerate(zip(ready, pool.map(land_one, ready), strict=True)):
            if receipt is not None:
                seen[receipt.file_id] = receipt
                receipts[drop.path] = loaded[drop.path] = receipt
            if done % PROGRESS_EVERY == 0:
                progress(Progress(done + 1, len(ready)))
    write_calendar(settings)
    present = {drop.path for drop in drops}
    _write_files_table(settings, [receipt for path, receipt in receipts.items() if path in present])
    return [_summary(feed, [receipt for receipt in loaded.values() if receipt.feed == feed]) for feed in contracts()]


def _still_changing(settings: config.Settings, drops: list[Drop]) -> set[str]:
    """Drops written to a moment ago whose size or time still changes."""
    recent = [drop for drop in drops if time.time_ns() - drop.mtime_ns < SETTLED_AFTER_NS]
    if not recent:
        return set()
    time.sleep(SECOND_LOOK_SECONDS)
    changing = set()
    for drop in recent:
        path = settings.raw / drop.path
        stat = path.stat() if path.exists() else None
        if stat is None or (stat.st_size, stat.st_mtime_ns) != (drop.size, drop.mtime_ns):
            changing.add(drop.path)
    return changing


def personal_hash(key: str) -> Callable[[pl.Series], pl.Series]:
    """A keyed hash over a text column (DuckDB's SHA-256); null stays null."""

    def hash_column(values: pl.Series) -> pl.Series:
        if values.null_count() == len(values):
            return values
        with duckdb.connect(":memory:") as connection:
            connection.register("frame", pl.DataFrame({"v": values}).to_arrow())
            hashed = connection.sql("select left(sha256($key || '|' || v), 32) as v from frame", params={"key": key})
            return pl.Series(pl.from_arrow(hashed.to_arrow_table().column("v")), dtype=pl.String)

    return hash_column


def _land_drop(
    settings: config.Settings,
    drop: Drop,
    fingerprint: str,
    seen: dict[str, Receipt],
    hash_personal: Callable[[pl.Series], pl.Series],
) -> Receipt:
    """Reads one drop and writes its landing files; the receipt is the caller's to write."""
    content = b""
    blank = Receipt(
        drop.path, drop.provider, drop.feed, drop.received_at.isoformat(), drop.size, drop.mtime_ns,
        sha256="", file_id="", contract=fingerprint, status="refused",
    )  # fmt: skip
    provider = providers().get(drop.provider)
    try:
        if drop.size > settings.max_file_mb * 1024 * 1024:
            raise Refused("too_large", limit=settings.max_file_mb)
        content = (settings.raw / drop.path).read_bytes()
        if drop.misfiled:
            raise Refused("misfiled", feeds="、".join(contracts()))
        contract = contracts()[drop.feed]
        if provider is None:
            raise Refused("unknown_provider", provider=drop.provider)
        if provider.kind not in SENDER_KINDS[contract.sender]:
            raise Refused("wrong_sender", provider_name=provider.name, sender=SENDER_WORDS[contract.sender])
        identity = _identified(blank, drop, content)
        if identity.file_id in seen:
            return replace(
                seen[identity.file_id],
                path=drop.path,
                received_at=blank.received_at,
                size=drop.size,
                mtime_ns=drop.mtime_ns,
            )
        return _write(
            settings, contract, identity, _check_file(settings, content, drop, provider, contract, hash_personal)
        )
    except Refused as refusal:
        # Where it lies or how large it is says nothing about the content: a copy elsewhere is judged anew.
        by_path = refusal.reason in ("misfiled", "too_large")
        return _refuse(settings, _identified(blank, drop, content, drop.path if by_path else ""), refusal)


def _identified(blank: Receipt, drop: Drop, content: bytes, path: str = "") -> Receipt:
    """With the file's hash, and an identity that does not depend on when or where it was dropped, unless by path."""
    sha256 = hashlib.sha256(content).hexdigest()
    file_id = hashlib.sha256(f"{path}/{drop.provider}/{drop.feed}/{sha256}".encode()).hexdigest()[:16]
    return replace(blank, sha256=sha256, file_id=file_id)


def _check_file(
    settings: config.Settings,
    content: bytes,
    drop: Drop,
    provider: Provider,
    contract: Contract,
    hash_personal: Callable[[pl.Series], pl.Series],
) -> list[checks.Checked]:
    sender = checks.Sender(provider, drop.received_at.date())
    limits = Limits(settings.max_expanded_mb << 20, settings.max_cell_characters)
    sheets = _read_safely(content, drop.file_name, contract, limits)
    return [checks.check(sheet, contract, sender, hash_personal) for sheet in sheets]


def _read_safely(content: bytes, file_name: str, contract: Contract, limits: Limits) -> list[Sheet]:
    """Reads a file; whatever a parser does over hostile bytes (Rust ones panic), the run goes on."""
    try:
        return read(content, file_name, contract, limits)
    except (Refused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise Refused("malformed", detail=f"{type(error).__name__}：{str(error)[:100]}") from error


def _write(settings: config.Settings, contract: Contract, receipt: Receipt, sheets: list[checks.Checked]) -> Receipt:
    schema = contract.landing_schema()
    accepted = pl.concat([sheet.accepted for sheet in sheets]).with_columns(file_id=pl.lit(receipt.file_id))
    accepted = accepted.select(pl.col(name).cast(kind) for name, kind in schema.items())
    issues = pl.concat([sheet.issues for sheet in sheets]).with_columns(file_id=pl.lit(receipt.file_id))
    outputs = {f"{contract.feed}/{receipt.file_id}.parquet": accepted}
    if issues.height:
        outputs[f"_issues/{receipt.file_id}.parquet"] = issues.select(list(FILE_ISSUE_SCHEMA))
    written = {name: _write_output(settings, name, frame) for name, frame in outputs.items()}
    return replace(
        receipt,
        status="loaded",
        rows_in=sum(sheet.rows_in for sheet in sheets),
        rows_accepted=accepted.height,
        rows_quarantined=sum(sheet.rows_quarantined for sheet in sheets),
        rows_duplicate=sum(sheet.rows_duplicate for sheet in sheets),
        outputs=written,
    )


def _refuse(settings: config.Settings, receipt: Receipt, refusal: Refused) -> Receipt:
    message = refusal.message
    issue = pl.DataFrame(
        {"file_id": receipt.file_id, "rule_code": refusal.reason, "severity": "fatal", "message": message}
    ).select(
        pl.col(name) if name in ("file_id", "rule_code", "severity", "message") else pl.lit(None, kind).alias(name)
        for name, kind in FILE_ISSUE_SCHEMA.items()
    )
    output = f"_issues/{receipt.file_id}.parquet"
    return replace(receipt, reason=message, outputs={output: _write_output(settings, output, issue)})


def _write_output(settings: config.Settings, name: str, frame: pl.DataFrame) -> str:
    """Writes a landing file and returns its SHA-256."""
    content = _parquet(frame)
    write_atomically(settings.landing / name, content)
    return hashlib.sha256(content).hexdigest()


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1)
    return buffer.getvalue()


def _write_files_table(settings: config.Settings, receipts: list[Receipt]) -> None:
    """The table of files, and an empty landing file per feed so that every feed can be read."""
    write_atomically(settings.landing / "files.parquet", _parquet(manifest.files_table(receipts)))
    empty = {f"{feed}/_empty.parquet": contract.landing_schema() for feed, contract in contracts().items()}
    empty["_issues/_empty.parquet"] = FILE_ISSUE_SCHEMA
    for name, schema in empty.items():
        write_atomically(settings.landing / name, _parquet(pl.DataFrame(schema=schema)))


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
